"""`halluc train kto`: a LoRA adapter trained on answers that are right or wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.progress import bars
from app.cli.train.options import DRY_RUN, report, trainable, tuning


@click.command()
@click.option(
    "--answers",
    "runs",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="RUN",
    help="Learn from this run: captions that halluc score finegrained has read, or yes/no "
    "questions. May repeat.",
)
@click.option(
    "--beta",
    default=0.1,
    show_default=True,
    help="KTO's β: how strongly the adapter is held to the reference model.",
)
@click.option(
    "--desirable-weight",
    type=click.FloatRange(min=0, min_open=True),
    help="Of each right answer [right and wrong ones weigh the same in all].",
)
@click.option(
    "--undesirable-weight",
    type=click.FloatRange(min=0, min_open=True),
    help="Of each wrong answer [right and wrong ones weigh the same in all].",
)
@DRY_RUN
@tuning(learning_rate=1e-5)
def kto(
    *,
    runs: tuple[Path, ...],
    beta: float,
    desirable_weight: float | None,
    undesirable_weight: float | None,
    dry_run: bool,
    output: Path,
    images: Path | None,
    save_steps: int,
    **given: Any,
) -> None:
    """Train a LoRA adapter of a model on answers that are right or wrong (KTO), by TRL.

    No pairs are needed: each answer that was found right becomes likelier and each wrong one less
    likely, compared with the model as it is.
    """
    with trainable(given) as (mllm, settings):
        from app.workflows.train.kto import train_kto
        from mitigation.precorrection.kto import Recipe
    recipe = Recipe(
        beta=beta,
        desirable_weight=desirable_weight,
        undesirable_weight=undesirable_weight,
        **settings,
    )
    with bars() as progress:
        done = train_kto(
            mllm, runs, output, recipe,
            images=images, save_steps=save_steps, dry=dry_run, progress=progress,
        )  # fmt: skip
    report(done, err=not dry_run)
