"""Published POPE question files, recognised by what they ask.

Copies of the same questions circulate as JSON lines and arrays, with their keys in another order,
and with a typo: an older generator turned every "a" of a question into "an" before a vowel, so also
that of "image". The hash of an edition is over its rows without those differences; whether a copy
has the typo is shown.

Sources: https://github.com/RUCAIBox/POPE, https://github.com/shikiw/OPERA (which keeps the older
random split), https://github.com/haotian-liu/LLaVA (all three splits in one file, without labels).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from halluc.datasets.files import file_card, read_rows
from halluc.errors import InputError
from halluc.records import Label

TYPO = "imange"


class Row(NamedTuple):
    """What a question file says in a row.

    Attributes:
        id: number of the question.
        image, text: the picture's file name, the question.
        label: the right answer, None in files without.
        category: the split, in files of several.
    """

    id: int
    image: str
    text: str
    label: Label | None
    category: str = ""


EDITIONS = {
    "988c38daf39cb990": "POPE COCO random",
    "c1584d6bb757325e": "POPE COCO random, the older edition of 2,910",
    "468697667b6e67f4": "POPE COCO popular",
    "5e4581f3c05f2464": "POPE COCO adversarial",
    "8c1eaf7b7863e65a": "POPE A-OKVQA random",
    "64c707ab553c74c5": "POPE A-OKVQA popular",
    "2e8b6ddc0bc63f69": "POPE A-OKVQA adversarial",
    "643e83af20cd791e": "POPE GQA random",
    "5f48f0427ea640f6": "POPE GQA popular",
    "b06abb19b83b08f8": "POPE GQA adversarial",
    "5ee8ab65faff7c9c": "LLaVA's POPE COCO, random of 2,910",
}
"""Published files by `content_hash`."""

MOST_ROWS = 10_000
"""No published file has so many rows, so longer ones need not be hashed."""


class Verified(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a question file is.

    Attributes:
        file, sha256, rows: its name, the hash of its bytes, number of questions.
        edition: the published one that it holds, None if unknown.
        yes, no: labels; None in a file without.
        typos: rows with "imange" for "image".
        categories: number of questions by split, in files of several.
    """

    file: str
    sha256: str
    rows: int
    edition: str | None
    yes: int | None
    no: int | None
    typos: int
    categories: dict[str, int] = {}


class _Question(msgspec.Struct):
    question_id: int
    image: str
    text: str
    label: Label | None = None
    category: str = ""


def verify(path: str | Path) -> Verified:
    """Say which published question file this is, or what it holds.

    Raises:
        InputError: the file cannot be read, is empty, or a row is no question; names the line.
    """
    rows = [
        Row(row.question_id, row.image, row.text, row.label, row.category)
        for _, row in read_rows(path, _Question)
    ]
    if not rows:
        raise InputError("no questions in this file", path)
    labels = [row.label for row in rows]
    labelled = any(labels)
    card = file_card(path, len(rows))
    return Verified(
        file=card["file"],
        sha256=card["sha256"],
        rows=len(rows),
        edition=edition_of(rows),
        yes=labels.count("yes") if labelled else None,
        no=labels.count("no") if labelled else None,
        typos=sum(TYPO in row.text for row in rows),
        categories=_categories(rows),
    )


def _categories(rows: Iterable[Row]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for row in rows:
        if row.category:
            numbers[row.category] = numbers.get(row.category, 0) + 1
    return numbers


def edition_of(rows: Sequence[Row]) -> str | None:
    """The published file that holds these questions, in any order; None if there is none."""
    return EDITIONS.get(content_hash(rows))


def content_hash(rows: Iterable[Row]) -> str:
    """SHA-256 of questions as 16 hex digits, whatever their order, file form and typos.

    >>> one, other = Row(1, "a.jpg", "In the image?", "no"), Row(1, "a.jpg", "In the imange?", "no")
    >>> content_hash([one]) == content_hash([other])
    True
    """
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda row: (row.category, row.id)):
        text = row.text.replace(TYPO, "image")
        fields = row.category, str(row.id), row.image, text, row.label or ""
        digest.update("\t".join(fields).encode() + b"\n")
    return digest.hexdigest()[:16]
