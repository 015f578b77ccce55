"""RePOPE: POPE's questions on COCO with their labels corrected by hand.

Questions whose answer is unclear are left out of its files. Source: Neuhaus and Hein 2025, "RePOPE:
Impact of Annotation Errors on the POPE Benchmark" (arXiv:2504.15707); files as
``annotations/coco_repope_*.json`` of https://github.com/YanNeu/RePOPE, which has no licence, so
whoever uses them brings them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from halluc.answers.rows import picture_id
from halluc.datasets.files import file_card
from halluc.datasets.pope import read_questions
from halluc.errors import InputError
from halluc.records import Label, Sample, Truth

# Older files have "imange".
_ASKED = re.compile(r"is there (?:an?|the|any) (.+?) in the im(?:an|a)ge", re.IGNORECASE)
_TRUTHS: Mapping[Label, Truth] = {"yes": Truth(label="yes"), "no": Truth(label="no")}

Key = tuple[str, str]
"""Picture and object."""


@dataclass
class Relabelled:
    """Corrected labels, and what they changed.

    Attributes:
        labels: the label of each picture and object.
        cards: name, SHA-256 and row count of each file.
        changes: how many questions of (split, POPE's label, RePOPE's label or "removed").
    """

    labels: Mapping[Key, Label]
    cards: list[dict[str, Any]]
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def relabel(self, sample: Sample) -> Sample | None:
        """A question of POPE with its corrected label; None where it was removed."""
        old = sample.truth.label if sample.truth else None
        label = self.labels.get(key_of(sample))
        self.changes[sample.split, str(old), label or "removed"] += 1
        return None if label is None else replace(sample, truth=_TRUTHS[label])

    def told(self) -> list[str]:
        """What was changed in each split, in words.

        Raises:
            InputError: most questions of a split are none of RePOPE's.
        """
        lines = []
        for split in dict.fromkeys(split for split, *_ in self.changes):
            mine = {key[1:]: number for key, number in self.changes.items() if key[0] == split}
            removed = {old: mine.get((old, "removed"), 0) for old in ("yes", "no")}
            asked = sum(mine.values())
            if 2 * sum(removed.values()) > asked:
                what = f"{sum(removed.values())} of {asked} questions of {split or 'these'}"
                raise InputError(
                    f"{what} are not in RePOPE's files; it corrects the three COCO splits of POPE, "
                    "and needs its file for each split that is scored"
                )
            lines.append(
                f"{split or 'all'}: {sum(removed.values())} of {asked} questions removed "
                f"({removed['yes']} yes, {removed['no']} no), {mine.get(('yes', 'no'), 0)} labels "
                f"changed from yes to no, {mine.get(('no', 'yes'), 0)} from no to yes"
            )
        return lines


def load(path: str | Path) -> Relabelled:
    """The labels of one of RePOPE's files, or of all in a folder.

    Raises:
        InputError: a file cannot be read, or two labels of a picture and object differ.
    """
    path = Path(path)
    files = sorted(path.glob("*repope*.json*")) if path.is_dir() else [path]
    if not files:
        raise InputError("no coco_repope_*.json in this folder", path)
    labels: dict[Key, Label] = {}
    cards = []
    for file in files:
        questions = read_questions(file)
        cards.append(file_card(file, len(questions)))
        for sample in questions:
            key, label = key_of(sample), sample.truth.label if sample.truth else None
            if label is not None and labels.setdefault(key, label) != label:
                what = f"{key[1]} in {key[0]} is yes in one place and no in another"
                raise InputError(f"{what}; take the published files", file)
    return Relabelled(labels, cards)


def key_of(sample: Sample) -> Key:
    """Picture and object of a question, so that answers of any edition of POPE fit.

    >>> key_of(Sample(id="1", image="COCO_val2014_000000000042.jpg",
    ...     prompt="Is there an apple in the imange?"))
    ('42', 'apple')
    """
    asked = _ASKED.search(sample.prompt or "")
    return picture_id(sample.image or ""), asked[1].lower() if asked else ""
