"""R-Bench: yes/no questions on relations, on whole pictures and on two things in boxes.

Source: Wu et al. 2024, "Evaluating and Analyzing Relationship Hallucinations in Large
Vision-Language Models" (ICML 2024, arXiv:2406.16449); files ``image-level_filterd.json``,
``instance-level_filterd.json`` and ``web_data.json`` of https://github.com/mrwu-mac/R-Bench
(Apache-2.0). On instances, boxes are drawn into the picture and named in the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDTH = 4
_Box = tuple[float, float, float, float]


class _Row(msgspec.Struct):
    question_id: int | str
    image: str
    text: str
    label: str
    type: str = ""
    subject: str = ""
    object: str = ""
    sub_box: _Box | None = None
    obj_box: _Box | None = None


class _Boxes(NamedTuple):
    """Left, top, right and bottom of subject (red) and object (green), as shares of the picture."""

    red: _Box
    green: _Box


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file.

    Args:
        path: a file of R-Bench.
        images: folder of the pictures; default: beside the file.

    Returns:
        Samples with the questions' ids; their split is "image", "instance", or the type of the
        question (counterfactual, illusion) where the file tells one.

    Raises:
        InputError: the file cannot be read, a row is no question, or an id comes twice.
    """
    path = Path(path)
    samples: dict[str, Sample] = {}
    boxes: dict[str, _Boxes] = {}
    for line, row in read_rows(path, _Row):
        id = str(row.question_id)
        if id in samples:
            raise InputError(f"a second question {id}", path, line)
        prompt = row.text
        if row.sub_box and row.obj_box:
            boxes[id] = _Boxes(row.sub_box, row.obj_box)
            prompt = _with_boxes(prompt, row.subject.lower(), row.object.lower())
        samples[id] = Sample(
            id=id,
            image=row.image,
            prompt=prompt,
            split=row.type or ("instance" if id in boxes else "image"),
            truth=Truth(label=_label(row.label, path, line)),
        )
    if not samples:
        raise InputError("no questions in this file", path)
    opened = partial(_open, images or path.parent, boxes)
    card = {"files": [file_card(path, len(samples))]}
    return Dataset(f"r-bench:{path}", [*samples.values()], opened, card)


def _label(written: str, path: Path, line: int) -> Label:
    """The right answer as the published script reads a label: "no" anywhere, in any case, is no."""
    told = written.lower()
    if "no" not in told and "yes" not in told:
        raise InputError(f'the "label" must be yes or no, not {written[:40]!r}', path, line)
    return "no" if "no" in told else "yes"


def _with_boxes(question: str, subject: str, object: str) -> str:
    """A question that names the boxes, made as the published one is."""
    for name, color in ((subject, "red"), (object, "green")):
        if name:
            question = question.replace(name, f"{name} in {color} bounding box")
    return question


def _open(folder: Path, boxes: Mapping[str, _Boxes], sample: Sample) -> Image:
    image = open_from([folder], sample)
    if sample.id in boxes:
        from PIL import ImageDraw

        drawn = ImageDraw.Draw(image)
        for color, (left, top, right, bottom) in boxes[sample.id]._asdict().items():
            x, y = (
                sorted((left * image.width, right * image.width)),
                sorted((top * image.height, bottom * image.height)),
            )
            drawn.rectangle((x[0], y[0], x[1], y[1]), outline=color, width=_WIDTH)
    return image
