"""Attributes and relations of written captions, each marked by hand with its verdict.

`tests/gold/scenes.txt` says how they are written down. A mark and a claim are the same where their
words overlap and their classes agree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from written import truth_of

from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import coco_things
from halluc.language.claims.truths import in_words_of
from halluc.language.claims.verdicts import LEAST_SURE, judge
from halluc.records import Claim, Truth

FILE = Path(__file__).resolve().parents[1] / "gold" / "scenes.txt"
_MARK = re.compile(r"\[([^:\]]+):([^\]]+)\]")
_VERDICTS = {"+": "supported", "-": "hallucinated", "?": "unverifiable"}


class Mark(NamedTuple):
    """An attribute or relation of a caption with the right verdict; `object` of relations only."""

    start: int
    end: int
    subject: str
    object: str
    right: str


class Caption(NamedTuple):
    """A caption of a picture with its marks."""

    text: str
    truth: Truth
    marks: list[Mark]


class Judged(NamedTuple):
    """A place of a caption: the verdict that it got ("" where it was no claim), and the right one.

    `right` is "" where nothing is marked, so nothing is stated.
    """

    text: str
    kind: str
    said: tuple[int, int]
    about: str
    verdict: str
    right: str


def captions(half: str) -> list[Caption]:
    """The captions of a half, "tuned" or "held"."""
    found, scene, truth = [], -1, Truth()
    lines = FILE.read_text(encoding="utf-8").split("\n\n", 1)[1].splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if before.startswith("## "):
            scene, truth = scene + 1, truth_of(line, {})
        elif line and not line.startswith("## ") and ("tuned", "held")[scene % 2] == half:
            found.append(_caption(line, truth))
    return found


def _caption(line: str, truth: Truth) -> Caption:
    text, marks, done = "", [], 0
    for found in _MARK.finditer(line):
        text += line[done : found.start()]
        for mark in found[2].split(";"):
            about, verdict = mark.rsplit(":", 1)
            subject, _, object = about.partition(">")
            end = len(text) + len(found[1])
            marks.append(Mark(len(text), end, subject, object, _VERDICTS[verdict]))
        text += found[1]
        done = found.end()
    return Caption(text + line[done:], truth, marks)


def judged(half: str, least: float = LEAST_SURE) -> Iterator[Judged]:
    """What the reader and the judge say of each mark of a half, and of what is not marked."""
    told = captions(half)
    for caption, claims in zip(told, read_claims(each.text for each in told), strict=True):
        truth = in_words_of(coco_things(), caption.truth)
        free = [
            each
            for each in judge("", claims, truth, "finegrained", least)
            if each.claim.kind != "object"
        ]
        for mark in caption.marks:
            found = next((each for each in free if _same(each.claim, mark)), None)
            if found is not None:
                free.remove(found)
            yield Judged(
                caption.text,
                "relation" if mark.object else "attribute",
                (mark.start, mark.end),
                mark.subject + f" > {mark.object}" * bool(mark.object),
                found.verdict if found else "",
                mark.right,
            )
        for each in free:
            claim = each.claim
            about = claim.subject + f" > {claim.object}" * bool(claim.object)
            said = claim.start, claim.end
            yield Judged(caption.text, claim.kind, said, about, each.verdict, "")


def rates(told: list[Judged], verdict: str) -> tuple[float, float]:
    """Precision and recall of a verdict."""
    counts = Counter((each.verdict == verdict, each.right == verdict) for each in told)
    right = counts[True, True]
    return right / max(1, right + counts[True, False]), right / max(1, right + counts[False, True])


def _same(claim: Claim, mark: Mark) -> bool:
    return (claim.subject, claim.object) == (mark.subject, mark.object) and (
        claim.start < mark.end and mark.start < claim.end
    )
