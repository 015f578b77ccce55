"""BEAF: the same yes/no questions on pictures and on copies with one object taken out.

Source: Ye-Bin et al. 2024, "BEAF: Observing BEfore-AFter Changes to Evaluate Hallucination in
Vision-language Models" (ECCV 2024, arXiv:2407.13442); file ``beaf_qna.json`` of
https://github.com/postech-ami/BEAF.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

ORIGINAL, REMOVED, KEPT = "original", "removed", "kept"
"""Splits: on a picture; on a copy, about the object that was taken out; about any other object."""


class _Row(msgspec.Struct):
    id: int | str
    image: str
    question: str
    orig_img: bool
    removed_q: bool
    gt: Label


def scene_of(sample: Sample) -> str:
    """The picture that a sample is about or is an edited copy of: X of X.jpg and of X_03.png.

    >>> scene_of(Sample(id="7", image="a_12_03.png", split=REMOVED))
    'a_12'
    """
    stem = (sample.image or "").rpartition(".")[0]
    return stem if sample.split == ORIGINAL else re.sub(r"_\d+$", "", stem)


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file of BEAF; their splits say what they are about.

    Args:
        path: ``beaf_qna.json``, of any edition.
        images: folder of the pictures; default: beside the file.

    Raises:
        InputError: the file cannot be read, a row is no question, or an id comes twice.
    """
    path = Path(path)
    samples: dict[str, Sample] = {}
    for line, row in read_rows(path, _Row):
        id = str(row.id)
        if id in samples:
            raise InputError(f"a second question {id}", path, line)
        split = ORIGINAL if row.orig_img else REMOVED if row.removed_q else KEPT
        truth = Truth(label=row.gt)
        samples[id] = Sample(id=id, image=row.image, prompt=row.question, split=split, truth=truth)
    if not samples:
        raise InputError("no questions in this file", path)
    opened = partial(open_from, [images or path.parent])
    card = {"files": [file_card(path, len(samples))]}
    return Dataset(f"beaf:{path}", [*samples.values()], opened, card)
