"""How well suspicions separate hallucinated from true mentions.

AUROC, precision, reliability, and risk-coverage curves (El-Yaniv and Wiener 2010, "On the
foundations of noise-free selective classification", JMLR 11).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from halluc.bootstrap import percentiles
from halluc.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

Measure = Callable[["NDArray[Any]", "NDArray[Any]"], float]
"""A figure of which mentions are hallucinated and how much each is suspected."""

METRIC = "detector"
RESAMPLES = 1000
TENTHS = 10


class Bin(NamedTuple):
    """Mentions of like probability: how many, what was said on the mean, and what is so."""

    mentions: int
    said: float
    hallucinated: float


def judge_suspicions(
    suspicions: Mapping[str, Sequence[float]],
    hallucinated: Sequence[bool],
    pictures: Sequence[str],
    *,
    more: Mapping[str, Measure] | None = None,
    metric: str = METRIC,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Score]:
    """AUROC and average precision of each way to suspect, with intervals over pictures.

    Where there are two or more ways, also the AUROC of the first minus that of each other. All are
    undefined where the mentions are all hallucinated, or none is.

    Args:
        suspicions: by name of the way, one for each mention; only their order counts.
        hallucinated: what is so.
        pictures: the picture of each mention.
        more: further measures by name, of what is so and the suspicions; lower is better.
        metric: the name that the figures bear.
        seed: fixes the resamples.
        resamples: how many.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score, roc_auc_score

    wrong = np.array(hallucinated)
    groups: dict[str, list[int]] = {}
    for place, picture in enumerate(pictures):
        groups.setdefault(picture, []).append(place)
    places = [np.array(each) for each in groups.values()]
    generator = np.random.default_rng(seed)
    measures = {"AUROC": roc_auc_score, "average precision": average_precision_score}
    measures |= more or {}
    values = {name: np.array(each) for name, each in suspicions.items()}
    if not wrong.any() or wrong.all():
        return [
            Score(metric=metric, split=way, name=name, value=None)
            for way in values
            for name in measures
        ]
    drawn: dict[tuple[str, str], list[float]] = {
        (way, name): [] for way in values for name in measures
    }
    for _ in range(resamples):
        chosen = np.concatenate(
            [places[i] for i in generator.integers(0, len(places), len(places))]
        )
        if wrong[chosen].any() and not wrong[chosen].all():
            for (way, name), found in drawn.items():
                found.append(measures[name](wrong[chosen], values[way][chosen]))
    draws = {key: np.array(each) for key, each in drawn.items()}
    scores = [
        _score(
            metric,
            (way, name),
            float(measures[name](wrong, values[way])),
            draws[way, name],
            better="lower" if more and name in more else "higher",
        )
        for way, name in drawn
    ]
    first, *others = values
    for other in others:
        gained = roc_auc_score(wrong, values[first]) - roc_auc_score(wrong, values[other])
        apart = draws[first, "AUROC"] - draws[other, "AUROC"]
        scores.append(_score(metric, (f"{first} − {other}", "AUROC"), float(gained), apart))
    return scores


def reliability(probabilities: Sequence[float], hallucinated: Sequence[bool]) -> list[Bin]:
    """Mentions in tenths of probability from 0 to 1; tenths without any are left out."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for chance, wrong in zip(probabilities, hallucinated, strict=True):
        bins.setdefault(min(int(chance * TENTHS), TENTHS - 1), []).append((chance, wrong))
    return [
        Bin(len(some), sum(c for c, _ in some) / len(some), sum(w for _, w in some) / len(some))
        for _, some in sorted(bins.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Expected calibration error: mean |said − so| over mentions; None where there are none.

    >>> calibration_error([Bin(3, 0.25, 0.5), Bin(1, 0.75, 0.5)])
    0.25
    """
    whole = sum(each.mentions for each in bins)
    if not whole:
        return None
    return sum(each.mentions * abs(each.said - each.hallucinated) for each in bins) / whole


def risks(wrong: NDArray[Any], suspicions: NDArray[Any]) -> NDArray[Any]:
    """Share of hallucinated mentions among the k least suspected, for k from 1 on.

    Mentions that are suspected alike count as in no order: each as their mean. Shape: (mentions,).

    >>> import numpy as np
    >>> risks(np.array([True, False, True, False]), np.array([3.0, 1.0, 2.0, 2.0])).tolist()
    [0.0, 0.25, 0.3333333333333333, 0.5]
    """
    import numpy as np

    _, groups, sizes = np.unique(suspicions, return_inverse=True, return_counts=True)
    means = np.bincount(groups, weights=wrong) / sizes
    return np.cumsum(np.repeat(means, sizes)) / np.arange(1, len(wrong) + 1)


def risk_at(coverage: float) -> Measure:
    """Share of hallucinated mentions among so many of the least suspected, from 0 to 1."""

    def measure(wrong: NDArray[Any], suspicions: NDArray[Any]) -> float:
        return float(risks(wrong, suspicions)[max(math.ceil(coverage * len(wrong)), 1) - 1])

    return measure


def mean_risk(wrong: NDArray[Any], suspicions: NDArray[Any]) -> float:
    """Area under the risk-coverage curve (AURC)."""
    return float(risks(wrong, suspicions).mean())


def _score(
    metric: str,
    key: tuple[str, str],
    value: float,
    drawn: NDArray[Any],
    *,
    better: Literal["higher", "lower"] = "higher",
) -> Score:
    low, high = percentiles(drawn)
    return Score(
        metric=metric,
        split=key[0],
        name=key[1],
        value=value,
        better=better,
        low=low,
        high=high,
        interval="bootstrap" if low is not None else "",
    )
