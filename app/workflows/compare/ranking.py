"""Runs in the order of a figure, with ties: how far up and down each may stand beyond the error.

Every run is compared with every other; all these intervals hold at once with 95 %. A run is at best
one place behind those that are clearly better, and at worst one before those that are clearly
worse, so the ranges of all ranks hold at once, too (Mogstad, Romano, Shaikh and Wilhelm 2024,
"Inference for Ranks with Applications to Mobility across Neighbourhoods and Academic Achievement
across Countries", Review of Economic Studies 91).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

from halluc.bootstrap import Counted, Key, draw, key_of
from halluc.differences import differences


class Rank(NamedTuple):
    """Where a run stands.

    Attributes:
        name: of the run.
        value: its figure; None: undefined.
        first, last: the best and the worst rank that it may have, from 1.
    """

    name: str
    value: float | None
    first: int
    last: int

    @property
    def words(self) -> str:
        """The rank, or its range.

        >>> Rank("vcd", 0.1, 1, 3).words, Rank("icd", 0.2, 4, 4).words
        ('1–3', '4')
        """
        return f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"


def ranking(counted: Mapping[str, Counted], key: Key, *, lower: bool) -> list[Rank]:
    """The runs, the best first; those whose figure is undefined come last.

    Args:
        counted: figures by name of the run, on the same pictures.
        key: which figure.
        lower: less is better.
    """
    names = list(counted)
    drawn = [{key: each[key]} if key in each else {} for each in draw([counted[n] for n in names])]
    values = {
        name: next((s.value for s in each.scores if key_of(s) == key), None)
        for name, each in counted.items()
    }
    pairs = list(combinations(range(len(names)), 2))
    found = differences(
        [(counted[names[one]], counted[names[other]]) for one, other in pairs],
        [(drawn[one], drawn[other]) for one, other in pairs],
    )
    above, below = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for (one, other), some in zip(pairs, found, strict=True):
        for each in some:
            if each.low is None or each.high is None or each.low <= 0 <= each.high:
                continue
            better, worse = (other, one) if (each.high < 0) == lower else (one, other)
            above[names[worse]] += 1
            below[names[better]] += 1
    ranks = [Rank(n, values[n], 1 + above[n], len(names) - below[n]) for n in names]
    way = 1 if lower else -1
    return sorted(ranks, key=lambda each: (each.value is None, way * (each.value or 0.0)))
