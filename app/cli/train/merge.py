"""`halluc train merge`: an adapter added to the weights of its model."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.text import say
from app.cli.train.options import checkpoint_of


@click.command()
@click.argument("model", metavar="M+FOLDER")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where the checkpoint goes; use it as hf:./FOLDER.",
)
@click.option(
    "--dtype",
    default="auto",
    show_default=True,
    help="In which it is merged and kept: float32, bfloat16 or float16.",
)
@click.option("--device", default="auto", show_default=True, help="As torch names it.")
def merge(*, model: str, output: Path, dtype: str, device: str) -> None:
    """Add an adapter to the weights of its model, as a checkpoint of its own.

    What comes out is a folder that from_pretrained loads, for other tools; halluc itself takes
    M+FOLDER as it is.
    """
    mllm = checkpoint_of(model, dtype, device, "there is nothing to merge")
    from app.workflows.train.merge import merge as write

    write(mllm, output)
    shown = f"./{output}" if not output.is_absolute() else output
    say(f"The merged model is in {output}; use it with --model hf:{shown}", err=True)
