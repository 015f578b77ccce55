"""Pictures from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from halluc.errors import InputError
from halluc.jsonl import reason
from halluc.records import Sample

if TYPE_CHECKING:
    from PIL.Image import Image


def open_image(path: str | Path, sample: str) -> Image:
    """Read a picture as RGB, turned upright if its camera said so.

    Args:
        path: the file.
        sample: id of the sample it belongs to, for the message.

    Raises:
        InputError: the file is missing, cannot be read, or is no picture.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except UnidentifiedImageError:
        what = "not a picture that can be read"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        what = reason(error) if isinstance(error, OSError) else str(error)
    raise InputError(f"{what} (picture of sample {sample!r})", path)


def open_from(folder: Path, sample: Sample) -> Image:
    """Read a sample's picture from a folder of pictures.

    Raises:
        InputError: the sample has no picture, or `open_image` says why not.
    """
    if sample.image is None:
        raise InputError(f"sample {sample.id!r} has no picture")
    return open_image(folder / sample.image, sample.id)
