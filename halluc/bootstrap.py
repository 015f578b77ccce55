"""What each picture adds to a metric's figures, and the figures of resampled pictures.

A figure is a ratio of two sums over pictures, or a weighted sum of such ratios (the mean over
splits). Answers on one picture resemble each other, so pictures are resampled, never answers (Efron
and Tibshirani 1993, "An introduction to the bootstrap"; Field and Welsh 2007, "Bootstrapping
clustered data", JRSS B 69). The same seed draws the same, whatever the order of the records or the
number of threads.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import msgspec

from halluc.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

Key = tuple[str, str]
"""Split and name of a figure."""

LEVEL = 0.95
RESAMPLES = 10_000

Bounds = tuple[float, float] | tuple[None, None]
"""An interval, or none."""

# More pictures than these are put together before they are resampled; see `grouping`.
MOST_CLUSTERS = 5_000
# Draws held in memory at once: 16 MB.
_AT_ONCE = 2_000_000


class _Counts(Protocol):
    def __add__(self, other: Self, /) -> Self: ...


C = TypeVar("C", bound=_Counts)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Counted:
    """The figures of a metric with what each picture adds to them.

    Attributes:
        scores: the figures of all answers.
        parts: the same ratios of each picture's answers alone, by picture (or by group, see
            `grouping`); only their numerators and denominators count.
        blends: figures that are no ratio but a weighted sum of ratios; their weights by key. One
            of ratios that are not among the scores has no interval.
    """

    scores: Sequence[Score]
    parts: Mapping[str, Sequence[Score]]
    blends: Mapping[Key, Mapping[Key, float]] = field(default_factory=dict)

    @cached_property
    def table(self) -> NDArray[Any]:
        """Numerators and denominators of each picture, by name: (2, pictures, ratios)."""
        import numpy as np

        places = places_of(self)
        table = np.zeros((2, len(self.parts), len(places)))
        for row, name in enumerate(sorted(self.parts)):
            for score in self.parts[name]:
                place = places.get(key_of(score))
                above, below = score.numerator, score.denominator
                if place is not None and above is not None and below is not None:
                    table[0, row, place] += above
                    table[1, row, place] += below
        return table


def merged(counts: Mapping[K, C], clusters: Mapping[K, str]) -> dict[str, C]:
    """Counts of things as counts of the pictures they are about.

    >>> merged({"a/1": 2, "a/2": 3, "b/1": 1}, {"a/1": "a", "a/2": "a", "b/1": "b"})
    {'a': 5, 'b': 1}
    """
    sums: dict[str, C] = {}
    for key, count in counts.items():
        name = clusters[key]
        sums[name] = sums[name] + count if name in sums else count
    return sums


class Gathered(Generic[C]):
    """Counts of answers, added up by picture as they come; by group where pictures are very many.

    It holds no more than `MOST_CLUSTERS` sums, however many answers there are.
    """

    def __init__(self) -> None:
        self._sums: dict[str, C] = {}
        self._grouped = False

    def add(self, picture: str, counts: C) -> None:
        """Add the counts of one answer on a picture."""
        self._add(_group(picture) if self._grouped else picture, counts)
        if not self._grouped and len(self._sums) > MOST_CLUSTERS:
            sums, self._sums, self._grouped = self._sums, {}, True
            for name, each in sums.items():
                self._add(_group(name), each)

    def _add(self, name: str, counts: C) -> None:
        self._sums[name] = self._sums[name] + counts if name in self._sums else counts

    def counted(
        self,
        compute: Callable[[C], list[Score]],
        blends: Mapping[Key, Mapping[Key, float]] | None = None,
    ) -> Counted:
        """The metric's figures; at least one answer has been added.

        Args:
            compute: the metric's figures of counts.
            blends: the metric's figures that are weighted sums of its ratios.
        """
        (total,) = merged(self._sums, dict.fromkeys(self._sums, "")).values()
        parts = {name: compute(each) for name, each in self._sums.items()}
        return Counted(compute(total), parts, blends or {})


def pooled(runs: Sequence[Counted]) -> Counted:
    """Several runs of the same arm, such as those of several seeds, as one.

    Each ratio is that of the sums over the runs, picture by picture.

    Args:
        runs: at least one, all on the same pictures.

    Raises:
        ValueError: they are about different pictures.
    """
    first, *others = runs
    if not others:
        return first
    if any(each.parts.keys() != first.parts.keys() for each in others):
        raise ValueError("figures of different pictures cannot be pooled")
    scores = [_summed(same) for same in zip(*(each.scores for each in runs), strict=True)]
    values = {key_of(score): score.value for score in scores}
    for place, score in enumerate(scores):
        if weights := first.blends.get(key_of(score)):
            known = [(weight, values.get(key)) for key, weight in weights.items()]
            undefined = any(value is None for _, value in known)
            value = None if undefined else sum(weight * (v or 0.0) for weight, v in known)
            scores[place] = msgspec.structs.replace(score, value=value)
    parts = {
        name: [_summed(same) for same in zip(*(each.parts[name] for each in runs), strict=True)]
        for name in first.parts
    }
    return Counted(scores, parts, first.blends)


def _summed(same: Sequence[Score]) -> Score:
    if any(each.denominator is None or each.numerator is None for each in same):
        return same[0]
    above = sum(each.numerator or 0 for each in same)
    below = sum(each.denominator or 0 for each in same)
    value = above / below if below else None
    return msgspec.structs.replace(same[0], value=value, numerator=above, denominator=below)


def grouping(pictures: Collection[str]) -> Callable[[str], str]:
    """What is drawn for a picture: itself, or where pictures are very many, a group of them.

    A hash of its name puts a picture in one of `MOST_CLUSTERS` groups. They are as independent of
    each other as pictures, so intervals stay right, their width within some 1 %.
    """
    return str if len(pictures) <= MOST_CLUSTERS else _group


def _group(picture: str) -> str:
    return f"group {zlib.crc32(picture.encode()) % MOST_CLUSTERS}"


def count_pictures(
    counts: Mapping[str, C],
    clusters: Mapping[str, str],
    compute: Callable[[C], list[Score]],
    blends: Mapping[Key, Mapping[Key, float]] | None = None,
) -> Counted:
    """A metric's figures from the counts of each answer.

    Args:
        counts: of each answer, by its id; at least one.
        clusters: the picture that each answer is about, by the same id.
        compute: the metric's figures of counts.
        blends: the metric's figures that are weighted sums of its ratios.
    """
    gathered = Gathered[C]()
    for id, each in counts.items():
        gathered.add(clusters[id], each)
    return gathered.counted(compute, blends)


def draw(
    runs: Sequence[Counted], *, seed: int = 0, resamples: int = RESAMPLES
) -> list[dict[Key, NDArray[Any]]]:
    """Figures of resampled pictures, the same pictures for all runs.

    Returns:
        For each run its ratios and blends by key, each of shape (resamples,); NaN where a ratio
        of nothing was drawn.

    Raises:
        ValueError: the runs are about different pictures.
    """
    import numpy as np

    if any(counted.parts.keys() != runs[0].parts.keys() for counted in runs):
        raise ValueError("figures of different pictures cannot be drawn together")
    tables = np.concatenate([counted.table for counted in runs], axis=2)
    above, below = _sums(tables, seed, resamples)
    values = np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)
    drawn, start = [], 0
    for counted in runs:
        places = places_of(counted)
        figures = {key: values[:, start + place] for key, place in places.items()}
        start += len(places)
        for key, weights in counted.blends.items():
            if weights.keys() <= places.keys():
                figures[key] = np.sum([w * figures[part] for part, w in weights.items()], axis=0)
        drawn.append(figures)
    return drawn


def influences(counted: Counted) -> dict[Key, NDArray[Any]]:
    """How much each picture moves each figure, to first order: (a − R b) / Σ b of a ratio R.

    In the order of the pictures' names; a ratio of nothing has none.
    """
    import numpy as np

    above, below = counted.table
    wholes = below.sum(axis=0)
    found = {
        key: (above[:, place] - above[:, place].sum() / wholes[place] * below[:, place])
        / wholes[place]
        for key, place in places_of(counted).items()
        if wholes[place]
    }
    for key, weights in counted.blends.items():
        if weights.keys() <= found.keys():
            found[key] = np.sum([w * found[part] for part, w in weights.items()], axis=0)
    return found


def percentiles(drawn: NDArray[Any]) -> Bounds:
    """The middle 95 % of what was drawn, NaN left out; none if nothing is left."""
    import numpy as np

    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return None, None
    low, high = np.percentile(known, (50 * (1 - LEVEL), 50 * (1 + LEVEL)))
    return float(low), float(high)


def key_of(score: Score) -> Key:
    """Split and name."""
    return score.split, score.name


def places_of(counted: Counted) -> dict[Key, int]:
    """The column of each ratio."""
    keys = (key_of(score) for score in counted.scores if score.denominator is not None)
    return {
        key: place for place, key in enumerate(key for key in keys if key not in counted.blends)
    }


def _sums(table: NDArray[Any], seed: int, resamples: int) -> NDArray[Any]:
    """Sums over resampled rows: (2, resamples, ratios)."""
    import numpy as np

    kinds, rows, width = table.shape
    flat = np.concatenate(list(table), axis=1)
    generator = np.random.default_rng(seed)
    sums = np.empty((resamples, kinds * width))
    step = max(1, _AT_ONCE // rows)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = generator.integers(0, rows, (size, rows))
        drawn += np.arange(size)[:, None] * rows
        often = np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
        # Counts are whole numbers, so no order of adding them up changes a digit.
        sums[start : start + size] = often.astype(float) @ flat
    return np.stack(np.split(sums, kinds, axis=1))
