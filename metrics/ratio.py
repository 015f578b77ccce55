"""A figure that is a ratio of counts."""

from __future__ import annotations

from typing import Literal

from halluc.records import Score


def ratio(
    metric: str,
    name: str,
    part: float,
    whole: float,
    *,
    split: str = "",
    better: Literal["higher", "lower", ""] = "",
    unit: str = "",
) -> Score:
    """Give part / whole with both counts behind it; a ratio of nothing is None.

    >>> ratio("pope", "accuracy", 3, 4).value, ratio("pope", "accuracy", 0, 0).value
    (0.75, None)
    """
    return Score(
        metric=metric,
        name=name,
        value=part / whole if whole else None,
        split=split,
        numerator=part,
        denominator=whole,
        better=better,
        unit=unit,
    )
