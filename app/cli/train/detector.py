"""`halluc train detector`: a detector of absent objects fitted to captions."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import STATISTICS, TRUTH, VOCABULARY
from app.cli.train.options import report


@click.command()
@click.argument("captions", metavar="RUN_OR_FILE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where the detector goes, as JSON.",
)
@TRUTH
@STATISTICS
@VOCABULARY
def detector(
    *,
    captions: tuple[str, ...],
    output: Path,
    truth: str | None,
    statistics: str | None,
    vocabulary: Path | None,
) -> None:
    """Fit a detector of absent objects to captions whose truth is known.

    A calibrated logistic regression on LURE's factors, see `halluc analyse detector`. Takes
    seconds. Fit it on other pictures than those that it will judge.
    """
    from app.workflows.train.detector import train_detector
    from halluc.language.claims.things import load_things

    report(train_detector(captions, output, truth, statistics, load_things(vocabulary)))
