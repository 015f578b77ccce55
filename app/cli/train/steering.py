"""`halluc train steering`: a direction for hidden states (VTI, VISTA), found on pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.options import DEVICE, DTYPE, IMAGES
from app.cli.progress import bars
from app.cli.train.options import PAIRS, report
from halluc.errors import ModelError

if TYPE_CHECKING:
    from mitigation.precorrection.steering import Source


@click.command()
@click.option(
    "--pairs", type=click.Path(path_type=Path), required=True, metavar="PAIRS", help=PAIRS
)
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
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Pairs in a pass of the model.",
)
@click.option(
    "--shuffled", is_flag=True, help="Control: of each pair it is drawn which side is the better."
)
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    default=2048,
    show_default=True,
    help="Most tokens of prompt, picture and answer; longer ones are an error.",
)
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
    from halluc.mllm import load_model

    mllm = load_model(model, dtype=dtype, device=device)
    from halluc.mllm.transformers import TransformersMLLM

    if not isinstance(mllm, TransformersMLLM):
        raise ModelError(f"{model} is no checkpoint, so it has no hidden states to steer")
    from app.workflows.train.steering import train_steering
    from mitigation.precorrection.steering import Recipe

    recipe = Recipe(source, shuffled=shuffled, longest=max_length, seed=seed)
    with bars() as progress:
        done = train_steering(
            mllm, pairs, output, recipe,
            images=images, batch_size=batch_size, progress=progress,
        )  # fmt: skip
    report(done)
