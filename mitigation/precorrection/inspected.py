"""Captions with what was found in them, by picture: what preference pairs are made of.

A hundred thousand captions fit in little memory: of each only its figures and its text are kept,
and of a picture two whole ones: the first that is wrong, and the longest that is not, since answers
without an error tend to be short.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from statistics import fmean

import msgspec

from halluc.language.claims.things import Things
from halluc.language.claims.truths import in_words_of
from halluc.records import Claim, Finding, Record, Truth
from mitigation.precorrection.correcting import Habits

SAID = 0.03
"""A value is usual from this share of what captions say of its family."""

Key = tuple[str, str]
"""A picture and what was asked about it."""

Meaning = tuple[str, str, str, str]
"""What a claim says, wherever it stands: kind, subject, value, object."""


class Answered(Record, frozen=True):
    """A caption with what was found in it.

    Attributes:
        id: unique among all.
        image, prompt: the picture and what was asked.
        text: the caption.
        truth: what is true of the picture.
        findings: the verdicts on its claims.
        doubted: what counts neither as right nor as wrong, whatever its verdict.
    """

    id: str
    image: str
    prompt: str
    text: str
    truth: Truth
    findings: tuple[Finding, ...] = ()
    doubted: tuple[Meaning, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """A caption in figures.

    Attributes:
        id, text: of the caption.
        errors: how many different things it states wrongly.
        covered: how many of the true objects it names.
        repeats: how often it names an object again.
        again: how many sentences say, word for word, what an earlier one says.
    """

    id: str
    text: str
    errors: int
    covered: int
    repeats: int
    again: int


@dataclass(slots=True)
class Group:
    """The captions of one picture and prompt.

    Attributes:
        captions: all of them, in figures.
        flawed, sound: the first with an error and the longest without, packed, with the truth in
            the vocabulary's words; None where there is none.
    """

    captions: list[Figures] = field(default_factory=list)
    flawed: bytes | None = None
    sound: bytes | None = None
    _longest: int = -1

    def add(self, answer: Answered) -> None:
        """One more caption."""
        found = figures(answer)
        self.captions.append(found)
        wrong, words = found.errors > 0, len(answer.text.split())
        if self.flawed is not None if wrong else words <= self._longest:
            return
        # Neither where a finding comes from nor its evidence is asked for again.
        bare = [Finding(id="", claim=f.claim, verdict=f.verdict, metric="", rule="")
                for f in answer.findings]  # fmt: skip
        kept = pack(msgspec.structs.replace(answer, findings=tuple(bare)))
        if wrong:
            self.flawed = kept
        else:
            self.sound, self._longest = kept, words


class Inspected:
    """Captions by picture and prompt.

    Args:
        things: the vocabulary in which claims are read.
        doubted: of pictures, what people said no verdict on it may be trusted; it counts in none of
            a picture's captions, or one would be better for what only nobody has looked at.

    Attributes:
        groups: captions by picture and prompt, in the order in which these came first.
    """

    def __init__(
        self, things: Things, doubted: Mapping[str, Collection[Meaning]] | None = None
    ) -> None:
        self.things = things
        self.doubted = doubted or {}
        self.groups: dict[Key, Group] = {}
        self._together: dict[str, Counter[str]] = {}
        self._said: dict[str, Counter[str]] = {}
        self._pictures: set[str] = set()

    def add(self, answer: Answered) -> None:
        """One more caption, with the truth as its data set has it."""
        truth = in_words_of(self.things, answer.truth)
        doubted = tuple(self.doubted.get(answer.image, ()))
        if answer.image not in self._pictures:
            self._pictures.add(answer.image)
            for one, other in permutations(sorted(truth.names), 2):
                self._together.setdefault(one, Counter())[other] += 1
        findings = tuple(trusted(answer.findings, doubted))
        for each in findings:
            if each.claim.kind == "attribute":
                self._said.setdefault(each.claim.family, Counter())[each.claim.value] += 1
        group = self.groups.setdefault((answer.image, answer.prompt), Group())
        kept = msgspec.structs.replace(answer, truth=truth, findings=findings, doubted=doubted)
        group.add(kept)

    def habits(self) -> Habits:
        """What comes together in the pictures, and what captions usually state at what length."""
        usual = {
            family: {value for value, count in counts.items() if count >= SAID * counts.total()}
            for family, counts in self._said.items()
        }
        words = fmean(len(c.text.split()) for each in self.groups.values() for c in each.captions)
        return Habits(self._together, usual, words)


def pack(answer: Answered) -> bytes:
    """A caption in a fifth of the memory."""
    return zlib.compress(msgspec.json.encode(answer), 1)


def unpack(packed: bytes) -> Answered:
    """The caption that was packed."""
    return msgspec.json.decode(zlib.decompress(packed), type=Answered)


def figures(answer: Answered) -> Figures:
    """A caption in figures."""
    named = [f for f in answer.findings if f.claim.kind == "object"]
    return Figures(
        id=answer.id,
        text=answer.text,
        errors=errors(answer.findings),
        covered=len({f.claim.subject for f in named if f.verdict == "supported"}),
        repeats=repeats([f.claim.subject for f in named]),
        again=said_again(answer.text),
    )


def repeats(names: Sequence[str]) -> int:
    """How often an object is named again.

    >>> repeats(["cup", "fork", "cup", "cup"])
    2
    """
    return len(names) - len(set(names))


def said_again(text: str) -> int:
    """How many sentences say, word for word, what an earlier one of the text says.

    >>> said_again("A cup. It is red. It is red.")
    1
    """
    sentences = [each for part in text.lower().split(".") if (each := part.strip())]
    return len(sentences) - len(set(sentences))


def meaning(claim: Claim) -> Meaning:
    """What a claim says."""
    return claim.kind, claim.subject, claim.value, claim.object


def trusted(findings: Iterable[Finding], doubted: Collection[Meaning]) -> list[Finding]:
    """The findings on what is not doubted."""
    return [each for each in findings if meaning(each.claim) not in doubted]


def errors(findings: Iterable[Finding]) -> int:
    """How many different things are stated wrongly."""
    return len({meaning(f.claim) for f in findings if f.verdict == "hallucinated"})
