"""Arms of several seeds: how far another seed moves a figure, beside how far other pictures do."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import stdev

from app.workflows.compare.differences import Compared, Comparison
from app.workflows.compare.numbers import scaled
from halluc.records import Score


def values(comparison: Comparison, run: str, row: Compared) -> list[float]:
    """A figure of each seed of a run; empty where it has one seed, or the figure is undefined."""
    found = [
        score.value
        for scores in comparison.seeds.get(run, [])
        for score in scores
        if (score.metric, score.split, score.name) == (row.metric, row.split, row.name)
    ]
    return [each for each in found if each is not None]


def lines(comparison: Comparison) -> list[str]:
    """The deciding figures of each seed, their spread, and the error over pictures."""
    said = []
    for side in comparison.sides:
        decided = set[str]()
        for row in comparison.rows:
            kind = comparison.metrics.get(row.metric)
            if kind is None or row.metric in decided or row.name not in kind.story[:1]:
                continue
            decided.add(row.metric)
            found = values(comparison, side.name, row)
            if len(found) > 1:
                key = row.metric, row.split, row.name
                scores = comparison.scores[side.name]
                score = next(s for s in scores if (s.metric, s.split, s.name) == key)
                said.append(_line(side.name, row, found, score))
    return said


def _line(run: str, row: Compared, found: list[float], score: Score) -> str:
    told = ", ".join(scaled(row.unit, each, 1) for each in found)
    unit = row.unit or "points"
    text = f"{run}, {len(found)} seeds: {row.name} {told}; standard deviation between seeds "
    text += f"{scaled(row.unit, stdev(found), 1)} {unit}"
    if score.low is not None and score.high is not None:
        error = (score.high - score.low) / (2 * 1.96)
        text += f", standard error over pictures {scaled(row.unit, error, 1)}"
    return text


def cautions(comparison: Comparison, row: Compared) -> Iterator[str]:
    """That a difference is smaller than what another seed changes, or rests on one seed."""
    if row.difference is None or not row.clear:
        return
    spreads = [
        stdev(found)
        for run in (row.one, row.other)
        if len(found := values(comparison, run, row)) > 1
    ]
    if spreads and abs(row.difference) < (spread := sum(each**2 for each in spreads) ** 0.5):
        unit = row.unit or "points"
        yield (
            f"But another seed changes as much: the difference of {row.name} is "
            f"{scaled(row.unit, abs(row.difference), 1)} {unit}, the standard deviation between "
            f"seeds {scaled(row.unit, spread, 1)}."
        )
