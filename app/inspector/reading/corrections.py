"""Rates corrected by reviews, what each rule costs, and the queue of what is to be judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.inspector.reading.population import Order, Population
from halluc.prediction_powered import Corrected, corrected_rate
from halluc.records import Record
from halluc.reviews import GOLD, Judgement, Review, claim_key, decided, person
from halluc.statistics import wilson

EVERY = 10
"""One of so many items has a known answer, as long as there are such."""


class Rate(Record, frozen=True):
    """A rate as published, and corrected by a random sample of reviews.

    Attributes:
        name: of the kind, or of the split; "all" for all of them.
        published: the metric's rate, from 0 to 1.
        of: claims that it rests on.
        judged: claims of the random sample of which people have a verdict.
        corrected, low, high: the corrected rate with its 95 % interval; None where too few of the
            sample are judged.
    """

    name: str
    published: float
    of: int
    judged: int
    corrected: float | None = None
    low: float | None = None
    high: float | None = None


class RuleCost(Record, frozen=True):
    """What a rule of the metric costs.

    Attributes:
        rule: its short name.
        claims: that it decided.
        judged: of these, how many people have a verdict on.
        wrong: of those, how many it decided wrongly.
        misread: of these, how many are no claims of the text.
        cost, low, high: claims that it decides wrongly in the whole run, by its share in the random
            sample, with Wilson's 95 % interval; None where none of the sample is of this rule.
    """

    rule: str
    claims: int
    judged: int
    wrong: int
    misread: int
    cost: float | None = None
    low: float | None = None
    high: float | None = None


class Corrections(Record, frozen=True):
    """What reviews say of a view.

    Attributes:
        rates: of each kind, and of all.
        rules: the most costly first.
        missed: errors that reviewers marked and the metric has not.
        read: answers of which a claim was judged.
    """

    rates: Sequence[Rate]
    rules: Sequence[RuleCost]
    missed: int
    read: int


@dataclass(frozen=True)
class _Labels:
    """Of each place what people say: judged at all, a verdict, whether it is wrong, no claim."""

    judged: NDArray[np.bool_]
    known: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    misread: NDArray[np.bool_]


def corrections(claims: Population, reviews: Sequence[Review]) -> Corrections:
    """Correct the rates of a view by the reviews of its run."""
    labels = _labels(claims, reviews)
    sample = claims.sample(labels.judged)
    sample = sample[labels.known[sample]]
    rates = [_rate(claims, labels, sample, group) for group in range(len(claims.names))]
    if len(rates) > 1:
        if len(np.unique(claims.group_numbers[sample])) < len(rates):
            simple = claims.simple_sample(labels.judged)
            rates.append(_rate(claims, labels, simple[labels.known[simple]], stratified=False))
        else:
            rates.append(_rate(claims, labels, sample))
    rules = [_cost(claims, labels, sample, rule) for rule in claims.by_rule]
    rules = [each for each in rules if each.judged]
    rules.sort(key=lambda each: (-(each.cost or 0), -each.wrong, each.rule))
    mine = [each for each in reviews if each.finding.metric == claims.metric]
    return Corrections(
        rates=rates,
        rules=rules,
        missed=len({claim_key(each.finding) for each in mine if each.judgement == "missed"}),
        read=len(set(claims.rows[labels.judged].tolist())),
    )


def _labels(claims: Population, reviews: Sequence[Review]) -> _Labels:
    judged, known, wrong, misread = (np.zeros(len(claims), bool) for _ in range(4))
    verdicts = decided(reviews)
    for place, review in claims.places(reviews):
        judged[place] = True
        judgement = verdicts.get(claim_key(review.finding))
        if judgement in ("right", "truth wrong", "rule wrong"):
            known[place] = True
            misread[place] = judgement == "rule wrong"
            wrong[place] = claims.predicted[place] != (judgement == "truth wrong")
    return _Labels(judged, known, wrong, misread)


def _rate(
    claims: Population,
    labels: _Labels,
    sample: NDArray[np.intp],
    group: int | None = None,
    *,
    stratified: bool = True,
) -> Rate:
    """The rate of a group, or of all."""
    strata = claims.group_numbers
    inside = np.ones(len(claims), bool) if group is None else strata == group
    own = sample[inside[sample]]
    place = np.cumsum(inside) - 1
    strata = strata[inside] if stratified and group is None else np.zeros(int(inside.sum()), int)
    found: Corrected | None = corrected_rate(
        claims.predicted[inside], claims.pictures[inside], place[own],
        labels.wrong[own], counts=~labels.misread[own], strata=strata,
    )  # fmt: skip
    bounds: dict[str, Any] = {}
    if found is not None:
        bounds = {"corrected": found.value, "low": found.low, "high": found.high}
    published = float(claims.predicted[inside].mean())
    return Rate(
        name="all" if group is None else claims.names[group],
        published=published,
        of=int(inside.sum()),
        judged=len(own),
        **bounds,
    )


def _cost(claims: Population, labels: _Labels, sample: NDArray[np.intp], rule: str) -> RuleCost:
    inside = claims.by_rule[rule]
    known = inside[labels.known[inside]]
    drawn = known[np.isin(known, sample)]
    failed = labels.misread | (labels.wrong != claims.predicted)
    cost: dict[str, Any] = {}
    if len(drawn):
        part, whole, total = int(failed[drawn].sum()), len(drawn), len(inside)
        low, high = wilson(part, whole)
        cost = {"cost": total * part / whole, "low": total * low, "high": total * high}
    return RuleCost(
        rule=rule,
        claims=len(inside),
        judged=len(known),
        wrong=int(failed[known].sum()),
        misread=int(labels.misread[known].sum()),
        **cost,
    )


@dataclass(frozen=True)
class Queue:
    """What one reviewer judges.

    Attributes:
        places: all of it, in order.
        left: what they have not judged yet, in order.
    """

    places: list[int]
    left: list[int]


def queue(
    claims: Population, reviews: Sequence[Review], reviewer: str, how: Order, number: int = 0
) -> Queue:
    """The queue of a reviewer; another with the same view has the same.

    Args:
        claims: what can be judged.
        reviews: of the run; those of `GOLD` are known answers, of which one comes after every
            `EVERY` − 1 others until none is left.
        reviewer: whose.
        how: the order.
        number: how many, beside known answers; 0: all.

    Raises:
        InputError: the order is by uncertainty, which the run does not tell.
    """
    order = claims.order(how)
    chosen = [int(each) for each in (order[:number] if number else order)]
    placed = claims.places(reviews)
    mine = {place for place, each in placed if person(each.reviewer) == person(reviewer)}
    if person(reviewer) != GOLD:
        known = {place for place, each in placed if person(each.reviewer) == GOLD}
        extra = sorted(known - set(chosen), key=lambda place: claims.chance[place])
        for count, place in enumerate(extra, start=1):
            if (at := count * EVERY - 1) <= len(chosen):
                chosen.insert(at, place)
    return Queue(chosen, [each for each in chosen if each not in mine])


def held_to_gold(reviews: Sequence[Review]) -> dict[str, tuple[int, int]]:
    """Of each reviewer how many known answers they gave rightly, and how many they judged."""
    known: dict[str, Judgement] = {
        claim_key(each.finding): each.judgement
        for each in reviews
        if person(each.reviewer) == GOLD and each.judgement != "missed"
    }
    right, all_ = Counter[str](), Counter[str]()
    for each in reviews:
        answer = known.get(claim_key(each.finding))
        if answer is not None and person(each.reviewer) != GOLD:
            all_[each.reviewer] += 1
            right[each.reviewer] += each.judgement == answer
    return {name: (right[name], count) for name, count in all_.items()}
