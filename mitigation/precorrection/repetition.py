"""Sentences that stand in a text twice, and what can be said in their place.

Greedy decoding says things twice where sampling hardly does (Holtzman et al., 2020, "The Curious
Case of Neural Text Degeneration", arXiv 1904.09751), and a preference for fewer errors makes it
worse: who repeats what is true makes no new mistake. So repetition is a flaw of its own here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from halluc.records import Finding, Truth
from halluc.verdicts import values_of
from mitigation.precorrection.mending import SAID, Habits, noun

_SENTENCE = re.compile(r"[^.]+\.")


def said_again(text: str) -> list[tuple[int, int]]:
    """The spans of the sentences that say, word for word, what an earlier one says.

    >>> said_again("A cup. It is red. It is red.")
    [(18, 28)]
    """
    seen: set[str] = set()
    again = []
    for found in _SENTENCE.finditer(text):
        sentence = found[0].strip().lower()
        if sentence in seen:
            again.append((found.end() - len(sentence), found.end()))
        seen.add(sentence)
    return again


def say_once(
    text: str, findings: Sequence[Finding], truth: Truth, habits: Habits, spare: int
) -> str | None:
    """The text with something true and new in place of each sentence that says a thing again.

    An attribute of an object that the text names, which names that one alone, or else where one
    stands; whichever leaves the text about as long.

    Args:
        text: the text; what it states is true.
        findings: what was found in it.
        truth: what is true of the picture.
        habits: which attributes are usual.
        spare: by how many words the text may become shorter or longer.

    Returns:
        None where nothing is said twice, or nothing is left to say.
    """
    new = [*_attributes(findings, truth, habits), *_relations(findings, truth)]
    pieces, last, longer = [], 0, 0
    for start, end in said_again(text):
        left = longer - len(text[start:end].split())
        fitting = (each for each in new if abs(left + len(each.split())) <= spare)
        if sentence := next(fitting, None):
            new.remove(sentence)
            longer = left + len(sentence.split())
            pieces += [text[last:start], sentence]
            last = end
    return "".join([*pieces, text[last:]]) if pieces else None


def _nameable(findings: Sequence[Finding], truth: Truth) -> dict[str, int]:
    """Objects that a text names and that are there once, with their place in the truth."""
    there = Counter(each.name for each in truth.objects)
    named = {f.claim.subject for f in findings if f.claim.kind == "object"}
    return {
        each.name: place
        for place, each in enumerate(truth.objects)
        if there[each.name] == 1 and each.name in named
    }


def _attributes(findings: Sequence[Finding], truth: Truth, habits: Habits) -> Iterator[str]:
    """Sentences on what objects are like, first on those of which least is said."""
    told = {(f.claim.subject, f.claim.value) for f in findings if f.claim.kind == "attribute"}
    often = Counter(name for name, _ in told)
    names = _nameable(findings, truth)
    for name in sorted(names, key=lambda name: often[name]):
        for family, usual in habits.said.items():
            for value in values_of(truth.objects[names[name]], family):
                if value in usual and (name, value) not in told:
                    yield f"The {noun(name)} is {value}."


def _relations(findings: Sequence[Finding], truth: Truth) -> Iterator[str]:
    """Sentences on where an object is, seen from another of which nothing is said yet."""
    told = {
        frozenset((f.claim.subject, f.claim.object)) for f in findings if f.claim.kind == "relation"
    }
    names = {place: name for name, place in _nameable(findings, truth).items()}
    for each in truth.relations:
        if each.predicate in SAID and each.subject in names and each.object in names:
            one, other = names[each.subject], names[each.object]
            if frozenset((one, other)) not in told:
                yield f"The {noun(one)} is {SAID[each.predicate]} the {noun(other)}."
