"""Two or more runs compared on the same resampled pictures, with intervals that hold together.

Several pairs of runs are a family: their 95 % intervals are widened so that all of them hold at
once, and p-values are corrected by the same resamples, so the two can never contradict each other:
p < .05 exactly where 0 is not in the interval. Sources: Beran 1988, "Balanced simultaneous
confidence sets", JASA 83; Mandel and Betensky 2008, "Simultaneous confidence intervals based on the
percentile bootstrap approach", Computational Statistics & Data Analysis 52; Westfall and Young
1993, "Resampling-based multiple testing".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from halluc.bootstrap import LEVEL, RESAMPLES, Counted, Key, draw, influences, key_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Drawn = Mapping[Key, NDArray[Any]]

POWER = 0.8
"""How often a difference as large as `Difference.detectable` is found."""

LEAST_PICTURES = 6
"""From fewer pairs no test can tell anything at 5 %: 2 / 2^5 is above it."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How much a figure of one run differs from that of another on the same pictures.

    Attributes:
        split, name: which figure.
        value: the other's figure minus the one's; None where one of the two is undefined.
        low, high: its 95 % interval, simultaneous over the pairs that were compared; None with
            fewer than `LEAST_PICTURES` pictures.
        p: how likely so great a difference is in any pair if there were none, 0..1.
        error: standard error of the difference.
        detectable: the least difference that would be found with a probability of `POWER`.
    """

    split: str
    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    error: float | None = None
    detectable: float | None = None


class Interval(NamedTuple):
    """What `simultaneous` says of one of several drawn figures."""

    low: float
    high: float
    p: float


def differences(
    pairs: Sequence[tuple[Counted, Counted]],
    drawn: Sequence[tuple[Drawn, Drawn]] | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[list[Difference]]:
    """For each pair the other's figures minus the one's, with simultaneous intervals.

    With one pair the interval is that of a paired percentile bootstrap. p is twice the share of
    resamples on the side of 0 where the difference was not found (Davison and Hinkley 1997,
    "Bootstrap methods and their application", chapters 4 and 5). It is never below 2 / 2^pictures,
    the least that a test of pairs can tell from so many.

    Args:
        pairs: what is compared with, and what is compared, on the same pictures.
        drawn: their resampled figures, as `halluc.bootstrap.draw` gives them of all at once;
            default: they are drawn here.
        seed: fixes what is drawn here.
        resamples: how many are drawn here, at least 1.

    Raises:
        ValueError: the figures are about different pictures.
    """
    if drawn is None:
        flat = draw([run for pair in pairs for run in pair], seed=seed, resamples=resamples)
        drawn = list(zip(flat[::2], flat[1::2], strict=True))
    values = [tuple({key_of(s): s.value for s in run.scores} for run in pair) for pair in pairs]
    keys = [[key for key in map(key_of, two.scores) if key in one_drawn and key in two_drawn]
            for (_, two), (one_drawn, two_drawn) in zip(pairs, drawn, strict=True)]  # fmt: skip
    found: list[dict[Key, Difference]] = [{} for _ in pairs]
    each_run = {id(run): run for pair in pairs for run in pair}
    moved_by = {name: influences(run) for name, run in each_run.items()}
    moved = [(moved_by[id(one)], moved_by[id(other)]) for one, other in pairs]
    for key in dict.fromkeys(key for some in keys for key in some):
        split, name = key
        known = []
        for number, (before, after) in enumerate(values):
            if key in keys[number]:
                found[number][key] = Difference(split=split, name=name)
                if before.get(key) is not None and after[key] is not None:
                    known.append(number)
        drawn_here = [drawn[number][1][key] - drawn[number][0][key] for number in known]
        spreads = [Spread.of(moved[n][1][key] - moved[n][0][key]) for n in known]
        level, intervals = simultaneous(drawn_here, spreads)
        for number, each, spread, interval in zip(
            known, drawn_here, spreads, intervals, strict=True
        ):
            before, after = values[number]
            value = (after[key] or 0.0) - (before[key] or 0.0)
            found[number][key] = Difference(
                split=split, name=name, value=value, **_found(each, interval, level, spread)
            )
    return [list(each.values()) for each in found]


class Spread(NamedTuple):
    """How well the spread of a figure over pictures is known.

    Attributes:
        pictures: how many there are, at least 1.
        freedom: degrees of freedom of its standard error, above 0.
    """

    pictures: int
    freedom: float

    @classmethod
    def of(cls, moved: NDArray[Any]) -> Spread:
        """From how much each picture moves the figure.

        A variance of n values with kurtosis κ has a relative variance of about (κ − 1) / n, and one
        with f degrees of freedom of 2 / f; so f is 2 n / (κ − 1): n for values of a normal
        distribution, few where few pictures make the figure (Satterthwaite 1946, "An approximate
        distribution of estimates of variance components", Biometrics Bulletin 2).
        """
        import numpy as np

        number = len(moved)
        squares = (moved - moved.mean()) ** 2
        second, fourth = float(squares.mean()), float(np.mean(squares**2))
        most = max(1, number - 1)
        excess = fourth / second**2 - 1 if second > 0 and fourth > 0 else 0.0
        return cls(number, min(most, 2 * number / excess) if excess > 0 else most)


def simultaneous(
    drawn: Sequence[NDArray[Any]], spreads: Sequence[Spread]
) -> tuple[float, list[Interval]]:
    """Percentile intervals of several figures that hold all at once with a probability of 95 %.

    In each resample every figure has a place in its own distribution; the level is such that 95 %
    of the resamples have none of their figures outside. So all figures are treated alike, and that
    they move together is made use of. Percentiles of few pictures are too narrow, so the intervals
    are expanded as Student's t is wider than the normal distribution (Hesterberg 2015, "What
    teachers should know about the bootstrap", The American Statistician 69).

    Args:
        drawn: of each figure all resamples, in the same order; NaN where it was undefined.
        spreads: how well the spread of each is known.

    Returns:
        The level of each interval alone (.05 for one figure), and for each its interval and p.
    """
    import numpy as np

    if not drawn:
        return 1 - LEVEL, []
    ordered = [np.sort(each[~np.isnan(each)]) for each in drawn]
    level = 1 - LEVEL
    least: NDArray[Any] | None = None
    if len(drawn) > 1:
        tails = [_tail(own, each) for own, each in zip(ordered, drawn, strict=True)]
        least = np.sort(np.fmin.reduce(tails))
        # Figures that take few values can only widen what one of them has alone.
        level = min(level, float(np.quantile(least, 1 - LEVEL)))
    found = []
    for own, spread in zip(ordered, spreads, strict=True):
        if not len(own):
            found.append(Interval(float("nan"), float("nan"), 1.0))
            continue
        tail = _expanded(level, spread) / 2
        low, high = np.quantile(own, (tail, 1 - tail))
        alone = _contracted(2 * min(_place(own, 0.0), _place(-own[::-1], 0.0)), spread)
        p = alone if least is None else max(alone, _place(least, alone))
        found.append(Interval(float(low), float(high), min(1.0, max(p, 2 / (len(own) + 1)))))
    return level, found


def one_sided(drawn: NDArray[Any], level: float, spread: Spread) -> tuple[float, float]:
    """Bounds of one drawn figure, each of which is passed by the truth with this probability.

    Args:
        drawn: its resamples; NaN where it was undefined, and at least one that is not.
        level: of each bound, above 0 and below .5.
        spread: how well its spread is known.
    """
    import numpy as np

    tail = _expanded(2 * level, spread) / 2
    low, high = np.nanquantile(drawn, (tail, 1 - tail))
    return float(low), float(high)


def detectable(drawn: NDArray[Any], level: float, spread: Spread) -> float:
    """The least true value whose interval leaves 0 out with a probability of `POWER`.

    Args:
        drawn: resamples of a figure; NaN where it was undefined, and at least one that is not.
        level: of its interval alone.
        spread: how well its spread is known.
    """
    import numpy as np

    beyond = -NormalDist().inv_cdf(_expanded(level, spread) / 2)
    return (beyond + NormalDist().inv_cdf(POWER)) * float(np.nanstd(drawn))


def _expanded(level: float, spread: Spread) -> float:
    """The level of the percentiles that hold as an interval of this level promises."""
    from scipy.special import ndtr, stdtrit

    return float(2 * ndtr(stdtrit(spread.freedom, level / 2) * _wider(spread)))


def _contracted(level: float, spread: Spread) -> float:
    """The inverse of `_expanded`."""
    from scipy.special import ndtri, stdtr

    return float(2 * stdtr(spread.freedom, ndtri(min(1.0, level) / 2) / _wider(spread)))


def _wider(spread: Spread) -> float:
    """A bootstrap divides by n and not by n − 1."""
    return float((1 + 1 / max(1, spread.pictures - 1)) ** 0.5)


def _tail(ordered: NDArray[Any], drawn: NDArray[Any]) -> NDArray[Any]:
    """The level up to which each resample lies in the percentile interval; 1 where undefined."""
    import numpy as np

    last = max(1, len(ordered) - 1)
    below = (np.searchsorted(ordered, drawn, "right") - 1) / last
    above = 1 - np.searchsorted(ordered, drawn, "left") / last
    return np.where(np.isnan(drawn), 1.0, np.minimum(1.0, 2 * np.minimum(below, above)))


def _place(ordered: NDArray[Any], value: float) -> float:
    """The share q whose quantile is the value, as `numpy.quantile` interpolates; 0 below all."""
    import numpy as np

    below = int(np.searchsorted(ordered, value, "right"))
    if not below:
        return 0.0
    if below == len(ordered):
        return 1.0
    gap = float(ordered[below] - ordered[below - 1])
    part = (value - float(ordered[below - 1])) / gap
    return (below - 1 + part) / (len(ordered) - 1)


def _found(
    drawn: NDArray[Any], interval: Interval, level: float, spread: Spread
) -> dict[str, float]:
    """What the resamples of a difference say of it."""
    import numpy as np

    p = max(interval.p, 2.0 ** (1 - spread.pictures))
    if spread.pictures < LEAST_PICTURES or np.isnan(interval.low):
        return {"p": p}
    return {
        "low": interval.low,
        "high": interval.high,
        "p": p,
        "error": float(np.nanstd(drawn)),
        "detectable": detectable(drawn, level, spread),
    }
