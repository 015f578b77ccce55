"""A small judge of captions by references: a logistic regression on what a caption claims.

The references are read as a ground truth that may leave things out. Each claim of the caption is
then stated by them, contrary to them (another colour, the opposite relation, another number), or
unstated, and

    P(hallucinated) = σ(b + Σ w · number of claims of a kind that are contrary, or unstated)

over the kinds object, attribute and relation. How long a caption is, and how much of it is stated,
does not count, so that no judge can learn from length alone. It is fitted by scikit-learn, on
captions whose labels are known, and kept as plain JSON; using it takes neither scikit-learn nor
torch. It is our own: HaELM (arXiv:2308.15126) trains LLaMA-7B for the same question.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from halluc.jsonl import read_json, write_json
from halluc.language.claims.agreement import amount
from halluc.language.claims.reader import read_claims
from halluc.language.claims.verdicts import LEAST_SURE, judge
from halluc.records import Claim, Kind, Label, Record, TrueObject, TrueRelation, Truth

CONTRARY, UNSTATED = "contrary", "unstated"
FEATURES = tuple(f"{kind} {how}" for kind in get_args(Kind) for how in (CONTRARY, UNSTATED))
"""What is counted in a caption."""

SHIPPED = Path(__file__).with_name("tabletop.json")
"""A judge fitted to captions of the embedded world."""


class ClaimJudge(Record, frozen=True):
    """A fitted judge.

    Attributes:
        intercept: log-odds that a caption is hallucinated in which nothing is contrary or unstated.
        weights: what each claim adds to them, by `FEATURES`.
        card: what it was fitted on.

    Raises:
        ValueError: a weight is of none of `FEATURES`.
    """

    intercept: float
    weights: dict[str, float]
    card: dict[str, Any]

    def __post_init__(self) -> None:
        if unknown := [name for name in self.weights if name not in FEATURES]:
            raise ValueError(f"unknown feature {unknown[0]!r}; known are {', '.join(FEATURES)}")

    def accurate(self, counts: Counter[str]) -> float:
        """P(accurate) of a caption, 0..1, from what `count_claims` counts in it."""
        odds = self.intercept + sum(w * counts[name] for name, w in self.weights.items())
        return 1 / (1 + math.exp(min(odds, 500.0)))


def count_pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[Counter[str]]:
    """What is counted in captions: see `count_claims`.

    Args:
        pairs: references and caption.
    """
    claims = read_claims(text for pair in pairs for text in pair)
    for told in claims:
        yield count_claims(told, next(claims))


def count_claims(told: Sequence[Claim], said: Sequence[Claim]) -> Counter[str]:
    """How many claims of a caption are contrary to its references, or unstated by them, by kind.

    A claim that a caption repeats counts once. What is said of an object that the references do not
    name is not counted beside that object.

    Args:
        told: claims of the references.
        said: claims of the caption.

    >>> told, said = read_claims(["A red cup left of a fork.", "A blue cup, a fork and a spoon."])
    >>> sorted(count_claims(told, said).items())
    [('attribute contrary', 1), ('object unstated', 1)]
    """
    numbers: dict[str, set[Any]] = {}
    for each in told:
        if each.family == "count" and _sure(each):
            numbers.setdefault(each.subject, set()).add(amount(each.value) or each.value)
    found: dict[tuple[str, ...], str] = {}
    for finding in judge("", said, _truth_of(told), ""):
        claim, how = finding.claim, ""
        if finding.verdict == "hallucinated":
            how = CONTRARY
        elif claim.family == "count" and _sure(claim) and finding.rule == "count not known":
            known = numbers.get(claim.subject)
            if known is None:
                how = UNSTATED
            elif (amount(claim.value) or claim.value) not in known:
                how = CONTRARY
        elif (
            finding.verdict == "unverifiable" and _sure(claim) and finding.rule != "no such object"
        ):
            how = UNSTATED
        if how:
            found[claim.kind, claim.subject, claim.value, claim.object] = f"{claim.kind} {how}"
    return Counter(found.values())


def fit_judge(
    counts: Sequence[Counter[str]], labels: Sequence[Label], card: dict[str, Any]
) -> ClaimJudge:
    """Fit a judge; both labels weigh the same, however often they come.

    Args:
        counts: of each caption, as `count_claims` gives them.
        labels: "yes": the caption is accurate; both must be among them.
        card: what they are, kept with the judge.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    table = np.array([[each[name] for name in FEATURES] for each in counts], dtype=float)
    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit(table, [label == "no" for label in labels])
    weights = (round(float(each), 6) for each in model.coef_[0])
    return ClaimJudge(
        intercept=round(float(model.intercept_[0]), 6),
        weights=dict(zip(FEATURES, weights, strict=True)),
        card=card,
    )


def read_judge(path: Path) -> ClaimJudge:
    """A judge that `save_judge` wrote.

    Raises:
        InputError: the file cannot be read or is no judge.
    """
    return read_json(path, ClaimJudge)


def save_judge(fitted: ClaimJudge, path: Path) -> None:
    """Write a judge as JSON.

    Raises:
        InputError: the folder cannot be written.
    """
    write_json(path, msgspec.to_builtins(fitted))


def _sure(claim: Claim) -> bool:
    return claim.stance == "asserted" and claim.sure >= LEAST_SURE


def _truth_of(told: Sequence[Claim]) -> Truth:
    """References as a truth: one object a name, with all that is said of any of that name."""
    looks: dict[str, dict[str, dict[str, None]]] = {}
    relations: dict[tuple[str, str, str], None] = {}
    for each in filter(_sure, told):
        mine = looks.setdefault(each.subject, {})
        if each.kind == "relation" and each.object != each.subject:
            looks.setdefault(each.object, {})
            relations[each.subject, each.value, each.object] = None
        elif each.kind == "attribute" and each.family != "count":
            mine.setdefault(each.family, {})[each.value] = None
    places = {name: place for place, name in enumerate(looks)}
    return Truth(
        objects=tuple(
            TrueObject(name=name, attributes={family: tuple(some) for family, some in own.items()})
            for name, own in looks.items()
        ),
        relations=tuple(
            TrueRelation(subject=places[one], predicate=predicate, object=places[other])
            for one, predicate, other in relations
        ),
    )
