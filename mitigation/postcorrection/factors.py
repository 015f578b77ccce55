"""The three factors of object hallucination: co-occurrence, uncertainty, position.

For an object o of a caption of N words, S(o) being the pictures that o is in:

- co-occurrence: Σ |S(o) ∩ S(o′)| / (|S(o)| + |S(o′)|) over the other objects o′ of the caption
- uncertainty: −log p of the tokens that name it, given the picture and all before them
- position: the position of its name among the words, from 1, divided by N

A fourth says which way co-occurrence goes, since a fork expects a knife, but a knife no fork:

- expectation: the greatest |S(o) ∩ S(o′)| / |S(o′)| over the other objects o′

Source: Zhou et al. 2024, "Analyzing and Mitigating Object Hallucination in Large Vision-Language
Models" (arXiv:2310.00754). Its S(o) are captions of a training set; here they are the pictures of
any data set that tells the objects in them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from halluc.records import Claim, Record, Token

_WORD = re.compile(r"\S+")


class Factors(Record, frozen=True):
    """The factors of one mention of an object.

    Attributes:
        start, end: the mention's characters in the text.
        subject: the object's class.
        co_occurrence: ≥ 0; 0 where no other object is named or none is known.
        expectation: from 0 to 1, likewise.
        position: above 0, 1 for the last word.
        uncertainty: −log p of the mention's first token, ≥ 0; None where the model gives no
            probabilities.
        mean_uncertainty: the mean over all of its tokens.
    """

    start: int
    end: int
    subject: str
    co_occurrence: float
    expectation: float
    position: float
    uncertainty: float | None = None
    mean_uncertainty: float | None = None


@dataclass(frozen=True)
class Occurrences:
    """In how many pictures of a data set objects are.

    Attributes:
        single: pictures by class.
        pairs: pictures by two classes in alphabetical order.
        pictures: all of them.
    """

    single: Counter[str]
    pairs: Counter[tuple[str, str]]
    pictures: int

    def together(self, one: str, other: str) -> float:
        """|S ∩ S′| / (|S| + |S′|), from 0 (never) to ½ (always); 0 where neither is known."""
        both = self.pairs[min(one, other), max(one, other)]
        return both / (self.single[one] + self.single[other]) if both else 0.0

    def expected(self, one: str, other: str) -> float:
        """|S ∩ S′| / |S′|, how often the one is where the other is; 0 if that is not known."""
        both = self.pairs[min(one, other), max(one, other)]
        return both / self.single[other] if both else 0.0

    def companion(self, one: str, other: str) -> bool:
        """Whether the one usually comes with the other.

        It is in half of the other's pictures at least, and twice as often as in all pictures, so
        what is everywhere is nobody's companion.
        """
        often = self.expected(one, other)
        return one != other and often >= max(0.5, 2 * self.single[one] / self.pictures)


def count_occurrences(pictures: Iterable[Iterable[str]]) -> Occurrences:
    """Count the classes in pictures.

    >>> known = count_occurrences([{"fork", "knife"}, {"fork", "knife"}, {"fork"}])
    >>> known.together("knife", "fork"), known.together("fork", "cup")
    (0.4, 0.0)
    >>> known.expected("fork", "knife"), round(known.expected("knife", "fork"), 2)
    (1.0, 0.67)
    """
    single, pairs, number = Counter[str](), Counter[tuple[str, str]](), 0
    for names in (sorted(set(each)) for each in pictures):
        single.update(names)
        pairs.update(combinations(names, 2))
        number += 1
    return Occurrences(single, pairs, number)


def find_factors(
    text: str, claims: Iterable[Claim], known: Occurrences, tokens: Sequence[Token] = ()
) -> list[Factors]:
    """The factors of each object that a text says is there, in the order of its mentions.

    Args:
        text: the caption.
        claims: what it states; those on objects count, unless it denies them or is in doubt.
        known: what comes together.
        tokens: the caption's tokens; none where the model does not give them.
    """
    words = [match.start() for match in _WORD.finditer(text)]
    mentions = [each for each in claims if each.kind == "object" and each.stance == "asserted"]
    named = {each.subject for each in mentions}
    found = []
    for each in mentions:
        others = sorted(named - {each.subject})
        costs = [-token.logprob for token in tokens_of(each.start, each.end, tokens)]
        found.append(
            Factors(
                start=each.start,
                end=each.end,
                subject=each.subject,
                co_occurrence=sum(known.together(each.subject, other) for other in others),
                expectation=max((known.expected(each.subject, o) for o in others), default=0.0),
                position=sum(start <= each.start for start in words) / len(words),
                uncertainty=costs[0] if costs else None,
                mean_uncertainty=fmean(costs) if costs else None,
            )
        )
    return found


def first_mentions(factors: Iterable[Factors]) -> dict[str, Factors]:
    """The first mention of each object, by its class: the ones after it only repeat it."""
    first: dict[str, Factors] = {}
    for each in factors:
        first.setdefault(each.subject, each)
    return first


def tokens_of(start: int, end: int, tokens: Sequence[Token]) -> list[Token]:
    """The tokens that stand for a stretch of text, in order.

    That is those whose spans overlap it, and those without characters (bytes of one that a later
    token completes) within it; without characters at the beginning of the text is white space.

    >>> spans = [(0, 1), (1, 4), (4, 4), (4, 5), (5, 6)]  # "a café." with é in two bytes
    >>> found = tokens_of(2, 5, [Token(start, end, -1.0) for start, end in spans])
    >>> [(each.start, each.end) for each in found]
    [(1, 4), (4, 4), (4, 5)]
    """
    return [
        each
        for each in tokens
        if (each.start < end and start < each.end)
        or (each.start == each.end and start <= each.start < end and each.start > 0)
    ]
