"""Reefknot: yes/no questions and choices on relations in pictures of Visual Genome.

Source: Zheng et al. 2024, "Reefknot: A Comprehensive Benchmark for Relation Hallucination
Evaluation, Analysis and Mitigation in Multimodal Large Language Models" (arXiv:2408.09429); files
``YESNO.jsonl`` and ``Multichoice.jsonl`` of https://github.com/JackChen-seu/Reefknot. Its rows have
no ids; here they are numbered from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.files import file_card, read_rows
from halluc.datasets.images import open_from
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

LETTERS = ("A", "B", "C", "D")


class _Row(msgspec.Struct):
    image_id: int | str
    query_prompt: str
    label: str
    relation_type: str
    response: str | None = None


class Question(NamedTuple):
    """A question as a file has it.

    Attributes:
        path, line: where it stands.
        sample: with an id such as "YESNO/17"; its split is the type of the relation.
        right: yes, no, or a letter.
        text: what a model answered; empty where the file has no answers.
    """

    path: Path
    line: int
    sample: Sample
    right: str
    text: str


class Asked(NamedTuple):
    """The questions of several files.

    Attributes:
        questions: yes/no questions and choices.
        cards: of the files.
        open_ended: how many were left out, since they want words.
    """

    questions: list[Question]
    cards: list[dict[str, object]]
    open_ended: int


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The questions of a file, or of all the .jsonl of a folder; see `read_questions`."""
    path = Path(path)
    asked = read_questions(sorted(path.glob("*.jsonl")) if path.is_dir() else [path])
    opened = partial(open_from, [images or (path if path.is_dir() else path.parent)])
    samples = [each.sample for each in asked.questions]
    return Dataset(f"reefknot:{path}", samples, opened, {"files": asked.cards})


def read_questions(paths: Sequence[Path]) -> Asked:
    """The questions of files, of which each has a name of its own.

    Raises:
        InputError: a file cannot be read, a row is no question, or there is none to be scored.
    """
    questions: list[Question] = []
    cards: list[dict[str, object]] = []
    open_ended = 0
    for path in paths:
        number = 0
        name = path.name.partition(".")[0]
        if any(each.path.name.partition(".")[0] == name for each in questions):
            raise InputError(f"a second file {name}; rows are told apart by their file", path)
        for number, (line, row) in enumerate(read_rows(path, _Row), 1):
            right = row.label.strip().lower()
            right = right.upper() if right.upper() in LETTERS else right
            if right not in ("yes", "no", *LETTERS):
                open_ended += 1
                continue
            picture = str(row.image_id)
            label: Label | None = "yes" if right == "yes" else "no" if right == "no" else None
            sample = Sample(
                id=f"{name}/{number}",
                image=picture if picture.endswith(".jpg") else f"{picture}.jpg",
                prompt=row.query_prompt,
                split=row.relation_type,
                truth=Truth(label=label) if label else None,
            )
            questions.append(Question(path, line, sample, right, row.response or ""))
        cards.append(file_card(path, number))
    if not questions:
        what = "no yes/no questions and no choices of Reefknot"
        raise InputError(what, paths[0] if paths else None)
    return Asked(questions, cards, open_ended)
