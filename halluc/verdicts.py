"""Verdicts: what the Truth of a picture says to a claim about it.

Where several true objects bear the claim's name, one that fits is enough. Attributes and relations
of objects that are not there are not judged a second time: their finding is unverifiable, since the
object claim already carries the hallucination.
"""

from __future__ import annotations

from collections.abc import Iterable

from halluc.records import Claim, Finding, TrueObject, Truth, Verdict

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def judge(id: str, claims: Iterable[Claim], truth: Truth, metric: str) -> list[Finding]:
    """One finding for each claim of a response, in the same order.

    Args:
        id: the response's id.
        claims: what it states.
        truth: what is true; where it is not complete, what it leaves out is unverifiable.
        metric: for which the findings are.
    """
    return [_judge(id, claim, truth, metric) for claim in claims]


def _judge(id: str, claim: Claim, truth: Truth, metric: str) -> Finding:
    named = [each for each in truth.objects if each.name == claim.subject]
    verdict: Verdict
    if claim.kind == "object":
        verdict, rule, evidence = _object(claim, named, truth)
        shown = named
    elif not named:
        verdict, rule, evidence, shown = "unverifiable", "no such object", "", []
    elif claim.kind == "attribute":
        verdict, rule, evidence = _attribute(claim, named, truth)
        shown = named
    else:
        verdict, rule, evidence = _relation(claim, truth)
        shown = [each for each in truth.objects if each.name in (claim.subject, claim.object)]
    boxes = tuple(each.box for each in shown if each.box is not None)
    return Finding(
        id=id,
        claim=claim,
        verdict=verdict,
        metric=metric,
        rule=rule,
        evidence=evidence,
        boxes=boxes,
    )


def _object(claim: Claim, named: list[TrueObject], truth: Truth) -> tuple[Verdict, str, str]:
    if named:
        return "supported", "object present", f"{len(named)} x {claim.subject}"
    present = ", ".join(sorted(truth.names)) or "nothing"
    if truth.complete:
        return "hallucinated", "object absent", f"there is only: {present}"
    return "unverifiable", "object not listed", f"listed: {present}"


def _attribute(claim: Claim, named: list[TrueObject], truth: Truth) -> tuple[Verdict, str, str]:
    if claim.family == "count":
        evidence = f"{len(named)} x {claim.subject}"
        if not truth.complete:
            return "unverifiable", "count not known", evidence
        right = claim.value == NUMBERS[len(named)] if len(named) < len(NUMBERS) else False
        return ("supported" if right else "hallucinated"), "count", evidence
    values = [each.attributes[claim.family] for each in named if claim.family in each.attributes]
    if not values:
        return "unverifiable", "attribute not listed", ""
    evidence = f"the {claim.subject} is {' and '.join(values)}"
    return ("supported" if claim.value in values else "hallucinated"), claim.family, evidence


def _relation(claim: Claim, truth: Truth) -> tuple[Verdict, str, str]:
    objects = truth.objects
    if claim.object not in truth.names:
        return "unverifiable", "no such object", ""
    stated = sorted(
        {
            each.predicate
            for each in truth.relations
            if objects[each.subject].name == claim.subject
            and objects[each.object].name == claim.object
        }
    )
    evidence = f"the {claim.subject} is {', '.join(stated) or 'in no relation'}: {claim.object}"
    if claim.value in stated:
        return "supported", "relation", evidence
    return ("hallucinated" if truth.complete else "unverifiable"), "relation", evidence
