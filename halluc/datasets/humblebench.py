"""HumbleBench: questions of five choices, of which the last is "none of the above".

Source: Tong et al. 2025, "Measuring Epistemic Humility in Multimodal Large Language Models"
(arXiv:2509.09658); rows as its data loader of https://github.com/maifoundations/HumbleBench gives
and its results keep them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.records import Answer, Sample

Letter = Literal["A", "B", "C", "D", "E"]
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D", "E")
NONE: Letter = "E"
"""None of the above."""


class _Row(msgspec.Struct):
    question_id: int | str
    question: str
    label: Letter
    type: str = ""
    file_name: str | None = None
    image: Any = None
    prediction: str | None = None


class Choices(NamedTuple):
    """Questions with their right choices, and the answers where the file has them.

    Attributes:
        dataset: the questions; their split is their type.
        letters: the right choice of each, by the sample's id.
        answers: what a model predicted.
    """

    dataset: Dataset
    letters: Mapping[str, Letter]
    answers: list[Answer]


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file; see `load_choices`."""
    return load_choices(Path(path), images).dataset


def load_choices(path: Path, images: Path | None = None) -> Choices:
    """The questions of a file of rows, such as ``metadata.jsonl`` or a file of results.

    Args:
        path: rows ``{question_id, question, label, type, file_name}``, with ``prediction`` in
            results; or ``image`` with a path in it.
        images: folder of the pictures; default: beside the file.

    Raises:
        InputError: the file cannot be read, a row is no question, or an id comes twice.
    """
    samples: dict[str, Sample] = {}
    letters: dict[str, Letter] = {}
    answers: list[Answer] = []
    for line, row in read_rows(path, _Row):
        id = str(row.question_id)
        if id in samples:
            raise InputError(f"a second question {id}", path, line)
        samples[id] = Sample(id=id, image=_picture(row), prompt=row.question, split=row.type)
        letters[id] = row.label
        if row.prediction is not None:
            answers.append(Answer(id, row.prediction, path, line))
    if not samples:
        raise InputError("no questions in this file", path)
    opened = partial(open_from, [images or path.parent])
    card = {"files": [file_card(path, len(samples))]}
    dataset = Dataset(f"humblebench:{path}", [*samples.values()], opened, card)
    return Choices(dataset, letters, answers)


def _picture(row: _Row) -> str | None:
    """The picture's name: as the file has it, or the last part of a path that a loader kept."""
    if row.file_name:
        return row.file_name
    told = row.image.get("path") if isinstance(row.image, dict) else row.image
    return PurePosixPath(told).name if isinstance(told, str) and told else None
