"""`halluc generate`: ask an MM-LLM about a data set and keep the answers as a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.engine.connect import engine_options, open_cluster

if TYPE_CHECKING:
    from app.workflows.generate import Task

# As in mitigation.inprocess, which is not imported for --help.
METHODS = ("vcd", "icd", "m3id", "mask-only", "yes-bias")
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
@click.option(
    "--decode",
    type=click.Choice(METHODS),
    help="Correct while decoding, or a control of that: docs/decoding.md. Default: neither.",
)
@click.option("--alpha", type=float, help="vcd, icd: weight of the contrast [1].")
@click.option(
    "--beta", type=float, help="vcd, icd, m3id, mask-only: least share of the likeliest token [.1]."
)
@click.option("--noise-step", type=int, help="vcd: how much noise, 0 to 999 [500].")
@click.option("--disturbance", metavar="TEXT", help="icd: what is put before the instruction.")
@click.option(
    "--lambda", "lambda_", type=float, help="m3id: how fast the picture is forgotten [.02]."
)
@click.option("--bias", type=float, help="yes-bias: what is added to the logit of yes.")
@click.option(
    "--match-yes",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="yes-bias: take the bias with which yes is as frequent as in this run.",
)
@click.option("--batch-size", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--dtype", default="auto", show_default=True, help="float32, bfloat16 or float16.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps, …")
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
@click.option("--trust-remote-code", is_flag=True, help="Run code that comes with the model.")
@engine_options
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
    decode: str | None,
    alpha: float | None,
    beta: float | None,
    noise_step: int | None,
    disturbance: str | None,
    lambda_: float | None,
    bias: float | None,
    match_yes: Path | None,
    batch_size: int,
    dtype: str,
    device: str,
    images: Path | None,
    trust_remote_code: bool,
    engine: str,
    workers: int | None,
    gpus_per_worker: float | None,
) -> None:
    """Ask an MM-LLM for captions or yes/no answers and keep them as a run.

    M is tabletop (embedded), hf:ORG/NAME, hf:./folder, openai:NAME@URL (a server; its key is in
    OPENAI_API_KEY) or replay:FILE. D is tabletop, coco:FOLDER, vg:FOLDER, pope:FILE, mme:FOLDER,
    amber:FOLDER or jsonl:FILE. The same command goes on with an interrupted run.
    With ray, the model is on every worker, and the run comes out as with one process.
    """
    from rich.console import Console

    from app.engine.models import Named, place_model
    from app.workflows.generate import answer, open_answers, prompter, select_samples
    from app.workflows.yes_bias import check_yes_bias, match_yes_ratio
    from halluc.datasets.load import load_dataset
    from mitigation.inprocess import make_decoding

    console = Console(stderr=True)
    plain = {
        "max_new_tokens": max_new_tokens,
        "do_sample": do_sample,
        "temperature": temperature,
        "top_p": top_p,
        "top_k": top_k,
        "seed": seed,
    }
    own = {
        "alpha": alpha,
        "beta": beta,
        "noise_step": noise_step,
        "disturbance": disturbance,
        "lambda_": lambda_,
        "bias": bias,
    }
    own = {name: value for name, value in own.items() if value is not None}
    if decode == "yes-bias" or match_yes:
        check_yes_bias(decode, task, bias, match_yes)
    decoding = make_decoding(decode, plain, own)
    ask = prompter(task, prompt)  # a bad prompt is told before any model is read
    dataset = load_dataset(data, images, task)
    samples = select_samples(dataset, task, limit)
    named = Named(model, dtype, device, trust_remote_code)
    with open_cluster(engine, workers, gpus_per_worker) as cluster:
        mllm = place_model(named, cluster)
        if match_yes:
            own["bias"] = match_yes_ratio(
                match_yes, mllm, dataset, samples, ask,
                do_sample=do_sample, batch_size=batch_size, console=console,
            )  # fmt: skip
            decoding = make_decoding(decode, plain, own)
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
            click.echo(
                f"\nstopped after {done} of {len(samples)}; the same command goes on", err=True
            )
            sys.exit(130)
        finally:
            run.close()
        click.echo(f"next: halluc score {NEXT[task]} {output}", err=True)
