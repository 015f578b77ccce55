"""The gold set of claims marked by hand, and how near the reader comes to it.

Rows are JSON: key, half ("tuned" or "held"), sha256 (the first 16 hex digits of the text's), claims
and the text itself or the file that it is in. Matching: an object by its span and class; an
attribute by its span and the class of what it is about; a relation by an overlap of the
predicates' spans and both classes. What is marked optional counts neither as found nor as
missing nor as false.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from halluc.language.claims.reader import read_claims
from halluc.records import Claim, Kind, Stance

FOLDER = Path(__file__).resolve().parents[1] / "gold"
KINDS: tuple[Kind, ...] = ("object", "attribute", "relation")


class Marked(msgspec.Struct, frozen=True):
    """A claim marked by hand."""

    kind: Kind
    start: int
    end: int
    subject: str
    object: str = ""
    stance: Stance = "asserted"
    optional: bool = False


class Row(msgspec.Struct, frozen=True):
    """A text with its claims; `text` is empty where the file has it."""

    key: str
    sha256: str
    claims: list[Marked]
    half: str = ""
    text: str = ""
    file: str = ""


class Miss(NamedTuple):
    """A claim that only one side has."""

    key: str
    what: str
    text: str
    claim: Claim | Marked


@dataclass
class Figures:
    """Counts by kind, what differs, and each claim read with whether it is marked."""

    right: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    same_stance: Counter[str] = field(default_factory=Counter)
    misses: list[Miss] = field(default_factory=list)
    read: list[tuple[Claim, bool]] = field(default_factory=list)

    def precision(self, kind: str) -> float:
        """The share of claims read that are marked."""
        return self.right[kind] / max(1, self.right[kind] + self.false[kind])

    def recall(self, kind: str) -> float:
        """The share of marked claims that are read."""
        return self.right[kind] / max(1, self.right[kind] + self.missing[kind])

    def f1(self, kind: str) -> float:
        """The harmonic mean of both."""
        both = 2 * self.right[kind] + self.false[kind] + self.missing[kind]
        return 2 * self.right[kind] / max(1, both)


def read_gold(path: Path, shared: Path) -> list[tuple[Row, str]]:
    """Rows of a file of the gold set, each with its text.

    Args:
        path: the file.
        shared: folder of the published data.

    Raises:
        LookupError: a row's text is not where the row says.
    """
    decoder = msgspec.json.Decoder(Row)
    rows = [decoder.decode(line) for line in path.read_bytes().splitlines() if line.strip()]
    found = []
    for row in rows:
        text = row.text or texts_of(shared / row.file).get(row.sha256)
        if text is None or _digest(text) != row.sha256:
            raise LookupError(f"{path}: the text of {row.key} is not in {row.file}")
        found.append((row, text))
    return found


def compare(rows: Iterable[tuple[Row, str]]) -> Figures:
    """Figures of the reader on rows of the gold set."""
    rows = list(rows)
    figures = Figures()
    for (row, text), claims in zip(rows, read_claims([text for _, text in rows]), strict=True):
        _compare(row, text, claims, figures)
    return figures


def _compare(row: Row, text: str, claims: list[Claim], figures: Figures) -> None:
    # What must be found first, so that an optional neighbour does not take its claim.
    free = sorted(row.claims, key=lambda marked: marked.optional)
    for claim in claims:
        marked = next((each for each in free if _matches(claim, each)), None)
        figures.read.append((claim, marked is not None))
        if marked is None:
            figures.false[claim.kind] += 1
            figures.misses.append(Miss(row.key, "false", text, claim))
            continue
        free.remove(marked)
        if not marked.optional:
            figures.right[claim.kind] += 1
            figures.same_stance[claim.kind] += claim.stance == marked.stance
            if claim.stance != marked.stance:
                figures.misses.append(Miss(row.key, f"not {marked.stance}", text, claim))
    for marked in free:
        if not marked.optional:
            figures.missing[marked.kind] += 1
            figures.misses.append(Miss(row.key, "missing", text, marked))


def _matches(claim: Claim, marked: Marked) -> bool:
    if (claim.kind, claim.subject, claim.object) != (marked.kind, marked.subject, marked.object):
        return False
    if claim.kind == "relation":
        return claim.start < marked.end and marked.start < claim.end
    return (claim.start, claim.end) == (marked.start, marked.end)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def texts_of(path: Path) -> dict[str, str]:
    """The captions of a published file by the beginning of their SHA-256."""
    return {_digest(text): text for text in _captions(path)}


def _captions(path: Path) -> Iterator[str]:
    content = path.read_text(encoding="utf-8")
    try:
        rows = json.loads(content)["sentences"]
    except json.JSONDecodeError:
        rows = [json.loads(line) for line in content.splitlines() if line.strip()]
    for row in rows:
        if (text := row.get("caption", row.get("text"))) is not None:
            yield text
