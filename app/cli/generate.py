"""`halluc generate`: ask an MM-LLM about a data set and keep the answers as a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.generation import Task

NEXT = {"caption": "chair", "pope": "pope", "mme": "mme", "amber": "amber"}


@click.command()
@click.option("--model", default="tabletop", show_default=True, metavar="M", help="Model to ask.")
@click.option("--data", default="tabletop", show_default=True, metavar="D", help="Data set.")
@click.option(
    "--task",
    type=click.Choice(list(NEXT)),
    default="caption",
    show_default=True,
    help="Describe the pictures, or answer the questions of a benchmark.",
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
    help="What to ask, instead of the data set's own or the default. With all tasks but caption, "
    '{question} stands for the question (with mme without its "Please answer yes or no.").',
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
    task: Task,
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
    vg:FOLDER, pope:FILE, mme:FOLDER, amber:FOLDER or jsonl:FILE. The same command goes on with an
    interrupted run.
    """
    from rich.console import Console

    from app.generation import answer, open_answers, prompter, select_samples
    from halluc.datasets.load import load_dataset
    from halluc.mllm import Decoding, load_model

    decoding = Decoding(
        max_new_tokens=max_new_tokens,
        do_sample=do_sample,
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        seed=seed,
    )
    prompter(task, prompt)  # a bad prompt is told before any model is read
    dataset = load_dataset(data, images, task)
    samples = select_samples(dataset, task, limit)
    mllm = load_model(model, dtype=dtype, device=device, trust_remote_code=trust_remote_code)
    run = open_answers(
        output,
        model=mllm,
        dataset=dataset,
        samples=samples,
        task=task,
        decoding=decoding,
        prompt=prompt,
    )
    try:
        if run.note:
            click.echo(f"halluc: {run.note}", err=True)
        if run.finished:
            click.echo(f"{output} has all {len(samples)} answers: nothing left to do", err=True)
        else:
            console = Console(stderr=True)
            answer(
                run,
                mllm,
                dataset,
                decoding,
                console=console,
                prompt=prompt,
                batch_size=batch_size,
            )
            click.echo(f"{output}: {len(samples)} answers", err=True)
    except KeyboardInterrupt:
        done = len(run.responses)
        click.echo(f"\nstopped after {done} of {len(samples)}; the same command goes on", err=True)
        sys.exit(130)
    finally:
        run.close()
    click.echo(f"next: halluc score {NEXT[task]} {output}", err=True)
