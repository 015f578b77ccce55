"""Atomic facts of a text: what each of its claims states, as a sentence of its own.

FaithScore (Jing et al. 2024, "FaithScore: Fine-grained Evaluations of Hallucinations in Large
Vision-Language Models", arXiv:2311.01477) has an LLM mark descriptive sub-sentences and break them
into facts on entities, relations, colors, numbers and other attributes. Here the facts are the
claims that `halluc.language` reads: a sub-sentence that states one is descriptive.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable
from typing import Literal, NamedTuple

from halluc.datasets.pope import article
from halluc.language.claims.lexicon import POSTURES, place_of
from halluc.language.claims.verdicts import LEAST_SURE
from halluc.language.words.plurals import regular_plurals
from halluc.records import Claim

Category = Literal["entity", "relation", "color", "count", "other"]
CATEGORIES: tuple[Category, ...] = ("entity", "relation", "color", "count", "other")

_END = re.compile(r"[.,;!?]+(?=\s|$)")
_DOING = {value: form for form, value in POSTURES.items() if form.endswith("ing")}


class Fact(NamedTuple):
    """A fact that a text states.

    Attributes:
        claim: where it is stated.
        category: of FaithScore's five.
        part: the number of its sub-sentence, from 0.
        statement: a sentence that can be judged alone.
    """

    claim: Claim
    category: Category
    part: int
    statement: str


def ends_of(text: str) -> list[int]:
    """Where the sub-sentences of a text end: at stops, commas, semicolons before a space.

    >>> ends_of("A dog, 3.5 m from a cat. It sits")
    [5, 23]
    """
    return [each.start() for each in _END.finditer(text)]


def facts_of(text: str, claims: Iterable[Claim]) -> list[Fact]:
    """The facts among the claims of a text: what it asserts or denies, where the reading is sure.

    Args:
        text: the text.
        claims: as `halluc.language.claims.reader.read_claims` gives them.
    """
    ends = ends_of(text)
    return [
        Fact(each, category_of(each), bisect(ends, each.start), statement_of(text, each))
        for each in claims
        if is_fact(each)
    ]


def is_fact(claim: Claim) -> bool:
    """Whether a claim is asserted or denied, and surely read."""
    return claim.stance in ("asserted", "denied") and claim.sure >= LEAST_SURE


def category_of(claim: Claim) -> Category:
    """FaithScore's category of a claim."""
    if claim.kind != "attribute":
        return "entity" if claim.kind == "object" else "relation"
    return "color" if claim.family == "color" else "count" if claim.family == "count" else "other"


def statement_of(text: str, claim: Claim) -> str:
    """What a claim of a text states, as a sentence.

    >>> claim = Claim(kind="relation", start=6, end=8, subject="cup", value="on", object="oven")
    >>> statement_of("A cup on an oven.", claim)
    'A cup is on an oven.'
    """
    words = text[claim.start : claim.end].lower()
    if claim.kind == "object":
        said = f"there is {_one(claim.subject)} in the picture"
    elif claim.kind == "relation":
        said = f"{_one(claim.subject)} {_linked(claim.value)} {_one(claim.object)}"
    elif claim.family == "count":
        span = claim.subject_span
        named = text[span[0] : span[1]].lower() if span else claim.subject
        said = f"the picture shows {words} {named}"
    else:
        said = f"{_one(claim.subject)} in the picture is {_DOING.get(claim.value, words)}"
    if claim.stance == "denied":
        said = f"it is not so that {said}"
    return f"{said[:1].upper()}{said[1:]}."


def _one(name: str) -> str:
    return f"{article(name)} {name}"


def _linked(predicate: str) -> str:
    """A predicate in the present: "is left of", "is held by", "holds"."""
    first, _, rest = predicate.partition(" ")
    if place_of(predicate) or rest:
        return f"is {predicate}"
    return "has" if first == "have" else regular_plurals(first)[0]
