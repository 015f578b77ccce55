"""How well suspicions separate hallucinated from true mentions: AUROC, precision, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from halluc.bootstrap import percentiles
from halluc.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Score]:
    """AUROC and average precision of each way to suspect, with intervals over pictures.

    Where there are two or more ways, also the AUROC of the first minus that of each other.

    Args:
        suspicions: by name of the way, one for each mention; only their order counts.
        hallucinated: what is so.
        pictures: the picture of each mention.
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
    values = {name: np.array(each) for name, each in suspicions.items()}
    if not wrong.any() or wrong.all():
        rows = [(way, name, None) for way in values for name in measures]
        return [Score(metric=METRIC, split=way, name=name, value=None) for way, name, _ in rows]
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
        _score(way, name, float(measures[name](wrong, values[way])), draws[way, name])
        for way, name in drawn
    ]
    first, *others = values
    for other in others:
        gained = roc_auc_score(wrong, values[first]) - roc_auc_score(wrong, values[other])
        apart = draws[first, "AUROC"] - draws[other, "AUROC"]
        scores.append(_score(f"{first} − {other}", "AUROC", float(gained), apart))
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


def _score(way: str, name: str, value: float, drawn: NDArray[Any]) -> Score:
    low, high = percentiles(drawn)
    return Score(
        metric=METRIC,
        split=way,
        name=name,
        value=value,
        better="higher",
        low=low,
        high=high,
        interval="bootstrap" if low is not None else "",
    )
