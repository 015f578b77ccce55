"""`halluc generate`: ask an MM-LLM about a data set and keep the answers as a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from halluc.datasets import Dataset
    from halluc.mllm import MLLM, Decoding
    from halluc.records import Sample
    from halluc.runs import Run

CAPTION = "Describe this image in detail."
ANSWERS = {"caption": (), "pope": ("yes", "no")}
NEXT = {"caption": "chair", "pope": "pope"}


@click.command()
@click.option("--model", default="tabletop", show_default=True, metavar="M", help="Model to ask.")
@click.option("--data", default="tabletop", show_default=True, metavar="D", help="Data set.")
@click.option(
    "--task",
    type=click.Choice(list(ANSWERS)),
    default="caption",
    show_default=True,
    help="Describe the pictures, or answer the yes/no questions.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN",
    help="Folder of the run. If it holds this run already, go on with it.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Ask about the first so many samples.")
@click.option(
    "--prompt",
    help="What to ask, instead of the data set's own or the default. With --task pope, "
    "{question} stands for the question.",
)
@click.option("--do-sample/--greedy", help="Draw tokens, or take the likeliest (default).")
@click.option("--temperature", type=float, default=1.0, show_default=True)
@click.option("--top-p", type=float, default=1.0, show_default=True)
@click.option("--top-k", type=int, default=0, show_default=True, help="0: all tokens.")
@click.option("--max-new-tokens", type=int, default=512, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--dtype", default="auto", show_default=True, help="float32, bfloat16 or float16.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps, …")
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
@click.option("--trust-remote-code", is_flag=True, help="Run code that comes with the model.")
def generate(
    *,
    model: str,
    data: str,
    task: str,
    output: Path,
    limit: int | None,
    prompt: str | None,
    do_sample: bool,
    temperature: float,
    top_p: float,
    top_k: int,
    max_new_tokens: int,
    seed: int,
    batch_size: int,
    dtype: str,
    device: str,
    images: Path | None,
    trust_remote_code: bool,
) -> None:
    """Ask an MM-LLM for captions or yes/no answers and keep them as a run.

    M is tabletop (embedded), hf:ORG/NAME, hf:./folder or replay:FILE. D is tabletop, coco:FOLDER,
    pope:FILE or jsonl:FILE. The same command goes on with an interrupted run.
    """
    from halluc.mllm import Decoding, load_model
    from halluc.runs import open_run

    decoding = Decoding(
        max_new_tokens=max_new_tokens,
        do_sample=do_sample,
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        seed=seed,
    )
    ask = _prompter(task, prompt)
    dataset = _dataset(data, images, task)
    samples = _samples(dataset, task, limit)
    mllm = load_model(model, dtype=dtype, device=device, trust_remote_code=trust_remote_code)
    card = {
        "task": task,
        "prompt": prompt or (CAPTION if task == "caption" else None),
        "decoding": decoding,
        "data": {"name": dataset.name, **dataset.card},
        **mllm.card,
    }
    run = open_run(output, card, samples)
    try:
        if run.note:
            click.echo(f"halluc: {run.note}", err=True)
        if run.finished:
            click.echo(f"{output} has all {len(samples)} answers: nothing left to do", err=True)
        else:
            _answer(
                run=run,
                mllm=mllm,
                dataset=dataset,
                ask=ask,
                decoding=decoding,
                batch_size=batch_size,
                task=task,
            )
            run.finish()
            click.echo(f"{output}: {len(samples)} answers", err=True)
    except KeyboardInterrupt:
        done = len(run.responses)
        click.echo(f"\nstopped after {done} of {len(samples)}; the same command goes on", err=True)
        sys.exit(130)
    finally:
        run.close()
    click.echo(f"next: halluc score {NEXT[task]} {output}", err=True)


def _prompter(task: str, prompt: str | None) -> Callable[[Sample], str]:
    """What to ask about a sample."""
    from halluc.errors import InputError

    if task == "caption":
        return lambda sample: prompt or sample.prompt or CAPTION
    if prompt is None:
        return lambda sample: sample.prompt or ""
    if "{question}" not in prompt:
        raise InputError(f"--prompt with --task pope must hold {{question}}, unlike {prompt!r}")
    return lambda sample: prompt.replace("{question}", sample.prompt or "")


def _dataset(data: str, images: Path | None, task: str) -> Dataset:
    """The data set of a name; the tabletop's questions are made from its scenes."""
    from halluc.datasets.load import load_dataset

    dataset = load_dataset(data, images)
    if task == "pope" and data.startswith("tabletop"):
        from halluc.datasets.tabletop import with_questions

        return with_questions(dataset)
    return dataset


def _samples(dataset: Dataset, task: str, limit: int | None) -> list[Sample]:
    """The samples that the task can ask about."""
    from halluc.errors import InputError

    samples = dataset.samples
    if task == "pope":
        samples = [each for each in samples if each.prompt and each.truth and each.truth.label]
    if not samples:
        what = "yes/no questions with labels" if task == "pope" else "samples"
        raise InputError(f"there are no {what} in {dataset.name}")
    return samples[:limit]


def _answer(
    *,
    run: Run,
    mllm: MLLM,
    dataset: Dataset,
    ask: Callable[[Sample], str],
    decoding: Decoding,
    batch_size: int,
    task: str,
) -> None:
    """Ask about what is pending, keeping every batch."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from halluc.mllm.batches import generate_batches

    console = Console(stderr=True)
    with Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        done = {response.id for response in run.responses}
        bar = progress.add_task(task, total=len(run.samples), completed=len(done))
        for responses in generate_batches(
            mllm,
            run.samples,
            dataset.open_image,
            ask,
            decoding,
            batch_size=batch_size,
            answers=ANSWERS[task],
            done=done,
        ):
            run.append(responses)
            progress.advance(bar, len(responses))
