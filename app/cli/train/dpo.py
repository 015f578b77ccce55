"""`halluc train dpo`: a LoRA adapter trained on preference pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.progress import bars
from app.cli.train.options import DRY_RUN, FROM_PAIRS, report, trainable, tuning
from halluc.errors import InputError


@click.command()
@FROM_PAIRS
@click.option(
    "--loss", default="sigmoid", show_default=True, help="TRL's losses, with commas between."
)
@click.option("--loss-weights", help="Their weights, with commas between [1 each].")
@click.option(
    "--beta",
    default=0.1,
    show_default=True,
    help="DPO's β: how strongly the adapter is held to the reference model.",
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
@DRY_RUN
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
    dry_run: bool,
    images: Path | None,
    save_steps: int,
    **given: Any,
) -> None:
    """Train a LoRA adapter of a model on preference pairs (DPO), by TRL.

    The better answer of a pair becomes likelier than the worse one, compared with the model as it
    is. docs/dpo.md has the recipe of the adapter that ships with halluc.
    """
    weights = () if loss_weights is None else tuple(_numbers(loss_weights))
    with trainable(given) as (mllm, settings):
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
    with bars() as progress:
        done = train_dpo(
            mllm, pairs, output, recipe,
            images=images, save_steps=save_steps, dry=dry_run, progress=progress,
        )  # fmt: skip
    report(done, err=not dry_run)


def _numbers(text: str) -> list[float]:
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise InputError(f"--loss-weights are numbers with commas between, not {text!r}") from None
