"""`halluc train steering`: a direction for hidden states (VTI, VISTA), found on pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.options import DEVICE, DTYPE, IMAGES
from app.cli.progress import bars
from app.cli.train.options import FROM_PAIRS, LONGEST, PASS_SIZE, checkpoint_of, report

if TYPE_CHECKING:
    from mitigation.precorrection.steering import Source


@click.command()
@FROM_PAIRS
@click.option("--model", default="tabletop", show_default=True, metavar="M", help="Whose states.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where it goes; use it with halluc generate --decode steering --direction FOLDER.",
)
@click.option(
    "--source",
    type=click.Choice(["answers", "picture"]),
    default="answers",
    show_default=True,
    help="answers: from the worse to the better one (VTI). picture: from the prompt without its "
    "picture to that with it (VISTA).",
)
@PASS_SIZE
@click.option(
    "--shuffled", is_flag=True, help="Control: of each pair it is drawn which side is the better."
)
@LONGEST
@IMAGES
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of --shuffled."
)
@DTYPE
@DEVICE
def steering(
    *,
    pairs: Path,
    model: str,
    output: Path,
    source: Source,
    batch_size: int,
    shuffled: bool,
    max_length: int,
    images: Path | None,
    seed: int,
    dtype: str,
    device: str,
) -> None:
    """Find a direction to steer hidden states by (VTI, VISTA) on preference pairs; no training.

    The model runs twice for each pair; the states of every layer are subtracted, and their mean and
    first principal component are kept. halluc generate --decode steering turns towards it.
    """
    mllm = checkpoint_of(model, dtype, device, "it has no hidden states to steer")
    from app.workflows.train.steering import train_steering
    from mitigation.precorrection.steering import Recipe

    recipe = Recipe(source, shuffled=shuffled, longest=max_length, seed=seed)
    with bars() as progress:
        done = train_steering(
            mllm, pairs, output, recipe,
            images=images, batch_size=batch_size, progress=progress,
        )  # fmt: skip
    report(done)
