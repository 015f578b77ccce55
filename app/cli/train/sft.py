"""`halluc train sft`: a LoRA adapter trained on answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.progress import bars
from app.cli.train.options import PAIRS, report, trainable, tuning
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
@tuning(learning_rate=1e-4)
def sft(
    *,
    pairs: Path | None,
    recipe: str | None,
    data: str | None,
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
    with trainable(given) as (mllm, settings):
        from app.workflows.train.sft import train_lrv, train_sft
        from mitigation.precorrection.lora import Tuning
    how = Tuning(**settings)
    with bars() as progress:
        shared: dict[str, Any] = {
            "images": images, "save_steps": save_steps, "progress": progress,
        }  # fmt: skip
        if pairs is not None:
            done = train_sft(mllm, pairs, output, how, **shared)
        else:
            done = train_lrv(mllm, str(data), output, how, **shared)
    report(done)
