"""Pictures from files: inside their data set only, of raster formats only, of bounded size."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from halluc.errors import InputError, said
from halluc.jsonl import reason
from halluc.records import Sample

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""What is read, as Pillow names it, whatever a file is called. Pillow reads others by starting
programs (PostScript by Ghostscript), or by codecs that few people try."""


def open_image(path: str | Path, sample: str, content: bytes | None = None) -> Image:
    """Read a picture as RGB, turned upright if its camera said so.

    Args:
        path: the file.
        sample: id of the sample it belongs to, for the message.
        content: the picture itself, where the file holds more than that.

    Raises:
        InputError: the file is missing, cannot be read, or is no picture.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    try:
        if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
            raise ValueError("no plain file")  # a pipe would be waited for
        source = path if content is None else BytesIO(content)
        with Image.open(source, formats=FORMATS) as image:
            return _as_rgb(ImageOps.exif_transpose(image), image.format)
    except UnidentifiedImageError:
        what = f"not a picture that can be read ({', '.join(FORMATS)})"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        what = f"more than {Image.MAX_IMAGE_PIXELS or 0:,} pixels; make it smaller"
    except (OSError, SyntaxError, ValueError) as error:
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
    if image.mode == "P" and isinstance(image.info.get("transparency"), bytes):
        image = image.convert("RGBA")  # by way of which Pillow asks to go
    return image.convert("RGB")


def open_from(folders: Sequence[Path], sample: Sample, name: str | None = None) -> Image:
    """Read a sample's picture from the first of some folders that has it.

    Args:
        folders: where it may lie.
        sample: the sample.
        name: of the file in them; None: as the sample names it.

    Raises:
        InputError: the sample has no picture, its name or a link leads out of the folder, or
            `open_image` says why not.
    """
    if sample.image is None:
        raise InputError(f"sample {sample.id!r} has no picture")
    name = sample.image if name is None else name
    path = inside(folders, name)
    return open_image(folders[0] / name if path is None else path, sample.id)


def inside(folders: Sequence[Path], name: str) -> Path | None:
    """The file of that name in the first folder that has it; None if none has.

    Raises:
        InputError: name or a link leads out of the folder.
    """
    if why := refused(name):
        raise InputError(f"the picture's name {name[:80]!r} {why}, so it is not opened")
    for folder in folders:
        root = folder.resolve()
        path = (root / name).resolve()
        if path.is_file():
            if not path.is_relative_to(root):
                raise InputError(
                    f"the picture's name {name[:80]!r} leads out of its folder by a link"
                )
            return path
    return None


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
