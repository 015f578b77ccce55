"""Intervals and paired tests: how sure a figure is, and whether two runs really differ.

Everything is 95 %. Intervals and tests of ratios rest on `halluc.bootstrap`, so on pictures; two
runs are compared on the same resampled pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from halluc.bootstrap import (
    LEVEL,
    RESAMPLES,
    Bounds,
    Counted,
    Key,
    draw,
    key_of,
    percentiles,
    places_of,
    table_of,
)
from halluc.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray


INTERVALS = f"95 %, bootstrap over pictures ({RESAMPLES:,} draws, seed 0) or Wilson"
"""How `with_intervals` finds intervals where nothing else is asked, in words."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How much a figure of one run differs from that of another on the same pictures.

    Attributes:
        split, name: which figure.
        value: the other's figure minus the one's; None where one of the two is undefined.
        low, high: its 95 % interval.
        p: how likely so great a difference is if there were none, 0..1.
    """

    split: str
    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


class McNemar(NamedTuple):
    """McNemar's test.

    Attributes:
        gained, lost: questions that only the other answered rightly, and only the one.
        p: of the exact test.
        chi_square, chi_square_p: with the continuity correction; None if nothing differs.
    """

    gained: int
    lost: int
    p: float
    chi_square: float | None
    chi_square_p: float | None


def wilson(part: float, whole: float) -> tuple[float, float]:
    """Interval of a proportion of independent things, from 0 to 1.

    Unlike the textbook's ± it holds near 0 and 1, where it never has width nought. Source: Wilson
    1927, "Probable inference, the law of succession, and statistical inference", JASA 22.

    >>> low, high = wilson(0, 300)
    >>> low, round(high, 4)
    (0.0, 0.0126)

    Raises:
        ValueError: the part is not between 0 and the whole, or the whole is 0.
    """
    if not 0 <= part <= whole or not whole:
        raise ValueError(f"{part} of {whole} is no proportion")
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    share, scale = part / whole, 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z / scale * (share * (1 - share) / whole + z * z / (4 * whole * whole)) ** 0.5
    # At the ends the formula gives 0 and 1 but for rounding.
    return (middle - half if part else 0.0), (middle + half if part < whole else 1.0)


def mcnemar(gained: int, lost: int) -> McNemar:
    """Do two runs answer equally many questions rightly? Only those count in which they differ.

    Source: McNemar 1947, "Note on the sampling error of the difference between correlated
    proportions or percentages", Psychometrika 12; computed by statsmodels.

    Args:
        gained: questions that only the other run answered rightly.
        lost: questions that only the one answered rightly.
    """
    if not gained + lost:
        return McNemar(0, 0, 1.0, None, None)
    from statsmodels.stats.contingency_tables import mcnemar as test

    table = [[0, gained], [lost, 0]]
    exact, chi = test(table, exact=True), test(table, exact=False, correction=True)
    p, chi_square, chi_square_p = map(float, (exact.pvalue, chi.statistic, chi.pvalue))
    return McNemar(gained, lost, p, chi_square, chi_square_p)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, in the same order.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6; computed by statsmodels.
    """
    if len(p_values) < 2:
        return list(p_values)
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def with_intervals(figures: Counted, *, seed: int = 0, resamples: int = RESAMPLES) -> list[Score]:
    """The figures, each ratio and blend of ratios with its interval.

    Wilson's, where each picture adds one thing at most to a proportion (a caption is one thing of
    CHAIRs), and where a proportion is 0 or 1, of which a bootstrap would be certain: there with the
    pictures as the number of things. Else the percentiles of a bootstrap over pictures. A figure
    that is undefined, rests on one picture alone, or is the same in all draws has no interval.

    Args:
        figures: the figures and what each picture adds to them.
        seed: fixes the resamples.
        resamples: how many, at least 1.
    """
    table = table_of(figures, sorted(figures.parts))
    places, draws = places_of(figures), dict[Key, "NDArray[Any]"]()
    scores = []
    for score in figures.scores:
        key = key_of(score)
        if score.value is None or (key not in places and key not in figures.blends):
            scores.append(score)
            continue
        share = key in places and not score.unit
        if share and (found := _exact(*table[:, :, places[key]])) is not None:
            scores.append(_bounded(score, found, "wilson"))
            continue
        if not draws and len(figures.parts) > 1:
            (draws,) = draw([figures], seed=seed, resamples=resamples)
        bounds = percentiles(draws[key]) if key in draws else (None, None)
        # Draws that are all the same do not tell how far the figure could move.
        scores.append(score if bounds[0] == bounds[1] else _bounded(score, bounds, "bootstrap"))
    return scores


def differences(
    one: Counted, other: Counted, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Difference]:
    """The other's figures minus the one's, with intervals and p-values of a paired bootstrap.

    p is twice the share of resamples, one more counted, in which the difference is not on the side
    where it was found (Davison and Hinkley 1997, "Bootstrap methods and their application",
    chapters 4 and 5), so p < .05 says what an interval without 0 says. It is never below
    2 / 2^pictures, the least that any test of pairs can tell from so many.

    Args:
        one: what is compared with.
        other: what is compared, on the same pictures.
        seed: fixes the resamples.
        resamples: how many, at least 1.

    Raises:
        ValueError: the two are about different pictures.
    """
    before, after = draw([one, other], seed=seed, resamples=resamples)
    values = {key_of(score): score.value for score in one.scores}
    least = 2.0 ** (1 - len(one.parts))
    found = []
    for score in other.scores:
        split, name = key = key_of(score)
        if key not in before or key not in after:
            continue
        old, new = values[key], score.value
        if old is None or new is None:
            found.append(Difference(split=split, name=name))
            continue
        drawn = after[key] - before[key]
        low, high = percentiles(drawn) if len(one.parts) > 1 else (None, None)
        p = max(least, _p_value(drawn))
        found.append(Difference(split=split, name=name, value=new - old, low=low, high=high, p=p))
    return found


def _exact(above: NDArray[Any], below: NDArray[Any]) -> tuple[float, float] | None:
    """Wilson's interval of a share, from what each picture adds, if better than a bootstrap."""
    part, whole, pictures = float(above.sum()), float(below.sum()), int((below > 0).sum())
    if bool(((below == 0) | (below == 1)).all()):
        return wilson(part, whole)
    if part in (0, whole):
        return wilson(pictures if part else 0, pictures)
    return None


def _bounded(score: Score, bounds: Bounds, interval: Literal["wilson", "bootstrap"]) -> Score:
    low, high = bounds
    if low is None:
        return score
    return msgspec.structs.replace(score, low=low, high=high, interval=interval)


def _p_value(drawn: NDArray[Any]) -> float:
    import numpy as np

    known = drawn[~np.isnan(drawn)]
    other_side = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (1 + other_side) / (1 + len(known)))
