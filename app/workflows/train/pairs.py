"""Preference pairs to train on: read from a folder of ours or a published file, with pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluc.datasets.images import open_from
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.records import Sample
from mitigation.precorrection.pairs import Pair, pairs_hash, read_pairs
from mitigation.precorrection.published import read_published
from mitigation.precorrection.turns import Item

if TYPE_CHECKING:
    from PIL.Image import Image

VISUAL_GENOME = ("VG_100K", "VG_100K_2")
"""Folders of its pictures, whose numbers are all that HA-DPO names them by."""


def read_training_pairs(
    pairs: Path, images: Path | None
) -> tuple[dict[str, list[Pair]], Callable[[Item], Image], dict[str, Any]]:
    """The pairs of a folder of ours or of published files, their pictures, and what they are."""
    if pairs.is_file() or any(pairs.glob("*.parquet")):
        if images is None:
            raise InputError(
                "published pairs want the folder of their pictures: give --images", pairs
            )
        card: dict[str, Any] = {}
        splits = {"train": read_published(pairs, images), "test": list[Pair]()}
    else:
        card, splits = read_pairs(pairs)
    if not splits["train"]:
        raise InputError("holds no pairs to train on", pairs / "train.jsonl")
    every = all_pairs(splits)
    data = {"pairs": {"name": str(pairs), "rows": len(every), "sha256": pairs_hash(every)}}
    return splits, opener(card, images), data


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


def all_pairs(splits: dict[str, list[Pair]]) -> list[Pair]:
    """The pairs of all splits."""
    return [pair for some in splits.values() for pair in some]
