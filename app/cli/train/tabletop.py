"""`halluc train tabletop`: the embedded MM-LLM rebuilt."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.progress import bars
from app.cli.train.options import report
from halluc.errors import HallucError, InputError


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("checkpoints/tabletop"),
    show_default=True,
    help="Where the checkpoint goes; use it as hf:./FOLDER.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/train-tabletop"),
    show_default=True,
    help="Drawn scenes, states and curves (about 4.7 GB); a second call continues from them.",
)
@click.option("--seed", default=0, show_default=True, help="Of weights and examples.")
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    help="Makes every stage longer or shorter by this factor.",
)
@click.option(
    "--scenes",
    type=click.IntRange(1, 1000),
    default=1000,
    show_default=True,
    help="Held-out scenes to measure the model on.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also train what corrects it: the detector and the DPO and LURE adapters.",
)
@click.option(
    "--mined",
    type=click.IntRange(8),
    default=1000,
    show_default=True,
    help="With --all: scenes of each split whose answers are learned from.",
)
@click.option("--device", default="auto", show_default=True, help="As torch names it.")
@click.option(
    "--torch-compile",
    is_flag=True,
    help="Compile the backbone: nearly twice as fast on a CPU; wants a C++ compiler.",
)
def tabletop(
    *,
    output: Path,
    work: Path,
    seed: int,
    scale: float,
    scenes: int,
    everything: bool,
    mined: int,
    device: str,
    torch_compile: bool,
) -> None:
    """Rebuild the embedded MM-LLM stage by stage, and measure it.

    Encoder on pictures, backbone on text alone, projector on captions (MM PT), projector and
    backbone on instructions (MM IT). About 75 minutes on two cores; stop it and give the same
    command again to continue. With --all the detector, the DPO adapter and LURE's revisor are
    trained, too, from the model's own answers on other scenes.
    """
    if not scale > 0:
        raise InputError(f"--scale must be above 0, not {scale}")
    try:
        from app.workflows.train.tabletop import train_embedded
    except ImportError as error:
        raise HallucError(
            f"training needs {error.name}; install it with: pip install 'halluc[models]'"
        ) from None

    with bars() as progress:
        done = train_embedded(
            output, work,
            seed=seed, scale=scale, scenes=scenes, device=device, torch_compile=torch_compile,
            mined=mined if everything else 0,
            progress=progress,
        )  # fmt: skip
    report(done)
