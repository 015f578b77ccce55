"""How a training runs and is watched: what belongs to no recipe, since it changes no step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Answers on held-out pictures during a training.

    Attributes:
        runs: of the model before training: captions (scored by CHAIR) or yes/no questions (POPE);
            the first one decides which state is best.
        every: steps between two evaluations, ≥ 1.
        most: points of recall below those of the run at which the training stops.
        images: folder of the pictures, where the data set needs it.
    """

    runs: tuple[Path, ...]
    every: int = 100
    most: float = 5.0
    images: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Running:
    """How a training runs.

    Attributes:
        checkpointing: compute activations again in the backward pass, for less memory; None: on
            accelerators.
        report_to: "none", "tensorboard" or "wandb".
        config: the options of the command as TOML, kept beside the adapter; empty: not.
        watch: evaluations during the training; None: none.
    """

    checkpointing: bool | None = None
    report_to: str = "none"
    config: str = ""
    watch: Watch | None = None
