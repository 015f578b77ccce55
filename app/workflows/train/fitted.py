"""Folders of what is fitted to a model in one go: weights with a card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from halluc.card import now, versions
from halluc.errors import RunError
from halluc.jsonl import write_atomically, write_json


def check_empty(output: Path) -> None:
    """See that nothing is overwritten.

    Raises:
        RunError: the folder holds something.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise RunError(f"{output} is not empty; use another -o")


def keep_fitted(
    output: Path, card: dict[str, Any], seconds: float, weights: str, tensors: dict[str, Tensor]
) -> None:
    """Write what was fitted.

    Args:
        output: the folder.
        card: how it was made; time and versions are added.
        seconds: how long it took.
        weights: name of the file.
        tensors: what is in it, by name.
    """
    output.mkdir(parents=True, exist_ok=True)
    made = {"trained": now(), "seconds": round(seconds, 1), "versions": versions()}
    write_json(output / "card.json", {**card, **made})
    write_atomically(
        output / weights, [save({name: each.contiguous() for name, each in tensors.items()})]
    )
