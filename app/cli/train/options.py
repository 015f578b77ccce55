"""What the trainings of adapters share: their options, and the model that is trained."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.options import DEVICE, DTYPE, IMAGES, together
from app.cli.text import say
from app.cli.train.config import read_config, resolved
from halluc.errors import InputError, ModelError
from halluc.mllm import Fit

if TYPE_CHECKING:
    from halluc.mllm.transformers import TransformersMLLM

Command = Callable[..., None]

PAIRS = "A folder from halluc data pairs, or published pairs (JSON or Parquet): see docs/dpo.md."
FROM_PAIRS = click.option(
    "--pairs", type=click.Path(path_type=Path), required=True, metavar="PAIRS", help=PAIRS
)
PASS_SIZE = click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Pairs in a pass of the model.",
)
LONGEST = click.option(
    "--max-length",
    type=click.IntRange(min=1),
    default=2048,
    show_default=True,
    help="Most tokens of prompt, picture and answer; longer ones are an error.",
)

DRY_RUN = click.option(
    "--dry-run",
    is_flag=True,
    help="Train nothing: say how many tokens and steps it is, how much memory and time it takes, "
    "from three measured steps.",
)
_WATCH = together(
    click.option(
        "--eval",
        "watched",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="RUN",
        help="A run of the model on held-out pictures, of captions or yes/no questions: asked and "
        "scored again during the training, and the best state kept. May repeat.",
    ),
    click.option(
        "--every",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="With --eval: steps between two evaluations.",
    ),
    click.option(
        "--max-recall-drop",
        type=click.FloatRange(min=0, max=100),
        default=5.0,
        show_default=True,
        help="With --eval: stop where recall falls by more points than this.",
    ),
)
_SIZE = together(
    click.option(
        "--load-in-4bit",
        is_flag=True,
        help="Hold the model's weights in 4 bits (QLoRA), by bitsandbytes.",
    ),
    click.option(
        "--gradient-checkpointing/--no-gradient-checkpointing",
        "checkpointing",
        default=None,
        help="Compute activations again in the backward pass: less memory, more time. [on "
        "accelerators]",
    ),
    click.option(
        "--target-modules",
        metavar="NAMES",
        help="Linear layers of the backbone that LoRA is put on, with commas between: "
        "q_proj,v_proj. [all]",
    ),
    click.option(
        "--train-projector",
        is_flag=True,
        help="Put LoRA on the linear layers between vision encoder and backbone, too.",
    ),
)
_SCHEDULE = together(
    click.option(
        "--max-steps",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Steps instead of epochs; 0: epochs.",
    ),
    click.option(
        "--warmup",
        type=click.FloatRange(min=0),
        default=0.1,
        show_default=True,
        help="Steps in which the learning rate rises; below 1: their share.",
    ),
    click.option(
        "--scheduler",
        type=click.Choice(["cosine", "linear", "constant", "inverse_sqrt"]),
        default="cosine",
        show_default=True,
        help="How the learning rate goes on behind them.",
    ),
)


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
        _SCHEDULE,
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
        _SIZE,
        LONGEST,
        click.option("--save-steps", type=click.IntRange(min=1), default=100, show_default=True),
        _WATCH,
        click.option(
            "--report-to",
            type=click.Choice(["none", "tensorboard", "wandb"]),
            default="none",
            show_default=True,
            help="Who else is told of loss and figures.",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            callback=read_config,
            is_eager=True,
            expose_value=False,
            metavar="FILE",
            help="TOML with any of these options (batch-size = 4); the command line goes before "
            "it. What was resolved is kept beside the adapter as config.toml.",
        ),
        IMAGES,
        click.option("--seed", default=0, show_default=True, help="Of adapter and order."),
        DTYPE,
        DEVICE,
    )


def checkpoint_of(model: str, dtype: str, device: str, so: str) -> TransformersMLLM:
    """The model that is named.

    Args:
        model: as --model names it.
        dtype: of its weights, as --dtype names it.
        device: as --device names it.
        so: what cannot be done with any other model, for the message.

    Raises:
        ModelError: it cannot be loaded, or is asked by other means than a checkpoint.
    """
    from halluc.mllm import load_model

    mllm = load_model(model, dtype=dtype, device=device)
    from halluc.mllm.transformers import TransformersMLLM

    if not isinstance(mllm, TransformersMLLM):
        raise ModelError(f"{model} is no checkpoint, so {so}")
    return mllm


@contextmanager
def trainable(given: dict[str, Any]) -> Iterator[tuple[TransformersMLLM, dict[str, Any]]]:
    """The model and the settings of a training; what is imported within may not be installed."""
    from halluc.mllm import load_model
    from mitigation.precorrection.running import Running, Watch

    model, four = given["model"], given["load_in_4bit"]
    if four and importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            "--load-in-4bit needs bitsandbytes; install it with: pip install bitsandbytes"
        )
    board = given["report_to"]
    if board != "none" and importlib.util.find_spec(board) is None:
        raise ModelError(f"--report-to {board} needs {board}; install it with: pip install {board}")
    mllm = load_model(
        model,
        dtype=given["dtype"],
        device=_own_device(given["device"]),
        fit=Fit("4bit" if four else ""),
    )
    context, watch = click.get_current_context(), None
    if given["watched"]:
        watch = Watch(
            runs=given["watched"],
            every=given["every"],
            most=given["max_recall_drop"],
            images=context.params.get("images"),
        )
    settings = {
        "learning_rate": given["learning_rate"],
        "epochs": given["epochs"],
        "batch_size": given["batch_size"],
        "accumulate": given["accumulate"],
        "rank": given["lora_r"],
        "alpha": given["lora_alpha"],
        "longest": given["max_length"],
        "seed": given["seed"],
        "warmup": given["warmup"],
        "scheduler": given["scheduler"],
        "max_steps": given["max_steps"],
        "targets": _names(given["target_modules"]),
        "projector": given["train_projector"],
        "running": Running(
            checkpointing=given["checkpointing"],
            report_to=board,
            config=resolved(context),
            watch=watch,
        ),
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


def _names(text: str | None) -> tuple[str, ...]:
    """Names with commas between them."""
    if text is None:
        return ()
    names = tuple(each.strip() for each in text.split(","))
    if not all(names):
        raise InputError(f"--target-modules are names with commas between, not {text!r}")
    return names


def _own_device(device: str) -> str:
    """The device of this process: of those of a machine, each has an accelerator of its own."""
    rank = os.environ.get("LOCAL_RANK")
    if device != "auto" or rank is None:
        return device
    import torch

    return f"cuda:{rank}" if torch.cuda.is_available() else device


def report(done: str, *, err: bool = True) -> None:
    """Say what was done, in the process that has something to say."""
    if done:
        say(done, err=err)
