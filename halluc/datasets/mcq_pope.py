"""MCQ-POPE: POPE's questions as a choice of four, on which objects appear and which do not.

Source: the AllPath paper (NeurIPS 2025); files ``benchs/mcq_pope/coco/coco_mcq_*.jsonl`` of
https://github.com/SooLab/AllPath (MIT), which also have ``resampled_*`` splits on other pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.datasets.pope import split_of
from halluc.errors import InputError
from halluc.records import Sample

Letter = Literal["A", "B", "C", "D"]


class _Row(msgspec.Struct):
    question_id: int
    image: str
    text: str
    label: Letter


class Choices(NamedTuple):
    """Questions with their right choices.

    Attributes:
        dataset: the questions.
        letters: the right choice of each, by the sample's id.
    """

    dataset: Dataset
    letters: Mapping[str, Letter]


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file of MCQ-POPE, or of all the files of a folder; see `load_choices`."""
    path = Path(path)
    files = sorted(path.glob("*mcq*.json*")) if path.is_dir() else [path]
    if not files:
        raise InputError("no coco_mcq_*.jsonl in this folder", path)
    return load_choices([*files], images).dataset


def load_choices(paths: list[Path], images: Path | None = None) -> Choices:
    """The questions of several files, each a split, with ids such as "popular/17".

    Raises:
        InputError: a file cannot be read, a row is no question, or an id comes twice.
    """
    samples: dict[str, Sample] = {}
    letters: dict[str, Letter] = {}
    cards = []
    for path in paths:
        before, split = len(samples), split_of(path)
        for line, row in read_rows(path, _Row):
            id = f"{split}/{row.question_id}"
            if id in samples:
                raise InputError(f"a second question {id}; name each split once", path, line)
            samples[id] = Sample(id=id, image=row.image, prompt=row.text.strip(), split=split)
            letters[id] = row.label
        if len(samples) == before:
            raise InputError("no questions in this file", path)
        cards.append(file_card(path, len(samples) - before))
    name = "mcq-pope:" + ",".join(map(str, paths))
    opened = partial(open_from, [images or paths[0].parent])
    return Choices(Dataset(name, [*samples.values()], opened, {"files": cards}), letters)
