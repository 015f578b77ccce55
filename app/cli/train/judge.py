"""`halluc train judge`: a small judge of captions by references."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.progress import bars
from app.cli.train.options import report


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where the judge goes, as JSON; use it with --model judge:FILE.",
)
@click.option(
    "--data",
    metavar="DATA",
    help="What it is fitted to: a run with captions of the embedded world, HaELM's rows with "
    "labels, or scenes whose captions are drawn. [tabletop:mixed:100000-100499]",
)
@click.option(
    "--test-share",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of the captions that it is measured on, and not fitted to.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Of drawn captions, and of which are kept out.",
)
def judge(*, output: Path, data: str | None, test_share: float, seed: int) -> None:
    """Fit a small judge of captions by references, for halluc score haelm.

    A logistic regression on which claims of a caption its references contradict or leave unstated.
    Takes about a minute, no torch and no network; the same command again finds it done.
    """
    from app.workflows.train.judge import DATA, train_judge

    with bars() as progress:
        done = train_judge(
            output, data=data or DATA, test_share=test_share, seed=seed, progress=progress
        )
    report(done)
