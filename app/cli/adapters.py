"""`halluc train dpo`, `sft` and `lure`, and `merge`: LoRA adapters of a model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.masks import DETECTOR, STATISTICS, SUSPECT
from app.workflows.captions import VOCABULARY
from halluc.datasets.load import FORMS
from halluc.errors import InputError, ModelError

if TYPE_CHECKING:
    from halluc.mllm.transformers import TransformersMLLM

Command = Callable[..., None]


def tuning(learning_rate: float) -> Callable[[Command], Command]:
    """The options of every training of an adapter."""
    options = (
        click.option(
            "--model", default="tabletop", show_default=True, metavar="M", help="Model to train."
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            required=True,
            metavar="FOLDER",
            help="Where the adapter goes; use it as M+FOLDER. The same command goes on with a "
            "training.",
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
        click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures."),
        click.option("--seed", default=0, show_default=True, help="Of adapter and order."),
        click.option(
            "--dtype", default="auto", show_default=True, help="float32, bfloat16 or float16."
        ),
        click.option("--device", default="auto", show_default=True, help="As torch names it."),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


PAIRS = "A folder from halluc data pairs, or a file of POVID, RLHF-V, RLAIF-V, mDPO or HA-DPO."


@click.command()
@click.option(
    "--pairs", type=click.Path(path_type=Path), required=True, metavar="PAIRS", help=PAIRS
)
@click.option(
    "--loss", default="sigmoid", show_default=True, help="TRL's losses, with commas between."
)
@click.option("--loss-weights", help="Their weights, with commas between [1 each].")
@click.option(
    "--beta", default=0.1, show_default=True, help="How dear it is to leave the reference."
)
@click.option("--mdpo", default=0.0, show_default=True, help="Weight of mDPO's two terms.")
@click.option(
    "--span-weight", default=1.0, show_default=True, help="Of changed words, as RLHF-V's."
)
@click.option(
    "--share-prefix/--no-share-prefix",
    default=True,
    help="Compute picture and prompt once a pair (default, where the model allows it).",
)
@tuning(learning_rate=1e-5)
def dpo(
    *,
    pairs: Path,
    output: Path,
    loss: str,
    loss_weights: str | None,
    beta: float,
    mdpo: float,
    span_weight: float,
    share_prefix: bool,
    images: Path | None,
    save_steps: int,
    **given: Any,
) -> None:
    """Train a LoRA adapter of a model on preference pairs (DPO), by TRL.

    The better answer of a pair becomes likelier than the worse one, compared with the model as it
    is. docs/dpo.md has the recipe of the adapter that ships with halluc.
    """
    weights = () if loss_weights is None else tuple(_numbers(loss_weights))
    with _trainable(given) as (mllm, settings):
        from app.workflows.train.dpo import train_dpo
        from mitigation.precorrection.dpo import Recipe
    recipe = Recipe(
        losses=tuple(loss.replace(" ", "").split(",")),
        weights=weights,
        beta=beta,
        mdpo=mdpo,
        span_weight=span_weight,
        share_prefix=share_prefix,
        **settings,
    )
    train_dpo(mllm, pairs, output, recipe, images=images, save_steps=save_steps)


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
@click.option("--data", help=f"Pictures for --recipe: {FORMS}.")
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
    with _trainable(given) as (mllm, settings):
        from app.workflows.train.dpo import train_sft
        from app.workflows.train.lrv import train_lrv
        from mitigation.precorrection.lora import Tuning
    how = Tuning(**settings)
    if pairs is not None:
        train_sft(mllm, pairs, output, how, images=images, save_steps=save_steps)
    else:
        train_lrv(mllm, str(data), output, how, images=images, save_steps=save_steps)


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
    from halluc.mllm import load_model

    mllm = load_model(model, dtype=dtype, device=device)
    from app.workflows.train.merge import merge as write
    from halluc.mllm.transformers import TransformersMLLM

    if not isinstance(mllm, TransformersMLLM):
        raise ModelError(f"{model} is no checkpoint, so there is nothing to merge")
    write(mllm, output)
    shown = f"./{output}" if not output.is_absolute() else output
    click.echo(f"The merged model is in {output}; use it with --model hf:{shown}", err=True)


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), metavar="RUN...", nargs=-1, required=True)
@DETECTOR
@SUSPECT
@STATISTICS
@click.option(
    "--test-share",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.05,
    show_default=True,
    help="Share of the pictures that are kept out of training, to watch it.",
)
@VOCABULARY
@tuning(learning_rate=1e-4)
def lure(
    *,
    runs: tuple[Path, ...],
    output: Path,
    detector_file: str | None,
    threshold: float | None,
    statistics: str | None,
    test_share: float,
    vocabulary: Path | None,
    images: Path | None,
    save_steps: int,
    **given: Any,
) -> None:
    """Train LURE's revisor: a LoRA adapter that writes masked captions as they should be.

    RUNs hold captions of pictures whose truth is known, scored by halluc score finegrained. Their
    suspect objects are masked, in some after an absent companion was put in; the adapter learns to
    write the caption without what is wrong. docs/revise.md has the recipe of the one that ships.
    """
    from halluc.language.claims.things import load_things

    with _trainable(given) as (mllm, settings):
        from app.workflows.train.lure import train_lure
        from mitigation.precorrection.lora import Tuning
    train_lure(
        mllm, runs, output, Tuning(**settings), load_things(vocabulary),
        detector=detector_file, threshold=threshold, statistics=statistics,
        test_share=test_share, images=images, save_steps=save_steps,
    )  # fmt: skip


@contextmanager
def _trainable(given: dict[str, Any]) -> Iterator[tuple[TransformersMLLM, dict[str, Any]]]:
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


def _numbers(text: str) -> list[float]:
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise InputError(f"--loss-weights are numbers with commas between, not {text!r}") from None
