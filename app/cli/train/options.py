"""What the trainings of adapters share: their options, and the model that is trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.options import DEVICE, DTYPE, IMAGES, together
from app.cli.text import say
from halluc.errors import ModelError

if TYPE_CHECKING:
    from halluc.mllm.transformers import TransformersMLLM

Command = Callable[..., None]

PAIRS = "A folder from halluc data pairs, or published pairs (JSON or Parquet): see docs/dpo.md."


def tuning(learning_rate: float) -> Callable[[Command], Command]:
    """The options of every training of an adapter."""
    return together(
        click.option(
            "--model", default="tabletop", show_default=True, metavar="M", help="Model to train."
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            required=True,
            metavar="FOLDER",
            help="Where the adapter goes; use it as M+FOLDER. The same command continues an "
            "interrupted training.",
        ),
        click.option("--learning-rate", default=learning_rate, show_default=True),
        click.option("--epochs", default=1.0, show_default=True),
        click.option(
            "--batch-size",
            type=click.IntRange(min=1),
            default=8,
            show_default=True,
            help="Of each device.",
        ),
        click.option("--accumulate", type=click.IntRange(min=1), default=1, show_default=True),
        click.option("--lora-r", type=click.IntRange(min=1), default=16, show_default=True),
        click.option("--lora-alpha", type=click.IntRange(min=1), default=32, show_default=True),
        click.option(
            "--max-length",
            type=click.IntRange(min=1),
            default=2048,
            show_default=True,
            help="Most tokens of prompt, picture and answer; longer ones are an error.",
        ),
        click.option("--save-steps", type=click.IntRange(min=1), default=100, show_default=True),
        IMAGES,
        click.option("--seed", default=0, show_default=True, help="Of adapter and order."),
        DTYPE,
        DEVICE,
    )


@contextmanager
def trainable(given: dict[str, Any]) -> Iterator[tuple[TransformersMLLM, dict[str, Any]]]:
    """The model and the settings of a training; what is imported within may not be installed."""
    from halluc.mllm import load_model

    model = given["model"]
    mllm = load_model(model, dtype=given["dtype"], device=_own_device(given["device"]))
    settings = {
        "learning_rate": given["learning_rate"],
        "epochs": given["epochs"],
        "batch_size": given["batch_size"],
        "accumulate": given["accumulate"],
        "rank": given["lora_r"],
        "alpha": given["lora_alpha"],
        "longest": given["max_length"],
        "seed": given["seed"],
    }
    try:
        from halluc.mllm.transformers import TransformersMLLM

        if not isinstance(mllm, TransformersMLLM):
            raise ModelError(f"{model} is no checkpoint, so it cannot be trained")
        yield mllm, settings
    except ImportError as error:
        raise ModelError(
            f"training needs {error.name}; install it with: pip install 'halluc[train]'"
        ) from None


def _own_device(device: str) -> str:
    """The device of this process: of those of a machine, each has an accelerator of its own."""
    rank = os.environ.get("LOCAL_RANK")
    if device != "auto" or rank is None:
        return device
    import torch

    return f"cuda:{rank}" if torch.cuda.is_available() else device


def report(done: str) -> None:
    """Say what was done, in the process that has something to say."""
    if done:
        say(done, err=True)
