"""Pictures from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from halluc.errors import InputError, said
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
            return _as_rgb(ImageOps.exif_transpose(image), image.format)
    except UnidentifiedImageError:
        what = "not a picture that can be read"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        what = reason(error) if isinstance(error, OSError) else str(error)
    except Exception as error:  # decoders fail in their own ways on what is broken
        what = f"not a picture that can be read ({said(error)})"
    raise InputError(f"{what} (picture of sample {sample!r})", path)


def _as_rgb(image: Image, form: str | None) -> Image:
    """A picture with 8 bits a channel; greys of 16 bits, which Pillow would cut off, are scaled.

    Raises:
        ValueError: nothing tells which number is white.
    """
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and form == "PPM")
    if sixteen:
        import numpy
        from PIL import Image

        greys = numpy.asarray(image).astype(numpy.uint32)
        return Image.fromarray(((greys + 128) // 257).astype(numpy.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        kind = "floating-point numbers" if image.mode == "F" else "integers of 32 bits"
        raise ValueError(f"its pixels are {kind}, of which none is known to be white; save 8 bits")
    return image.convert("RGB")


def open_from(folder: Path, sample: Sample) -> Image:
    """Read a sample's picture from a folder of pictures.

    Raises:
        InputError: the sample has no picture, or `open_image` says why not.
    """
    if sample.image is None:
        raise InputError(f"sample {sample.id!r} has no picture")
    return open_image(folder / sample.image, sample.id)
