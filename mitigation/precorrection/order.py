"""The order of examples, kept in checkpoints: a training that goes on has that of one that ran on.

transformers draws the order of an epoch where the epoch begins. What goes on in the middle of one
would draw another, and so leave some examples out and take others twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch.utils.data import Sampler

from halluc.jsonl import read_json, write_json

ORDER = "order.json"


class KeepsOrder:
    """For a trainer of transformers, before it in the order of bases."""

    drawn: list[int] | None = None
    """The order of this epoch."""
    kept: list[int] | None = None
    """That of the epoch to go on in, until it begins."""

    def _get_train_sampler(self, dataset: Any = None) -> Sampler[int]:
        return _Order(super()._get_train_sampler(dataset), self)  # type: ignore[misc]

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)  # type: ignore[misc]
        if output_dir is not None and self.state.epoch % 1:  # type: ignore[attr-defined]
            write_json(Path(output_dir) / ORDER, self.drawn)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
        file = Path(resume_from_checkpoint) / ORDER
        self.kept = read_json(file, list[int]) if file.is_file() else None


class _Order(Sampler[int]):
    """A sampler's order, or the one that is kept."""

    def __init__(self, sampler: Any, trainer: KeepsOrder) -> None:
        self.sampler, self.trainer = sampler, trainer

    def __iter__(self) -> Iterator[int]:
        trainer = self.trainer
        trainer.drawn = list(self.sampler) if trainer.kept is None else trainer.kept
        trainer.kept = None
        return iter(trainer.drawn)

    def __len__(self) -> int:
        return len(self.sampler)
