"""`halluc revise`: look over the captions of a run and mend what is wrong in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.masks import DETECTOR, STATISTICS, SUSPECT
from app.engine.connect import engine_options, open_cluster
from app.workflows.captions import VOCABULARY
from halluc.errors import InputError

if TYPE_CHECKING:
    from app.workflows.revise import Settled
    from halluc.language.claims.things import Things
    from halluc.runs import Run

Command = Callable[..., None]

OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN2",
    help="Folder of the revised run. If it holds this run already, go on with it.",
)


def running(command: Command) -> Command:
    """The options of how a model runs."""
    for option in (
        engine_options,
        click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures."),
        click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps, …"),
        click.option(
            "--dtype", default="auto", show_default=True, help="float32, bfloat16 or float16."
        ),
        click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True),
    ):
        command = option(command)
    return command


@click.group()
def revise() -> None:
    """Mend finished captions: post-correction."""


@revise.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@OUTPUT
@click.option(
    "--model",
    metavar="M",
    help="Who is asked about the pictures. Default: the model that wrote the captions.",
)
@click.option(
    "--detector",
    "detector_file",
    metavar="FILE",
    help="Weigh LURE's factors beside the answers: what `halluc train detector` wrote, or "
    "tabletop for the one that ships. Default: the answers alone.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    help="Take an object out where the probability that it is absent is at least this "
    "[.48; with a detector .33].",
)
@click.option(
    "--sure",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Replace a look or a number where another answer's probability is at least this.",
)
@STATISTICS
@click.option(
    "--validator",
    metavar="V",
    help="Who looks for objects: detector:ORG/NAME or detector:./FOLDER, a checkpoint for "
    "zero-shot object detection. Default: the answers of the model that is asked.",
)
@click.option(
    "--rewriter",
    metavar="M",
    help="A model that writes the captions anew from what was found. Default: words are cut and "
    "replaced.",
)
@VOCABULARY
@running
def woodpecker(
    *,
    run: Path,
    output: Path,
    model: str | None,
    detector_file: str | None,
    threshold: float | None,
    sure: float,
    statistics: str | None,
    validator: str | None,
    rewriter: str | None,
    vocabulary: Path | None,
    **how: Any,
) -> None:
    """Ask about each claim of a caption and mend those that the answers deny; no training.

    Objects, looks, numbers and places, after Woodpecker (arXiv:2310.16045). RUN2 holds the revised
    captions and revisions.jsonl: what was asked, why something was changed, and what stands in its
    place.
    """
    from app.workflows.revise import check_original, settle_woodpecker
    from halluc.language.claims.things import load_things
    from halluc.mllm import load_detector, load_model
    from halluc.runs import read_run

    original = read_run(run)
    check_original(original, output)
    if how["engine"] != "local" and (validator or rewriter):
        raise InputError("--validator and --rewriter run in one process; leave out --engine")
    things = load_things(vocabulary)
    own = {name: how[name] for name in ("dtype", "device")}
    method = settle_woodpecker(
        original,
        things,
        detector=detector_file,
        statistics=statistics,
        threshold=threshold,
        sure=sure,
        validator=load_detector(validator, how["device"]) if validator else None,
        rewriter=load_model(rewriter, **own) if rewriter else None,
    )
    asked = model or _model_of(original.card, original.path)
    _revise(original, output, things, method, asked, **how)


@revise.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@OUTPUT
@click.option(
    "--revisor",
    metavar="M",
    help="Who writes the captions anew, such as hf:ORG/NAME+FOLDER after halluc train lure. "
    "Default, for captions of the embedded MM-LLM: tabletop+lure.",
)
@DETECTOR
@SUSPECT
@STATISTICS
@click.option(
    "--max-new-tokens",
    type=click.IntRange(min=1),
    default=512,
    show_default=True,
    help="A caption that is not at its end by then stays as it was.",
)
@VOCABULARY
@running
def lure(
    *,
    run: Path,
    output: Path,
    revisor: str | None,
    detector_file: str | None,
    threshold: float | None,
    statistics: str | None,
    max_new_tokens: int,
    vocabulary: Path | None,
    **how: Any,
) -> None:
    """Mask the suspect objects of a caption, and let a trained revisor write it anew.

    After LURE (arXiv:2310.00754). RUN2 holds the revised captions and revisions.jsonl: what was
    masked, why, and what the revisor wrote in its place.
    """
    from app.workflows.revise import check_original, settle_lure
    from halluc.language.claims.things import load_things
    from halluc.mllm import Decoding
    from halluc.runs import read_run

    original = read_run(run)
    check_original(original, output)
    things = load_things(vocabulary)
    method = settle_lure(
        original,
        things,
        detector=detector_file,
        statistics=statistics,
        threshold=threshold,
        decoding=Decoding(max_new_tokens=max_new_tokens),
    )
    if revisor is None:
        wrote = _model_of(original.card, original.path)
        if wrote.partition("+")[0] != "tabletop":
            raise InputError(f"{wrote} has no revisor here; train one and give it: --revisor M")
        revisor = "tabletop+lure"
    _revise(original, output, things, method, revisor, **how)


def _revise(
    original: Run,
    output: Path,
    things: Things,
    method: Settled,
    asked: str,
    *,
    batch_size: int,
    dtype: str,
    device: str,
    images: Path | None,
    engine: str,
    workers: int | None,
    gpus_per_worker: float | None,
) -> None:
    """Revise a run with a method and the model that it asks, and say what was done."""
    from rich.console import Console

    from app.engine.models import Named, place_model
    from app.workflows.revise import open_revised, revise_run, summary
    from halluc.datasets.load import load_dataset

    data = original.card.get("data")
    named = data.get("name") if isinstance(data, dict) else None
    if not named:
        raise InputError("its card does not say which data it is on", original.path)
    if asked.startswith("replay:"):
        raise InputError(f"{asked} cannot answer new questions; give a model that runs")
    dataset = load_dataset(str(named), images)
    with open_cluster(engine, workers, gpus_per_worker) as cluster:
        mllm = place_model(Named(asked, dtype, device), cluster)
        revised = open_revised(output, original, mllm, method.card)
        try:
            if revised.note:
                click.echo(f"halluc: {revised.note}", err=True)
            revisions = revise_run(
                revised, original, dataset, mllm,
                things=things, method=method,
                console=Console(stderr=True), batch_size=batch_size,
            )  # fmt: skip
        finally:
            revised.close()
    for line in summary(revisions):
        click.echo(line)
    click.echo(f"next: halluc compare {original.path} {output}", err=True)


def _model_of(card: dict[str, object], path: Path) -> str:
    model = card.get("model")
    name = str(model.get("name", "")) if isinstance(model, dict) else ""
    if not name:
        raise InputError("its card names no model; give the --model that shall be asked", path)
    return name
