"""How likely is it that an object of a caption is not in the picture?

A logistic regression on the factors of the object's first mention (`mitigation.postcorrection.
factors`), each as a line that may bend at eight quantiles of its values. Where the caption comes
without log-probabilities, a second one does without uncertainty. It is fitted by scikit-learn and
kept as plain JSON; using it takes neither. Beside it stands the rule that LURE publishes.

Source of factors and rule: Zhou et al. 2024 (arXiv:2310.00754).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.jsonl import read_json, write_json
from halluc.records import Record
from mitigation.postcorrection.analysis import Mention
from mitigation.postcorrection.factors import Factors

UNCERTAIN = 0.9
LATE = 0.8
"""LURE's thresholds of −log p and of the position in the text."""

KNOTS = 8
SHIPPED = Path(__file__).with_name("tabletop_detector.json")
"""A detector fitted to captions of the embedded MM-LLM."""

FACTORS: dict[str, Callable[[Factors], float | None]] = {
    "co_occurrence": lambda each: each.co_occurrence,
    "expectation": lambda each: each.expectation,
    "position": lambda each: each.position,
    "uncertainty": lambda each: each.uncertainty,
}


class Line(Record, frozen=True):
    """What a factor x adds to the log-odds: slope · x + Σ bend · max(0, x − knot)."""

    slope: float
    knots: tuple[float, ...] = ()
    bends: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        """What it adds at a value."""
        bent = (
            bend * max(0.0, value - knot) for knot, bend in zip(self.knots, self.bends, strict=True)
        )
        return self.slope * value + sum(bent)


class LogOdds(Record, frozen=True):
    """Log-odds that an object is absent: intercept plus a line for each factor."""

    intercept: float
    lines: dict[str, Line]

    def of(self, factors: Factors) -> float:
        """The log-odds; the factors must be told."""
        told = {name: FACTORS[name](factors) for name in self.lines}
        return self.intercept + sum(
            line.at(value) for name, line in self.lines.items() if (value := told[name]) is not None
        )


class Detector(Record, frozen=True):
    """A fitted detector.

    Attributes:
        plain: for captions without log-probabilities.
        full: for those with them; None where it was fitted on captions without.
        card: what it was fitted on.
    """

    plain: LogOdds
    full: LogOdds | None
    card: dict[str, Any]

    def __post_init__(self) -> None:
        for each in (self.plain, self.full):
            for name, line in each.lines.items() if each else ():
                if name not in FACTORS:
                    raise ValueError(f"unknown factor {name!r}; known are {', '.join(FACTORS)}")
                if len(line.knots) != len(line.bends):
                    raise ValueError(f"{name} has not as many knots as bends")

    def log_odds(self, factors: Factors) -> float:
        """Log-odds that an object is absent, from the factors of its first mention."""
        if self.full is not None and factors.uncertainty is not None:
            return self.full.of(factors)
        return self.plain.of(factors)


@dataclass(frozen=True)
class Examples:
    """Objects of captions: factors of their first mentions, and whether they are absent."""

    factors: list[Factors]
    absent: list[bool]
    weights: list[int]


def published_rule(factors: Factors) -> bool:
    """Whether LURE masks a mention: its −log p is above .9, or it is in the last fifth.

    Co-occurrence has no threshold there; it shapes the training captions only.
    """
    uncertain = factors.uncertainty is not None and factors.uncertainty > UNCERTAIN
    return uncertain or factors.position > LATE


def suspicions_of(detector: Detector, mentions: Sequence[Mention]) -> list[float]:
    """Log-odds for each mention that its object is absent; mentions of an object share them."""
    first: dict[tuple[str, str], float] = {}
    for each in mentions:
        key = each.id, each.factors.subject
        if key not in first:
            first[key] = detector.log_odds(each.factors)
    return [first[each.id, each.factors.subject] for each in mentions]


def fit_detector(mentions: Sequence[Mention], card: dict[str, Any]) -> Detector:
    """Fit a detector on mentions whose verdicts are known.

    Args:
        mentions: of any captions, those of each in order.
        card: what they are, kept with the detector.

    Raises:
        InputError: they are all of one kind.
    """
    objects: dict[tuple[str, str], Mention] = {}
    often: dict[tuple[str, str], int] = {}
    for each in mentions:
        key = each.id, each.factors.subject
        objects.setdefault(key, each)
        often[key] = often.get(key, 0) + 1
    absent = [each.hallucinated for each in objects.values()]
    if len(set(absent)) < 2:
        known = "hallucinated" if any(absent) else "there"
        raise InputError(f"a detector cannot be fitted: all {len(absent)} objects are {known}")
    factors = [each.factors for each in objects.values()]
    weights = list(often.values())
    examples = Examples(factors, absent, weights)
    told = all(each.uncertainty is not None for each in factors)
    plain = [name for name in FACTORS if name != "uncertainty"]
    return Detector(
        plain=_fit(examples, plain),
        full=_fit(examples, list(FACTORS)) if told else None,
        card={**card, "objects": len(absent), "absent": sum(absent)},
    )


def read_detector(path: Path) -> Detector:
    """A detector that `save_detector` wrote.

    Raises:
        InputError: the file cannot be read or is no detector.
    """
    return read_json(path, Detector)


def named_detector(name: str | None) -> tuple[Detector | None, dict[str, Any]]:
    """A detector by its name, and what a card says of it.

    Args:
        name: a file, or "tabletop" for the one that ships; None: none.

    Raises:
        InputError: the file cannot be read or is no detector.
    """
    if name is None:
        return None, {}
    file = SHIPPED if name == "tabletop" else Path(name)
    return read_detector(file), {"detector": file_card(file, 1)}


def save_detector(detector: Detector, path: Path) -> None:
    """Write a detector as JSON.

    Raises:
        InputError: the folder cannot be written.
    """
    write_json(path, msgspec.to_builtins(detector))


def probability(log_odds: float) -> float:
    """The probability of log-odds.

    >>> probability(0.0)
    0.5
    """
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))


def _fit(examples: Examples, names: Sequence[str]) -> LogOdds:
    """A logistic regression on bent lines, its coefficients in the factors' own units."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    values = {name: np.array([FACTORS[name](each) for each in examples.factors]) for name in names}
    knots = {name: _knots(column) for name, column in values.items()}
    columns = [
        column
        for name, value in values.items()
        for column in (value, *(np.maximum(0, value - knot) for knot in knots[name]))
    ]
    scaler = StandardScaler()
    scaled = scaler.fit_transform(np.stack(columns, axis=1))
    model = LogisticRegression(max_iter=5000)
    model.fit(scaled, examples.absent, sample_weight=examples.weights)
    slopes = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - (slopes * scaler.mean_).sum())
    lines, start = {}, 0
    for name in names:
        end = start + 1 + len(knots[name])
        slope, *bends = (round(float(each), 6) for each in slopes[start:end])
        lines[name] = Line(slope=slope, knots=knots[name], bends=tuple(bends))
        start = end
    return LogOdds(intercept=round(intercept, 6), lines=lines)


def _knots(values: Any) -> tuple[float, ...]:
    """Quantiles of a factor between its ends, each once."""
    import numpy as np

    found = np.unique(np.quantile(values, np.arange(1, KNOTS + 1) / (KNOTS + 1)).round(6))
    inside = (found > values.min()) & (found < values.max())
    return tuple(float(each) for each in found[inside])
