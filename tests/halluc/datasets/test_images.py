"""Pictures as they come: right, or one line with the sample's id."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from PIL import Image

from halluc.datasets.images import open_image
from halluc.errors import InputError

GREYS = numpy.linspace(0, 255, 256).astype(numpy.uint8).reshape(16, 16)
WIDE = GREYS.astype(numpy.uint16) * 257


def written(folder: Path, name: str, pixels: numpy.ndarray, **settings: object) -> Path:
    Image.fromarray(pixels).save(folder / name, **settings)
    return folder / name


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jp2"])
def test_greys_of_16_bits_are_scaled(name: str, tmp_path: Path) -> None:
    read = open_image(written(tmp_path, name, WIDE), "s")
    assert read.mode == "RGB"
    for channel in range(3):
        assert (numpy.asarray(read)[..., channel] == GREYS).all()


def test_greys_of_16_bits_of_the_portable_form(tmp_path: Path) -> None:
    for most in (65535, 4095):
        greys = (GREYS.astype(numpy.uint32) * most // 255).astype(">u2")
        (tmp_path / "a.pgm").write_bytes(f"P5 16 16 {most}\n".encode() + greys.tobytes())
        read = numpy.asarray(open_image(tmp_path / "a.pgm", "s"))[..., 0].astype(int)
        assert abs(read - GREYS).max() <= 1


@pytest.mark.parametrize("kind", [numpy.float32, numpy.int32])
def test_numbers_without_a_white_are_refused(kind: type, tmp_path: Path) -> None:
    file = written(tmp_path, "a.tif", GREYS.astype(kind))
    with pytest.raises(InputError, match=r"none is known to be white.*picture of sample 's'"):
        open_image(file, "s")


def forms() -> Iterator[tuple[str, str]]:
    """Every mode in every format that can hold it."""
    for mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"):
        for form in ("png", "tiff", "gif", "webp", "jpeg", "bmp"):
            with contextlib.suppress(OSError, KeyError, ValueError):
                Image.new("RGB", (4, 4)).convert(mode).save(io.BytesIO(), form)
                yield mode, form


@pytest.mark.parametrize(("mode", "form"), list(forms()))
def test_every_other_kind_of_picture_is_read(mode: str, form: str, tmp_path: Path) -> None:
    name = f"a.{form}"
    Image.fromarray(GREYS).convert("RGB").convert(mode).save(tmp_path / name)
    read = open_image(tmp_path / name, "s")
    assert read.mode == "RGB" and read.size == (16, 16)
    if mode in ("L", "RGB") and form in ("png", "tiff", "bmp"):
        assert (numpy.asarray(read)[..., 0] == GREYS).all()


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"]
)
def test_what_is_no_picture_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match="picture of sample 's'") as caught:
        open_image(tmp_path / "a.png", "s")
    assert "\n" not in str(caught.value)
