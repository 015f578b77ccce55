"""Pictures of a run, opened inside its dataset only, as data that a page can hold."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halluc.datasets.images import inside, open_image, refused
from halluc.errors import InputError
from halluc.records import Sample

if TYPE_CHECKING:
    from PIL.Image import Image

LARGE, SMALL = 640, 280
"""Longer side of a picture in pixels, alone and in the grid."""


@dataclass(frozen=True)
class Picture:
    """A picture for a page.

    Attributes:
        source: the picture itself, as a ``data:`` address.
        width, height: of the original, in whose pixels boxes are.
    """

    source: str
    width: int
    height: int


def open_picture(card: dict[str, Any], sample: Sample, images: Path | None, side: int) -> Picture:
    """The picture of a sample.

    Args:
        card: the run's; its data set says where pictures lie.
        sample: the sample.
        images: folder of the pictures, where they do not lie with the data set.
        side: its longer side will not be longer.

    Raises:
        InputError: there is none, or its name leads out of the data set.
    """
    data = card.get("data")
    name = str(data.get("name", "")) if isinstance(data, dict) else ""
    if name.startswith("tabletop") and images is None:
        from halluc.datasets import tabletop

        return encode(tabletop.open_image(sample), side)
    if sample.image is None:
        raise InputError(f"sample {sample.id!r} has no picture")
    path = find_picture(folders(name, sample.split, images), sample.image)
    return encode(open_image(path, sample.id), side)


def folders(name: str, split: str, images: Path | None) -> list[Path]:
    """Where the pictures of a data set may lie, as its reader looks for them.

    Args:
        name: the data set, as in a result card ("coco:FOLDER").
        split: the sample's.
        images: the folder that the user gave.

    Raises:
        InputError: neither tells a folder.
    """
    if images is not None:
        return [images]
    form, _, rest = name.partition(":")
    if not rest or form == "tabletop":
        raise InputError("the run does not say where its pictures are; give --images FOLDER")
    place = Path(rest.split(",")[0].removesuffix(" questions"))
    root = place if place.is_dir() else place.parent
    inner = [root / each for each in (split, "images", "image") if each and refused(each) is None]
    return [*inner, root]


def find_picture(places: list[Path], name: str) -> Path:
    """The file of a picture in the first folder that has it.

    Raises:
        InputError: no folder has it, or name or a link leads out of the folder.
    """
    if (path := inside(places, name)) is not None:
        return path
    raise InputError(f"there is no picture {name[:80]!r} in {places[-1]}; give --images FOLDER")


def encode(image: Image, side: int) -> Picture:
    """A picture as a page can hold it, made smaller where it is longer than `side`."""
    width, height = image.size
    small = image.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    if max(width, height) <= 256:  # drawn scenes have hard edges
        small.save(buffer, "PNG", compress_level=1)
        kind = "png"
    else:
        small.save(buffer, "JPEG", quality=85)
        kind = "jpeg"
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(f"data:image/{kind};base64,{data}", width, height)
