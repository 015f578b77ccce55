"""`halluc revise`: look over the captions of a run and mend what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import click

from app.captions import VOCABULARY
from app.cluster import engine_options, open_cluster


@click.group()
def revise() -> None:
    """Mend finished captions: post-correction."""


@revise.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN2",
    help="Folder of the revised run. If it holds this run already, go on with it.",
)
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
    "[.5; with a detector .33].",
)
@click.option(
    "--sure",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Replace a look or a number where another answer's probability is at least this.",
)
@click.option(
    "--statistics",
    metavar="DATA",
    help="For the detector: whose objects tell what comes together. Default: the run's own "
    "samples; for tabletop, the biased scenes.",
)
@VOCABULARY
@click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True)
@click.option("--dtype", default="auto", show_default=True, help="float32, bfloat16 or float16.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps, …")
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
@engine_options
def woodpecker(
    *,
    run: Path,
    output: Path,
    model: str | None,
    detector_file: str | None,
    threshold: float | None,
    sure: float,
    statistics: str | None,
    vocabulary: Path | None,
    batch_size: int,
    dtype: str,
    device: str,
    images: Path | None,
    engine: str,
    workers: int | None,
    gpus_per_worker: float | None,
) -> None:
    """Ask about each claim of a caption and mend those that the answers deny; no training.

    Objects, looks and numbers, after Woodpecker (arXiv:2310.16045). RUN2 holds the revised captions
    and revisions.jsonl: what was asked, why something was changed, and what stands in its place.
    """
    from rich.console import Console

    from app.replicas import Named, place_model
    from app.revising import check_original, open_revised, revise_run, settle, summary
    from halluc.datasets.load import load_dataset
    from halluc.errors import InputError
    from halluc.language.things import load_things
    from halluc.runs import read_run

    original = read_run(run)
    check_original(original, output)
    things = load_things(vocabulary)
    settings, how = settle(
        original,
        things,
        detector=detector_file,
        statistics=statistics,
        threshold=threshold,
        sure=sure,
    )
    data = original.card.get("data")
    named = data.get("name") if isinstance(data, dict) else None
    if not named:
        raise InputError("its card does not say which data it is on", original.path)
    asked = model or _model_of(original.card, original.path)
    if asked.startswith("replay:"):
        raise InputError(f"{asked} cannot answer new questions; give a --model that runs")
    dataset = load_dataset(str(named), images)
    with open_cluster(engine, workers, gpus_per_worker) as cluster:
        mllm = place_model(Named(asked, dtype, device), cluster)
        revised = open_revised(output, original, mllm, how)
        try:
            if revised.note:
                click.echo(f"halluc: {revised.note}", err=True)
            revisions = revise_run(
                revised, original, dataset, mllm,
                things=things, settings=settings,
                console=Console(stderr=True), batch_size=batch_size,
            )  # fmt: skip
        finally:
            revised.close()
    for line in summary(revisions):
        click.echo(line)
    click.echo(f"next: halluc compare {run} {output}", err=True)


def _model_of(card: dict[str, object], path: Path) -> str:
    from halluc.errors import InputError

    model = card.get("model")
    name = str(model.get("name", "")) if isinstance(model, dict) else ""
    if not name:
        raise InputError("its card names no model; give the --model that shall be asked", path)
    return name
