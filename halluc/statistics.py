"""How sure a figure is: 95 % intervals, and McNemar's test of yes/no answers.

Intervals of ratios rest on `halluc.bootstrap`, so on pictures. Whether runs really differ, see
`halluc.differences`.
"""

from __future__ import annotations

from collections.abc import Mapping
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
)
from halluc.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray


INTERVALS = f"95 %, bootstrap over pictures ({RESAMPLES:,} draws, seed 0) or Wilson"
"""How `with_intervals` finds intervals where nothing else is asked, in words."""


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


def with_intervals(
    figures: Counted,
    drawn: Mapping[Key, NDArray[Any]] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Score]:
    """The figures, each ratio and blend of ratios with its interval.

    Wilson's, where each picture adds one thing at most to a proportion, wholly or not at all (a
    caption is one thing of CHAIRs), and where a proportion is 0 or 1, of which a bootstrap would be
    certain: there with the pictures as the number of things. Else the percentiles of a bootstrap
    over pictures. A figure that is undefined, rests on one picture alone, or is the same in all
    draws has no interval.

    Args:
        figures: the figures and what each picture adds to them.
        drawn: the resampled figures, as `halluc.bootstrap.draw` gives them; default: they are drawn
            here.
        seed: fixes what is drawn here.
        resamples: how many are drawn here, at least 1.
    """
    table = figures.table
    places, draws = places_of(figures), drawn or {}
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


def _exact(above: NDArray[Any], below: NDArray[Any]) -> tuple[float, float] | None:
    """Wilson's interval of a share, from what each picture adds, if better than a bootstrap."""
    part, whole, pictures = float(above.sum()), float(below.sum()), int((below > 0).sum())
    if bool((((below == 0) | (below == 1)) & ((above == 0) | (above == 1))).all()):
        return wilson(part, whole)
    if part in (0, whole):
        return wilson(pictures if part else 0, pictures)
    return None


def _bounded(score: Score, bounds: Bounds, interval: Literal["wilson", "bootstrap"]) -> Score:
    low, high = bounds
    if low is None:
        return score
    return msgspec.structs.replace(score, low=low, high=high, interval=interval)
