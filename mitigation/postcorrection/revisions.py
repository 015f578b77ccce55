"""What a revision asked, what it changed in a caption and why: one line of JSON a caption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halluc.errors import InputError
from halluc.jsonl import read_jsonl
from halluc.language.claims.things import Things
from halluc.mllm import MLLM
from halluc.records import Kind, Record, Response
from mitigation.postcorrection.factors import Factors

if TYPE_CHECKING:
    from PIL.Image import Image

FILE = "revisions.jsonl"
"""The file in a revised run."""


class Asked(Record, frozen=True):
    """A question on the picture and the MM-LLM's answer.

    Attributes:
        question: as it was asked.
        answers: probability of each short answer, where it was asked for those.
        text: what was answered, where it could answer freely.
        confidence: probability of the first token of that text.
    """

    question: str
    answers: Mapping[str, float] = {}
    text: str = ""
    confidence: float | None = None


class Check(Record, frozen=True):
    """Something that a caption claims, and what the MM-LLM said to it.

    Attributes:
        kind: object, attribute (numbers too), or relation.
        subject: the class it is about.
        family, value: of an attribute, as the caption states it; `value` also of a relation.
        object: what a relation is to.
        asked: the questions with their answers.
        factors: of the object's first mention, where a detector used them.
        wrong: probability that the claim does not hold; None where the answers do not say.
        instead: what is said in its place; None: the claim stays, empty: it goes.
    """

    kind: Kind
    subject: str
    family: str = ""
    value: str = ""
    object: str = ""
    asked: tuple[Asked, ...] = ()
    factors: Factors | None = None
    wrong: float | None = None
    instead: str | None = None


class Edit(Record, frozen=True):
    """A stretch of the original caption and what stands in its place.

    Attributes:
        start, end: characters of the original.
        before, after: the words there, and those instead.
        why: the wrong claims that it corrects ("knife", "cup: color red").
    """

    start: int
    end: int
    before: str
    after: str
    why: tuple[str, ...] = ()


class Mask(Record, frozen=True):
    """A stretch of the original caption that was hidden from a revisor.

    Attributes:
        start, end: characters of the original.
        before, after: the words there, and what the revisor wrote in their place; empty: nothing.
        subjects: the classes of the objects in it; their factors are among the checks.
    """

    start: int
    end: int
    before: str
    after: str
    subjects: tuple[str, ...] = ()


class Revision(Record, frozen=True):
    """How one caption was revised.

    Attributes:
        id: of the response.
        original: the caption before.
        edits: what was changed, in order; empty where nothing was.
        checks: what was checked.
        masks: what was hidden from a revisor, in order; none where claims were asked about.
        reason: why nothing was changed; empty where something was.
    """

    id: str
    original: str
    edits: tuple[Edit, ...] = ()
    checks: tuple[Check, ...] = ()
    masks: tuple[Mask, ...] = ()
    reason: str = ""

    @property
    def text(self) -> str:
        """The revised caption."""
        return apply_edits(self.original, self.edits)


def apply_edits(text: str, edits: tuple[Edit, ...]) -> str:
    """The text with its edits, which do not overlap and are in order.

    >>> apply_edits("A red cup.", (Edit(start=2, end=5, before="red", after="blue"),))
    'A blue cup.'
    """
    pieces, done = [], 0
    for each in edits:
        pieces += [text[done : each.start], each.after]
        done = each.end
    return "".join([*pieces, text[done:]])


Revise = Callable[[Sequence[Response], Sequence["Image"], MLLM, Things], Iterator[Revision]]
"""Revises captions of one batch, with their pictures, the model that is asked, the vocabulary."""


def read_revisions(run: Path) -> dict[str, Revision]:
    """The revisions of a revised run, by the ids of its responses.

    Raises:
        InputError: the run has none, or the file is damaged.
    """
    file = run / FILE
    if not file.exists():
        raise InputError("this run was not made by `halluc revise`", run)
    return {each.id: each for _, each in read_jsonl(file, Revision)}
