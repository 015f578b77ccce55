"""Folders of what is fitted to a model in one go: weights with a card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from halluc.card import now, versions
from halluc.jsonl import write_atomically, write_json
from halluc.locks import whole_folder


def keep_fitted(
    output: Path, card: dict[str, Any], seconds: float, weights: str, tensors: dict[str, Tensor]
) -> None:
    """Write what was fitted; the folder appears when it is whole.

    Args:
        output: the folder.
        card: how it was made; time and versions are added.
        seconds: how long it took.
        weights: name of the file.
        tensors: what is in it, by name.
    """
    made = {"trained": now(), "seconds": round(seconds, 1), "versions": versions()}
    whole = save({name: each.contiguous() for name, each in tensors.items()})
    with whole_folder(output) as draft:
        write_json(draft / "card.json", {**card, **made})
        write_atomically(draft / weights, [whole])
