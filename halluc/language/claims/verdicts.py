"""Verdicts: what the Truth of a picture says to a claim about it.

Where several true objects bear the claim's name, one that fits is enough; where the text counts
them ("two red cups"), so many have to fit. Attributes and relations of objects that are not there
are not judged a second time: their finding is unverifiable, since the object claim already carries
the hallucination. What is hedged or asked is unverifiable. What is denied is judged the other way
round: hallucinated where it is so, supported where it is known not to be so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from halluc.language.claims.agreement import agree, amount
from halluc.language.claims.lexicon import INVERSES, SYMMETRIC, inverse_of
from halluc.language.claims.things import ANIMATE
from halluc.language.words.vocabulary import coco_vocabulary
from halluc.records import Box, Claim, Finding, TrueObject, Truth, Verdict

VERDICTS: dict[bool | None, Verdict] = {
    True: "supported",
    False: "hallucinated",
    None: "unverifiable",
}
LEAST_SURE = 0.8
VERY_SURE = 0.95
"""Claims whose reading is less sure are unverifiable: the usual limit, and a strict one."""
DIRECTIONS = frozenset({"left of", "right of", "above", "below"})
"""Predicates that boxes tell; a complete truth that uses one of them speaks of all."""


class _Answer(NamedTuple):
    """What the truth says to a claim, were it asserted.

    Attributes:
        holds: True or False; None where it is silent.
        rule, evidence, shown: as a finding tells them; the objects shown give their boxes.
        always: of all objects of that name, where `holds` says it of one.
    """

    holds: bool | None
    rule: str
    evidence: str = ""
    shown: Sequence[TrueObject] = ()
    always: bool = True


def judge(
    id: str, claims: Iterable[Claim], truth: Truth, metric: str, least: float = LEAST_SURE
) -> list[Finding]:
    """One finding for each claim of a response, in the same order.

    Args:
        id: the response's id.
        claims: all that it states; claims of the same mention are judged together.
        truth: what is true; where it is not complete, what it leaves out is unverifiable.
        metric: for which the findings are.
        least: claims whose reading is less sure than this are unverifiable.
    """
    claims = list(claims)
    judged = _Judge(claims, truth, least)
    return [judged.finding(id, claim, metric) for claim in claims]


def same_fact(subject: str, predicate: str, object: str) -> tuple[str, str, str]:
    """The same name for a relation, from whichever side it is told.

    >>> same_fact("cup", "right of", "fork") == same_fact("fork", "left of", "cup")
    True
    """
    fact, inverse = (subject, predicate, object), inverse_of(predicate)
    return fact if inverse is None else min(fact, (object, inverse, subject))


@cache
def _coco_classes() -> frozenset[str]:
    return frozenset(coco_vocabulary().classes)


class _Judge:
    """What a Truth says to the claims of one text."""

    def __init__(self, claims: Sequence[Claim], truth: Truth, least: float) -> None:
        self.truth = truth
        self.least = least
        self.named: dict[str, list[int]] = {}
        for index, each in enumerate(truth.objects):
            self.named.setdefault(each.name, []).append(index)
        # Predicates that are stated of two objects, from both sides.
        self.stated: dict[tuple[int, int], set[str]] = {}
        for told in truth.relations:
            pair = told.subject, told.object
            self.stated.setdefault(pair, set()).add(told.predicate)
            if (inverse := inverse_of(told.predicate)) is not None:
                self.stated.setdefault(pair[::-1], set()).add(inverse)
        self.spoken = {predicate for stated in self.stated.values() for predicate in stated}
        if self.spoken & DIRECTIONS:
            self.spoken |= DIRECTIONS
        # Attribute claims of a mention; mentions of which something is denied.
        self.looks: dict[tuple[str, tuple[int, int]], list[Claim]] = {}
        self.denied: set[tuple[int, int] | None] = set()
        for claim in claims:
            if (
                claim.kind == "attribute"
                and claim.subject_span
                and claim.stance == "asserted"
                and not claim.some
            ):
                self.looks.setdefault((claim.subject, claim.subject_span), []).append(claim)
            if claim.kind != "object" and claim.stance == "denied":
                self.denied |= {claim.subject_span, claim.object_span}

    def finding(self, id: str, claim: Claim, metric: str) -> Finding:
        """A claim's verdict with its reasons."""
        if claim.stance in ("hedged", "asked"):
            answer = _Answer(None, claim.stance)
        elif claim.sure < self.least:
            answer = _Answer(None, "unsure reading")
        elif claim.kind == "object":
            answer = self._object(claim)
        elif claim.subject not in self.named:
            answer = _Answer(None, "no such object")
        elif claim.kind == "relation":
            answer = self._relation(claim)
        else:
            answer = self._count(claim) if claim.family == "count" else self._attribute(claim)
        if claim.stance == "denied" and answer.holds is not None:
            answer = self._turned(claim, answer)
        return Finding(
            id=id,
            claim=claim,
            verdict=VERDICTS[answer.holds],
            metric=metric,
            rule=answer.rule,
            evidence=answer.evidence,
            boxes=tuple(each.box for each in answer.shown if each.box is not None),
        )

    def _turned(self, claim: Claim, answer: _Answer) -> _Answer:
        """What the truth says to the denial of a claim."""
        if not answer.holds:
            return answer._replace(holds=True, rule="denied rightly")
        # "No red cup" denies of a cup that it is red, not that there are cups; and what is so of
        # one cup and not of another does not tell which was meant.
        if (
            not answer.always
            or (claim.some and len(self.named.get(claim.subject, ())) > 1)
            or (claim.kind == "object" and (claim.start, claim.end) in self.denied)
        ):
            return answer._replace(holds=None, rule="denied of some")
        there = "there" if claim.kind == "object" else "so"
        return answer._replace(holds=False, rule=f"denied, but {there}")

    def _objects(self, name: str) -> list[TrueObject]:
        return [self.truth.objects[index] for index in self.named.get(name, ())]

    def _object(self, claim: Claim) -> _Answer:
        if named := self._objects(claim.subject):
            return _Answer(True, "object present", f"{len(named)} x {claim.subject}", named)
        present = ", ".join(sorted(self.named)) or "nothing"
        if self.truth.complete or (
            self.truth.exhaustive == "coco" and claim.subject in _coco_classes()
        ):
            return _Answer(False, "object absent", f"there is only: {present}")
        return _Answer(None, "object not listed", f"listed: {present}")

    def _siblings(self, claim: Claim) -> list[Claim]:
        """The other attribute claims of the same mention."""
        if claim.subject_span is None:
            return []
        looks = self.looks.get((claim.subject, claim.subject_span), ())
        return [each for each in looks if each is not claim]

    def _attribute(self, claim: Claim) -> _Answer:
        named = self._objects(claim.subject)
        known = [(each, _fits(claim, each)) for each in named]
        right = [each for each, fits in known if fits]
        silent = [each for each, fits in known if fits is None]
        counts = (amount(each.value) for each in self._siblings(claim) if each.family == "count")
        needed = min(max((each.wrong_below for each in counts if each), default=1), len(named))
        if claim.some:
            needed = 1
        values = {value: None for each in named for value in values_of(each, claim.family)}
        evidence = f"the {claim.subject} is {' and '.join(values)}" if values else ""
        always = len(right) == len(named)
        if len(right) >= needed:
            return _Answer(True, claim.family, evidence, right, always)
        if len(right) + len(silent) >= needed:
            rule = "attribute not listed" if not values else "attribute not known"
            return _Answer(None, rule, evidence, named)
        return _Answer(False, claim.family, evidence, named)

    def _count(self, claim: Claim) -> _Answer:
        named = self._objects(claim.subject)
        evidence = f"{len(named)} x {claim.subject}"
        stated = amount(claim.value)
        if not self.truth.complete or stated is None:
            return _Answer(None, "count not known", evidence, named)
        # "Two red cups" is right of two red cups among three.
        looks = [each for each in self._siblings(claim) if each.family != "count"]
        fitting = [each for each in named if all(_fits(look, each) for look in looks)]
        holds = stated.holds(len(named))
        if looks and stated.holds(len(fitting)):
            holds = True
        return _Answer(holds, "count", evidence, named)

    def _relation(self, claim: Claim) -> _Answer:
        objects = self.truth.objects
        pairs = [
            (one, other)
            for one in self.named[claim.subject]
            for other in self.named.get(claim.object, ())
            if one != other
        ]
        if not pairs:
            # "The cup is left of the cup" of a single cup: no other claim carries the error.
            alone = claim.subject == claim.object and self._speaks(claim.value)
            evidence = f"1 x {claim.subject}" if alone else ""
            return _Answer(False if alone else None, "no such object", evidence)
        told = [self._told(claim.value, pair) for pair in pairs]
        rule, holds = "relation", True if True in told else None
        if holds is None:
            # Of boxes one pair that fits would nearly always be found, so all have to agree.
            seen = {
                lies(claim.value, objects[one].box, objects[other].box) if each is None else each
                for each, (one, other) in zip(told, pairs, strict=True)
            }
            holds = seen.pop() if len(seen) == 1 else None
            if None in told:
                rule = "relation not listed" if holds is None else "boxes"
        fitting = [pair for pair, each in zip(pairs, told, strict=True) if each] or pairs
        shown = [objects[index] for index in dict.fromkeys(i for pair in fitting for i in pair)]
        return _Answer(
            holds,
            rule,
            self._evidence(claim, pairs, holds, rule),
            shown,
            always=rule == "boxes" or all(told),
        )

    def _told(self, predicate: str, pair: tuple[int, int]) -> bool | None:
        """Whether a predicate is stated of two objects; False also where its contrary is."""
        stated = self.stated.get(pair, set())
        if predicate in stated:
            return True
        contrary = predicate not in SYMMETRIC and INVERSES.get(predicate) in stated
        return False if contrary or self._speaks(predicate) else None

    def _speaks(self, predicate: str) -> bool:
        """Whether the truth states all relations of a predicate."""
        return self.truth.complete and predicate in self.spoken

    def _evidence(
        self, claim: Claim, pairs: list[tuple[int, int]], holds: bool | None, rule: str
    ) -> str:
        stated = sorted({each for pair in pairs for each in self.stated.get(pair, ())})
        if rule == "boxes":
            true = claim.value if holds else INVERSES[claim.value]
            return f"boxes: {claim.subject} {true} {claim.object}"
        return "; ".join(f"{claim.subject} {each} {claim.object}" for each in stated)


def lies(predicate: str, one: Box | None, other: Box | None) -> bool | None:
    """Whether a thing lies in a direction of another, where their boxes are clearly apart.

    >>> lies("left of", Box(0, 0, 4, 4), Box(5, 0, 4, 4))
    True
    >>> lies("above", Box(0, 0, 4, 4), Box(5, 0, 4, 4)) is None
    True

    Args:
        predicate: one of `DIRECTIONS`; of others boxes tell nothing.
        one: its box; None where it is not known.
        other: the box of the other.
    """
    if predicate not in DIRECTIONS or one is None or other is None:
        return None
    if predicate in ("right of", "below"):
        one, other = other, one
    if predicate in ("left of", "right of"):
        before, after = one.x + one.width <= other.x, other.x + other.width <= one.x
    else:
        before, after = one.y + one.height <= other.y, other.y + other.height <= one.y
    return None if before == after else before


def values_of(each: TrueObject, family: str) -> tuple[str, ...]:
    """The values of an object in an attribute family, none where they are not known."""
    value = each.attributes.get(family, ())
    return (value,) if isinstance(value, str) else value


def _fits(claim: Claim, each: TrueObject) -> bool | None:
    """Whether an object has the attribute that is claimed; None where the truth does not tell."""
    if claim.subject in ANIMATE and claim.value == "lean":
        # People lean while they stand or sit.
        return True if "lean" in values_of(each, claim.family) else None
    told = {agree(claim.family, claim.value, value) for value in values_of(each, claim.family)}
    return next((verdict for verdict in (True, False) if verdict in told), None)
