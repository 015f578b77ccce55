"""HaloQuest: questions with false premises, on what cannot be seen, and hard to see.

Source: Wang et al. 2024, "HaloQuest: A Visual Hallucination Dataset for Advancing Multimodal
Reasoning" (ECCV 2024, arXiv:2407.15680); ``haloquest-eval.csv`` of
https://github.com/google/haloquest (CC BY 4.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.datasets.images import open_from
from halluc.datasets.keys import ANSWERS
from halluc.datasets.tables import read_table
from halluc.errors import InputError
from halluc.records import Answer, Sample

_COLUMNS = ("image_name", "image type", "hallucination type", "question", "groundtruth responses")


class Quest(NamedTuple):
    """The questions of a file.

    Attributes:
        dataset: the questions.
        references: right answers to each, by the sample's id.
        answers: what a model answered, where the file has a column of answers.
    """

    dataset: Dataset
    references: Mapping[str, tuple[str, ...]]
    answers: list[Answer]


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file; see `load_quest`."""
    return load_quest(Path(path), images).dataset


def load_quest(path: Path, images: Path | None = None) -> Quest:
    """The questions of a file, their right answers, and a model's answers if there are any.

    Args:
        path: ``haloquest-eval.csv`` or one like it; a model's answers in a column "answer".
        images: folder of the pictures; default: beside the file.

    Returns:
        Samples with ids such as "generated/17": kind of the picture, row from 0; their split is the
        type of the question ("false premises").

    Raises:
        InputError: the file cannot be read, or a row lacks a column.
    """
    samples: list[Sample] = []
    references: dict[str, tuple[str, ...]] = {}
    answers: list[Answer] = []
    for number, (line, row) in enumerate(read_table(path, "csv")):
        if lacking := [name for name in _COLUMNS if not row.get(name)]:
            what = f'no "{lacking[0]}" in this row; HaloQuest has the columns {", ".join(_COLUMNS)}'
            raise InputError(what, path, line)
        id = f"{row['image type']}/{number}"
        image, split = str(row["image_name"]), str(row["hallucination type"])
        samples.append(Sample(id=id, image=image, prompt=str(row["question"]), split=split))
        told = (each.strip() for each in str(row["groundtruth responses"]).split(";"))
        references[id] = tuple(filter(None, told))
        said = next((row[name] for name in ANSWERS if name in row), None)
        if said is not None:
            answers.append(Answer(id, str(said), path, line))
    if not samples:
        raise InputError("no questions in this file", path)
    opened = partial(open_from, [images or path.parent])
    card = {"files": [file_card(path, len(samples))]}
    return Quest(Dataset(f"haloquest:{path}", samples, opened, card), references, answers)
