"""`halluc train sft`: a LoRA adapter trained on answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.progress import bars
from app.cli.train.options import DRY_RUN, PAIRS, report, trainable, tuning
from halluc.datasets.load import NAMED
from halluc.errors import InputError


@click.command()
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    metavar="PAIRS",
    help="Learn their better answers alone. " + PAIRS,
)
@click.option(
    "--recipe",
    type=click.Choice(["lrv"]),
    help="Learn instructions made from the truth of --data instead: LRV-Instruction.",
)
@click.option("--data", help=f"Pictures for --recipe: {NAMED}.")
@click.option(
    "--hacl",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="With --pairs: weight of HACL's contrast of pictures with captions, whose hard negatives "
    "are the worse answers.",
)
@click.option(
    "--hacl-negatives/--no-hacl-negatives",
    default=True,
    help="Worse answers are negatives of the contrast (default), or only other pictures' answers.",
)
@click.option(
    "--selective-eos",
    is_flag=True,
    help="Never teach not to stop: the end token is out of the softmax where it is no label.",
)
@DRY_RUN
@tuning(learning_rate=1e-4)
def sft(
    *,
    pairs: Path | None,
    recipe: str | None,
    data: str | None,
    hacl: float,
    hacl_negatives: bool,
    selective_eos: bool,
    dry_run: bool,
    output: Path,
    images: Path | None,
    save_steps: int,
    **given: Any,
) -> None:
    """Train a LoRA adapter of a model on answers (supervised fine-tuning), by TRL.

    On the better answers of preference pairs it is the control of halluc train dpo: the same
    pairs, settings and steps, without anything to compare. LRV-Instruction asks about the pictures
    of a data set, half of the time for what is not in them, and its answers decline.
    """
    if (pairs is None) == (recipe is None) or (recipe is None) != (data is None):
        raise InputError("give either --pairs PAIRS or --recipe lrv with --data D")
    if hacl and pairs is None:
        raise InputError("--hacl needs the worse answers of --pairs PAIRS")
    with trainable(given) as (mllm, settings):
        from app.workflows.train.sft import train_lrv, train_sft
        from mitigation.precorrection.sft import Recipe
    how = Recipe(
        hacl=hacl, hallucinated=hacl_negatives, selective_end=selective_eos, **settings
    )  # fmt: skip
    with bars() as progress:
        shared: dict[str, Any] = {
            "images": images, "save_steps": save_steps, "dry": dry_run, "progress": progress,
        }  # fmt: skip
        if pairs is not None:
            done = train_sft(mllm, pairs, output, how, **shared)
        else:
            done = train_lrv(mllm, str(data), output, how, **shared)
    report(done, err=not dry_run)
