"""Pictures and prompts of one's own, one JSON row each."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.datasets.own_truth import read_own_truth
from halluc.errors import InputError
from halluc.jsonl import open_plain
from halluc.records import Label, Sample, TrueObject, Truth

# How a file of rows begins; a table of objects begins with the id of a picture.
_ROWS = re.compile(rb'\s*(\[|\{\s*"(id|image_id|image|prompt|split|objects|label|truth)"\s*:)')


class Row(msgspec.Struct):
    """A sample as a user writes it.

    Attributes:
        id: unique in the file.
        image: file name of the picture, in the folder of pictures.
        prompt: what to ask.
        split: part of the data it is in.
        objects: names of the objects in the picture, the short form of `truth`; of COCO's classes
            no others are in it.
        label: the right answer to a yes/no question.
        truth: all that is true of the picture; see `halluc.datasets.own_truth`.
        image_id: another name of `id`.
    """

    id: int | str | None = None
    image: str | None = None
    prompt: str | None = None
    split: str = ""
    objects: tuple[str, ...] | None = None
    label: Label | None = None
    truth: dict[str, Any] | None = None
    image_id: int | str | None = None


def has_rows(path: Path) -> bool:
    """Whether a file begins as `load` reads it.

    Raises:
        InputError: it cannot be read.
    """
    with open_plain(path) as file:
        return _ROWS.match(file.read(1024).removeprefix(BOM_UTF8)) is not None


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """Samples of a file of JSON lines (or a JSON array), as `Row` describes them.

    Args:
        path: the file.
        images: folder of the pictures; default: beside the file.

    Raises:
        InputError: the file cannot be read or is empty, a row is no sample, or an id comes twice;
            names the line.
    """
    path = Path(path)
    samples: dict[str, Sample] = {}
    for line, row in read_rows(path, Row):
        id = _id_of(row, path, line)
        if id in samples:
            raise InputError(
                f"id {id!r} stands already in a line above; ids must be unique", path, line
            )
        truth = None if row.truth is None else _truth_of(row.truth, path, line)
        if row.objects is not None or row.label is not None:
            if truth is not None:
                raise InputError('give either "truth" or "objects" and "label"', path, line)
            named = tuple(TrueObject(name=name) for name in row.objects or ())
            told: Literal["", "coco"] = "" if row.objects is None else "coco"
            truth = Truth(objects=named, label=row.label, exhaustive=told)
        samples[id] = Sample(
            id=id, image=row.image, prompt=row.prompt, split=row.split, truth=truth
        )
    if not samples:
        raise InputError("no samples in this file", path)
    return Dataset(
        name=f"jsonl:{path}",
        samples=list(samples.values()),
        open_image=partial(open_from, [images or path.parent]),
        card={"files": [file_card(path, len(samples))]},
    )


def _id_of(row: Row, path: Path, line: int) -> str:
    id = row.image_id if row.id is None else row.id
    if id is None:
        raise InputError("Object missing required field `id`", path, line)
    return str(id)


def _truth_of(written: dict[str, Any], path: Path, line: int) -> Truth:
    try:
        return read_own_truth(written)
    except InputError as error:
        raise InputError(str(error), path, line) from None
    except msgspec.ValidationError as error:
        raise InputError(str(error).replace("$", "$.truth"), path, line) from None
