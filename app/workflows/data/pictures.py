"""The pictures of preference pairs and captions, wherever their data set has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluc.datasets.images import open_from
from halluc.datasets.load import load_dataset
from halluc.records import Sample
from mitigation.precorrection.turns import Item

if TYPE_CHECKING:
    from PIL.Image import Image

VISUAL_GENOME = ("VG_100K", "VG_100K_2")
"""Folders of its pictures, whose numbers are all that HA-DPO names them by."""


def opener(card: dict[str, Any], images: Path | None) -> Callable[[Item], Image]:
    """The way to open the picture of a pair."""
    folder = images or (Path(card["images"]) if card.get("images") else None)
    if "data" not in card and folder is not None:
        return lambda pair: open_from([folder], _found(folder, pair))
    name = str(card.get("data"))
    if name == "tabletop":
        name = "tabletop:broken:0-0"  # a scene's own name is enough to draw it
    open_image = load_dataset(name, folder).open_image
    return lambda pair: open_image(Sample(id=pair.id, image=pair.image))


def _found(folder: Path, pair: Item) -> Sample:
    """A published pair's picture in a folder, which may be Visual Genome's with its two parts."""
    places = (pair.image, *(f"{part}/{pair.image}" for part in VISUAL_GENOME))
    place = next((each for each in places if (folder / each).is_file()), pair.image)
    return Sample(id=pair.id, image=place)
