"""Verdicts on objects of published captions against COCO's truth, marked by hand.

Rows of `tests/gold/verdicts.jsonl`: a word of a caption by file, the beginning of the text's
SHA-256 and its place, the class that it was read as, the marks of two annotators and the settled
one: "yes" where the caption states that such a thing is in the picture. 330 claims that an earlier
reader called hallucinated and 330 that it called supported, drawn at random; halves are apart by
picture. Whether the thing is there is told by COCO's truth.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec
from gold import FOLDER, texts_of

from halluc.answers.rows import picture_id
from halluc.answers.truths import read_truths
from halluc.language.claims.reader import read_claims
from halluc.language.claims.verdicts import LEAST_SURE, judge
from halluc.language.words.offline import offline_words


class Mark(msgspec.Struct, frozen=True):
    """A word with its marks."""

    file: str
    id: str
    half: str
    sha256: str
    start: int
    end: int
    subject: str
    first: str
    second: str
    settled: str


class Told(NamedTuple):
    """A marked word, the verdict that it got ("" where it was no claim), and the right one."""

    mark: Mark
    text: str
    verdict: str
    right: str


def read_marks(half: str) -> list[Mark]:
    """The rows of a half."""
    decoder = msgspec.json.Decoder(Mark)
    rows = (FOLDER / "verdicts.jsonl").read_bytes().splitlines()
    return [mark for row in rows if (mark := decoder.decode(row)).half == half]


def verdicts_on(half: str, shared: Path, least: float = LEAST_SURE) -> list[Told]:
    """What the reader and the judge say of each marked word.

    Args:
        half: "tuned" or "held".
        shared: folder of the published data.
        least: claims whose reading is less sure are unverifiable.
    """
    marks = read_marks(half)
    source = shared / "coco" / "coco_gt_objects_wordnet.json.gz"
    truths = read_truths(str(source), {picture_id(each.id) for each in marks}, offline_words)
    texts = {each.sha256: texts_of(shared / each.file)[each.sha256] for each in marks}
    claims = dict(zip(texts, read_claims(texts.values()), strict=True))
    told = []
    for mark in marks:
        truth = truths[picture_id(mark.id)]
        found = judge("", claims[mark.sha256], truth, "finegrained", least)
        verdict = next(
            (
                each.verdict
                for each in found
                if each.claim.kind == "object"
                and (each.claim.start, each.claim.end) == (mark.start, mark.end)
            ),
            "",
        )
        right = "supported" if mark.subject in truth.names else "hallucinated"
        right = right if mark.settled == "yes" else "unverifiable"
        told.append(Told(mark, texts[mark.sha256], verdict, right))
    return told


def rates(told: list[Told], verdict: str) -> tuple[float, float]:
    """Precision and recall of a verdict."""
    counts = Counter((each.verdict == verdict, each.right == verdict) for each in told)
    right = counts[True, True]
    return right / max(1, right + counts[True, False]), right / max(1, right + counts[False, True])


def agreement(marks: list[Mark]) -> tuple[float, float]:
    """The share of words on which both marks agree, and Cohen's kappa."""
    both = Counter((each.first, each.second) for each in marks)
    total = len(marks)
    same = (both["yes", "yes"] + both["no", "no"]) / total
    one, two = (sum(n for key, n in both.items() if key[at] == "yes") / total for at in (0, 1))
    chance = one * two + (1 - one) * (1 - two)
    return same, (same - chance) / (1 - chance)
