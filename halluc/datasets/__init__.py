"""Data sets: one reader a format, each giving Samples and their pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from halluc.records import Sample

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Dataset:
    """Samples in a fixed order, and the way to open their pictures.

    Attributes:
        name: as the user named it ("tabletop", "coco:FOLDER").
        samples: the samples; their ids are unique.
        open_image: gives the RGB picture of a sample; raises InputError if there is none.
        card: how it was made, for the result card: SHA-256 of its files, row count, ….
    """

    name: str
    samples: list[Sample]
    open_image: Callable[[Sample], Image]
    card: dict[str, Any] = field(default_factory=dict)
