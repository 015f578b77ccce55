"""Pictures as they come: right, or one line with the sample's id."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from PIL import Image

from app.inspector.reading.live import read_upload
from halluc.datasets.images import open_from, open_image
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.records import Sample

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


def test_the_first_picture_of_several_is_read_without_a_word(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """Animations, phones' JPEG of several pictures, palettes whose colours are see-through."""
    first, second = Image.new("RGB", (40, 1), (9, 8, 7)), Image.new("RGB", (40, 1), (255, 0, 0))
    for name, form in {"a.png": "PNG", "a.jpg": "MPO", "a.gif": "GIF", "a.tif": "TIFF"}.items():
        first.copy().save(tmp_path / name, form, save_all=True, append_images=[second.copy()])
        assert sum(open_image(tmp_path / name, "s").getpixel((0, 0))) == pytest.approx(24, abs=6)
    first.convert("P").save(tmp_path / "p.png", transparency=bytes([0, 128, 255]))
    assert open_image(tmp_path / "p.png", "s").mode == "RGB"
    assert not recwarn.list


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"]
)
def test_what_is_no_picture_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match="picture of sample 's'") as caught:
        open_image(tmp_path / "a.png", "s")
    assert "\n" not in str(caught.value)


OUTSIDE = ("../secret.png", "{}/secret.png", "a/../../secret.png", "..\\secret.png", "link.png",
           "linked/secret.png", "%2e%2e/secret.png", "file:///secret.png", "~/secret.png",
           "")  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_reader_opens_a_picture_outside_of_its_data_set(name: str, tmp_path: Path) -> None:
    inner = tmp_path / "data"
    for folder in (inner, inner / "a"):
        folder.mkdir()
    secret = written(tmp_path, "secret.png", GREYS)
    (inner / "link.png").symlink_to(secret)
    (inner / "linked").symlink_to(tmp_path)
    named = name.format(tmp_path)
    row = {"id": "1", "image": named, "prompt": "?", "question_id": 1, "text": "?", "label": "yes"}
    (inner / "x.jsonl").write_text(json.dumps(row) + "\n")
    sizes = {"images": [{"id": 1, "file_name": named, "width": 9, "height": 9}],
             "annotations": [], "categories": []}  # fmt: skip
    (inner / "instances_val2014.json").write_text(json.dumps(sizes))
    for data in (f"jsonl:{inner / 'x.jsonl'}", f"pope:{inner / 'x.jsonl'}", f"coco:{inner}"):
        for images in (None, inner):
            dataset = load_dataset(data, images)
            with pytest.raises(InputError) as caught:
                dataset.open_image(dataset.samples[0])
            assert "\n" not in str(caught.value)


def test_a_link_of_the_whole_folder_is_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    written(tmp_path / "real", "a.png", GREYS)
    (tmp_path / "data").symlink_to(tmp_path / "real")
    assert open_from([tmp_path / "data"], Sample(id="s", image="a.png")).size == (16, 16)


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"


@pytest.mark.parametrize("content", [POSTSCRIPT, b"\xc5\xd0\xd3\xc6" + bytes(26) + POSTSCRIPT])
def test_postscript_named_as_a_picture_starts_no_program(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", start)
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match="not a picture that can be read"):
        open_image(tmp_path / "a.png", "s")
    with pytest.raises(InputError, match="no picture"):
        read_upload(content)


def test_a_picture_of_too_many_pixels_and_a_pipe_are_refused(tmp_path: Path) -> None:
    Image.new("1", (13_000, 13_000)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="more than "):
        open_image(tmp_path / "a.png", "s")
    os.mkfifo(tmp_path / "b.png")
    with pytest.raises(InputError, match="no plain file"):
        open_image(tmp_path / "b.png", "s")
