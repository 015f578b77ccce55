"""Pictures of a run, opened inside its dataset only, as data that a page can hold."""

from __future__ import annotations

import base64
import io
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

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
    from halluc.datasets.images import open_image

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


def refused(name: str) -> str | None:
    """Why a picture's name is none that stays inside a folder; None where it may be opened.

    >>> refused("../secret.png")
    'leads out of its folder'
    >>> refused("val2014/COCO_1.jpg") is None
    True
    """
    decoded, before = name, ""
    while decoded != before:  # names may be encoded twice
        before, decoded = decoded, unquote(decoded)
    why = {
        "is empty": not name.strip(),
        "has control characters": any(
            unicodedata.category(each) in ("Cc", "Cf", "Cs") for each in decoded
        ),
        "is an address": re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", decoded) is not None,
        "is absolute": PurePosixPath(decoded).is_absolute()
        or PureWindowsPath(decoded).anchor != ""
        or decoded.startswith("~"),
        "leads out of its folder": ".." in re.split(r"[/\\]", decoded),
        "is encoded": decoded != name and re.search(r"[/\\]", decoded) is not None
        and not re.search(r"[/\\]", name),
    }  # fmt: skip
    return next((reason for reason, holds in why.items() if holds), None)


def find_picture(places: list[Path], name: str) -> Path:
    """The file of a picture in the first folder that has it.

    Raises:
        InputError: no folder has it, or name or a link leads out of the folder.
    """
    if why := refused(name):
        raise InputError(f"the picture's name {name[:80]!r} {why}, so it is not opened")
    for place in places:
        root = place.resolve()
        path = (root / name).resolve()
        if path.is_file():
            if not path.is_relative_to(root):
                raise InputError(
                    f"the picture's name {name[:80]!r} leads out of its folder by a link"
                )
            return path
    raise InputError(f"there is no picture {name[:80]!r} in {places[-1]}; give --images FOLDER")


def encode(image: Image, side: int) -> Picture:
    """A picture as a page can hold it, made smaller where it is longer than `side`."""
    width, height = image.size
    small = image.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    if max(width, height) <= 256:  # drawn scenes have hard edges
        small.save(buffer, "PNG")
        kind = "png"
    else:
        small.save(buffer, "JPEG", quality=85)
        kind = "jpeg"
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(f"data:image/{kind};base64,{data}", width, height)
