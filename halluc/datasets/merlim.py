"""MERLIM's relations: yes/no questions on pictures and on copies with one object taken out.

Source: Villa et al. 2025, "Behind the Magic, MERLIM: Multi-modal Evaluation Benchmark for Large
Image-Language Models" (arXiv:2312.02219); ``rel_task_set_eval_{curated,random}_v3`` of
https://github.com/ojedaf/MERLIM (CC BY 4.0). They are published as pickles, which run code when
they are opened; what is read here are their rows as JSON.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.beaf import scene_of
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

ORIGINAL, EDITED = "original", "edited"
"""Splits: on a picture; on a copy from which an object was taken."""
NEGATED = "negated"
"""Behind a split: of a question in its negated form."""


class _Row(msgspec.Struct):
    orig_img: str
    edited_img: str
    question: str
    question_neg: str
    orig: Label
    orig_neg: Label
    edited: Label
    edited_neg: Label


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file, each once a picture.

    Args:
        path: rows with the names above.
        images: folder of pictures and copies; default: beside the file.

    Returns:
        Samples with ids such as "632_2.png/1" (the picture, the number of the question on it);
        their splits are "original", "edited", "original negated" and "edited negated".

    Raises:
        InputError: the file cannot be read, a row is no question, the copy does not bear its
            picture's name, or a question has two right answers.
    """
    path = Path(path)
    samples: dict[tuple[str, str], Sample] = {}
    numbers: dict[str, int] = {}
    written = list(read_rows(path, _Row))
    for line, row in written:
        for image, split, asked, right in (
            (row.orig_img, ORIGINAL, row.question, row.orig),
            (row.orig_img, f"{ORIGINAL} {NEGATED}", row.question_neg, row.orig_neg),
            (row.edited_img, EDITED, row.question, row.edited),
            (row.edited_img, f"{EDITED} {NEGATED}", row.question_neg, row.edited_neg),
        ):
            known = samples.get((image, asked))
            if known is None:
                numbers[image] = numbers.get(image, 0) + 1
                samples[image, asked] = Sample(
                    id=f"{image}/{numbers[image]}",
                    image=image,
                    prompt=asked,
                    split=split,
                    truth=Truth(label=right),
                )
            elif known.truth is None or known.truth.label != right:
                what = f"{asked!r} has another right answer on {image} further up"
                raise InputError(what, path, line)
        copy = scene_of(samples[row.edited_img, row.question])
        if copy != row.orig_img.rpartition(".")[0]:
            what = f"{row.edited_img} does not bear the name of {row.orig_img} with a number behind"
            raise InputError(what, path, line)
    if not samples:
        raise InputError("no questions in this file", path)
    opened = partial(open_from, [images or path.parent])
    card = {"files": [file_card(path, len(written))]}
    return Dataset(f"merlim:{path}", [*samples.values()], opened, card)
