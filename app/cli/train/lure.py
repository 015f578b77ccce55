"""`halluc train lure`: LURE's revisor, a LoRA adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.options import VOCABULARY, struct_options
from app.cli.progress import bars
from app.cli.train.options import report, trainable, tuning
from halluc.options import options_of
from halluc.plugins import load_plugin

_MASKS = [
    option
    for option in options_of(load_plugin("revisers", "lure"))
    if option.name in ("detector", "threshold", "statistics")
]


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), metavar="RUN...", nargs=-1, required=True)
@struct_options(_MASKS)
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
    detector: str | None,
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

    with trainable(given) as (mllm, settings):
        from app.workflows.train.lure import train_lure
        from mitigation.precorrection.lora import Tuning
    with bars() as progress:
        done = train_lure(
            mllm, runs, output, Tuning(**settings), load_things(vocabulary),
            detector=detector, threshold=threshold, statistics=statistics,
            test_share=test_share, images=images, save_steps=save_steps, progress=progress,
        )  # fmt: skip
    report(done)
