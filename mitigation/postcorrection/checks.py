"""Woodpecker's checks: a claim of a caption against what the MM-LLM answered about it."""

from __future__ import annotations

import re

from halluc.language.claims.agreement import agree, amount
from halluc.language.claims.lexicon import attribute_of
from halluc.records import Claim
from mitigation.postcorrection.questions import COUNTS, RELATIONS, Caption
from mitigation.postcorrection.revisions import Asked, Check

SURE_OF_RELATION = 0.75
"""A relation is turned round from this probability on: of the two ways round MM-LLMs affirm the
wrong one nearly as often."""

ENOUGH = 0.5
"""Numbers count only where the model answers with one at least with this probability."""


def yes_share(asked: Asked, least: float) -> float:
    """P(yes) among yes and no."""
    return asked.answers["yes"] / max(sum(asked.answers.values()), least)


def check_number(claim: Claim, caption: Caption, sure: float) -> Check | None:
    """What the model says of a number of things; "one" is left to the question for existence."""
    stated = amount(claim.value) if claim.family == "count" else None
    if stated is None or claim.subject not in caption.counts:
        return None
    counts = caption.counts[claim.subject].answers
    told = sum(counts.values())
    best = max(counts, key=lambda each: counts[each]) if counts else ""
    instead = None
    if told >= ENOUGH and counts[best] >= sure and stated.low >= 2:
        number = COUNTS.index(best)
        if number >= 2 and stated.holds(number) is False:
            instead = best
    wrong = None
    if told >= ENOUGH:
        right = sum(p for n, p in counts.items() if stated.holds(COUNTS.index(n)) is not False)
        wrong = 1 - right / told
    return Check(
        kind="attribute",
        subject=claim.subject,
        family="count",
        value=claim.value,
        asked=(caption.counts[claim.subject],),
        wrong=wrong,
        instead=instead,
    )


def check_attribute(claim: Claim, caption: Caption, sure: float) -> Check | None:
    """What the model says of an attribute."""
    asked = caption.attributes.get((claim.subject, claim.family))
    if asked is None:
        return None
    words = re.findall(r"[a-z-]+", asked.text.lower())
    found = [pair[1] for word in words if (pair := attribute_of(word)) and pair[0] == claim.family]
    instead, wrong = None, None
    if found and asked.confidence is not None:
        holds = agree(claim.family, claim.value, found[0])
        if holds is False:
            wrong = asked.confidence
            instead = found[0] if asked.confidence >= sure else None
        elif holds:
            wrong = 1 - asked.confidence
    return Check(
        kind="attribute",
        subject=claim.subject,
        family=claim.family,
        value=claim.value,
        asked=(asked,),
        wrong=wrong,
        instead=instead,
    )


def check_relation(claim: Claim, caption: Caption, sure: float) -> Check | None:
    """What the model says of a relation; the opposite is put in if that alone is affirmed."""
    here = caption.relations.get((claim.subject, claim.value, claim.object))
    if claim.kind != "relation" or here is None:
        return None
    opposite = RELATIONS[claim.value][1]
    there = caption.relations[claim.subject, opposite, claim.object]
    holds, turned = yes_share(here, 1e-4), yes_share(there, 1e-4)
    turn = min(1 - holds, turned) >= max(sure, SURE_OF_RELATION)
    return Check(
        kind="relation",
        subject=claim.subject,
        value=claim.value,
        object=claim.object,
        asked=(here, there),
        wrong=1 - holds,
        instead=RELATIONS[opposite][0] if turn else None,
    )
