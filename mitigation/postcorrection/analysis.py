"""How often objects are hallucinated at low and high values of each factor.

Mentions are put into fifths: of the text for position, of the mentions, by rising value, for the
other factors. The rate of each fifth, and the rate of the last minus that of the first, have
intervals of a bootstrap over pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from halluc.bootstrap import Counted, Key
from halluc.records import Claim, Finding, Record, Score, Token
from mitigation.postcorrection.factors import Factors, Occurrences, find_factors

METRIC = "factors"
FIFTHS = 5
DIFFERENCE = "last − first"

FACTORS: dict[str, Callable[[Factors], float | None]] = {
    "co-occurrence": lambda each: each.co_occurrence,
    "expectation": lambda each: each.expectation,
    "uncertainty": lambda each: each.uncertainty,
    "position": lambda each: each.position,
}


class Mention(Record, frozen=True):
    """A mention of an object with its factors and whether the object is there.

    Attributes:
        id: of the caption.
        factors: of the mention.
        hallucinated: whether the truth says that it is not there.
    """

    id: str
    factors: Factors
    hallucinated: bool


@dataclass(frozen=True)
class Rates:
    """Hallucination rates by factor.

    Attributes:
        counted: the rates, named "1 of 5" to "5 of 5" with the factor as their split, and what
            each picture adds to them.
        means: mean value of the factor in each fifth, by the same keys; a fifth without mentions
            has none.
        missing: factors that the captions do not say.
    """

    counted: Counted
    means: dict[Key, float]
    missing: list[str]


def find_mentions(
    texts: Mapping[str, str],
    tokens: Mapping[str, Sequence[Token]],
    findings: Sequence[Finding],
    known: Occurrences,
) -> list[Mention]:
    """The mentions that the truth decides, with their factors, in the order of the findings.

    Args:
        texts: the captions by their ids.
        tokens: the captions' tokens, where they are known.
        findings: on all claims of the captions.
        known: what comes together.
    """
    claims: dict[str, list[Claim]] = {id: [] for id in texts}
    verdicts = {}
    for each in findings:
        claims[each.id].append(each.claim)
        if each.claim.kind == "object":
            verdicts[each.id, each.claim.start] = each.verdict
    return [
        Mention(id=id, factors=factors, hallucinated=verdict == "hallucinated")
        for id, text in texts.items()
        for factors in find_factors(text, claims[id], known, tokens.get(id, ()))
        if (verdict := verdicts[id, factors.start]) != "unverifiable"
    ]


def hallucination_rates(mentions: Sequence[Mention], pictures: Mapping[str, str]) -> Rates:
    """Rates by fifths of each factor.

    Args:
        mentions: at least one.
        pictures: the picture of each caption, by its id.
    """
    missing = [
        name for name, of in FACTORS.items() if any(of(each.factors) is None for each in mentions)
    ]
    told = {name: of for name, of in FACTORS.items() if name not in missing}
    places = {
        name: _fifths(name, [of(m.factors) or 0.0 for m in mentions]) for name, of in told.items()
    }
    counts: dict[str, dict[Key, list[int]]] = {pictures[each.id]: {} for each in mentions}
    sums: dict[Key, list[float]] = {}
    for name, of in told.items():
        for place, each in zip(places[name], mentions, strict=True):
            key = name, f"{place + 1} of {FIFTHS}"
            count = counts[pictures[each.id]].setdefault(key, [0, 0])
            count[0] += each.hallucinated
            count[1] += 1
            sums.setdefault(key, []).append(of(each.factors) or 0.0)
    parts = {name: _scores(told, of_picture) for name, of_picture in counts.items()}
    total: dict[Key, list[int]] = {}
    for picture in counts.values():
        for key, (wrong, whole) in picture.items():
            sum_ = total.setdefault(key, [0, 0])
            sum_[0] += wrong
            sum_[1] += whole
    last, first = f"{FIFTHS} of {FIFTHS}", f"1 of {FIFTHS}"
    blends = {(name, DIFFERENCE): {(name, last): 1.0, (name, first): -1.0} for name in told}
    means = {key: sum(values) / len(values) for key, values in sums.items()}
    return Rates(Counted(_scores(told, total), parts, blends), means, missing)


def _fifths(name: str, values: Sequence[float]) -> list[int]:
    """The fifth of each value, from 0; equal values are in the same."""
    import numpy as np

    shares = np.arange(1, FIFTHS) / FIFTHS
    edges = shares if name == "position" else np.quantile(values, shares)
    return [int(place) for place in np.searchsorted(edges, values, side="left")]


def _scores(names: Mapping[str, object], counts: Mapping[Key, list[int]]) -> list[Score]:
    scores = []
    for name in names:
        rates: list[float | None] = []
        for fifth in range(1, FIFTHS + 1):
            wrong, whole = counts.get((name, f"{fifth} of {FIFTHS}"), (0, 0))
            rates.append(wrong / whole if whole else None)
            scores.append(
                Score(
                    metric=METRIC,
                    split=name,
                    name=f"{fifth} of {FIFTHS}",
                    value=rates[-1],
                    numerator=wrong,
                    denominator=whole,
                    better="lower",
                )
            )
        low, high = rates[0], rates[-1]
        value = None if low is None or high is None else high - low
        scores.append(Score(metric=METRIC, split=name, name=DIFFERENCE, value=value))
    return scores
