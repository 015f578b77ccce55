"""`halluc train control`: the control layer of HallE-Control, fitted to preference pairs."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import DEVICE, DTYPE, IMAGES
from app.cli.progress import bars
from app.cli.train.options import FROM_PAIRS, LONGEST, PASS_SIZE, checkpoint_of, report


@click.command()
@FROM_PAIRS
@click.option("--model", default="tabletop", show_default=True, metavar="M", help="Whose layer.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where the layer goes; use it with halluc generate --decode control --layer FOLDER.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
)
@click.option("--epochs", type=click.IntRange(min=1), default=10, show_default=True)
@PASS_SIZE
@click.option(
    "--shuffled", is_flag=True, help="Control: the sign of each token is drawn by chance."
)
@LONGEST
@IMAGES
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the order."
)
@DTYPE
@DEVICE
def control(
    *,
    pairs: Path,
    model: str,
    output: Path,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    shuffled: bool,
    max_length: int,
    images: Path | None,
    seed: int,
    dtype: str,
    device: str,
) -> None:
    """Fit a control layer (HallE-Control) to preference pairs, in seconds.

    The model runs once over both answers of each pair; one matrix is fitted to what it keeps, with
    -1 for better answers and +1 for worse ones. It is a dial for halluc generate --decode control.
    """
    mllm = checkpoint_of(model, dtype, device, "no layer can be fitted to it")
    from app.workflows.train.control import train_control
    from mitigation.precorrection.control import Recipe

    recipe = Recipe(learning_rate, epochs, shuffled=shuffled, longest=max_length, seed=seed)
    with bars() as progress:
        done = train_control(
            mllm, pairs, output, recipe,
            images=images, batch_size=batch_size, progress=progress,
        )  # fmt: skip
    report(done)
