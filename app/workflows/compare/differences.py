"""What differs between runs on the same pictures, how sure that is, and how each was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from app.workflows.compare.claims import Claims, Where
from app.workflows.compare.sides import Side
from app.workflows.score import TRUTH_OF_RUN
from halluc.bootstrap import Counted, Key, draw
from halluc.card import card_differences
from halluc.datasets.files import file_card
from halluc.differences import Difference, differences
from halluc.length import Adjusted
from halluc.records import Record, Score
from halluc.statistics import INTERVALS, McNemar, mcnemar, with_intervals
from metrics.protocol import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXT = "text"
"""The metric under which length and cost stand."""

REPEATED = "repeated"
"""Its share of groups of four words that came before in the same answer."""

_KEPT = ("split", "name", "low", "high", "p", "error", "detectable")


class Compared(Record, frozen=True):
    """A figure of two runs.

    Attributes:
        metric, split, name, better, unit: which figure, as in its scores.
        one, other: names of the runs.
        one_value, other_value: their figures.
        difference: the other's minus the one's; None where one of them is undefined.
        low, high: its 95 % interval, of a paired bootstrap over pictures, simultaneous over the
            pairs of runs.
        p: its p-value, corrected for the number of pairs of runs likewise.
        error, detectable: as in `halluc.differences.Difference`.
        gained, lost: accuracy: questions that only the other, and only the one, answered rightly.
        mcnemar_p: McNemar's exact test of the two, which takes questions as independent.
        chi_square, chi_square_p: its statistic with continuity correction, and the p-value of that.
    """

    metric: str
    split: str
    name: str
    better: Literal["higher", "lower", ""]
    unit: str
    one: str
    other: str
    one_value: float | None
    other_value: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    error: float | None = None
    detectable: float | None = None
    gained: int | None = None
    lost: int | None = None
    mcnemar_p: float | None = None
    chi_square: float | None = None
    chi_square_p: float | None = None

    @property
    def clear(self) -> bool:
        """Whether the runs differ beyond the error: no 0 in the interval, which is p < .05."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    @property
    def gain(self) -> int:
        """1 if the other run is clearly better, -1 if clearly worse, else 0."""
        if not self.clear or not self.better or self.difference is None:
            return 0
        return 1 if (self.difference > 0) == (self.better == "higher") else -1


@dataclass(frozen=True)
class MeasuredSides:
    """What a metric says of each run.

    Attributes:
        metric: with its options; None: length and cost.
        how: how it was scored, for the result card.
        counted: figures by name of the run, counted picture by picture.
        right: for yes/no questions: whether each was answered rightly, by name of the run, split
            and id.
        seeds: figures of each seed, by name of the run.
        claims: what captions claim, by name of the run, where that was kept.
    """

    metric: Metric | None
    how: dict[str, Any]
    counted: dict[str, Counted]
    right: dict[str, dict[str, dict[str, bool]]] = field(default_factory=dict)
    seeds: dict[str, list[Counted]] = field(default_factory=dict)
    claims: dict[str, Claims] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        how: how the figures were made.
        sides: the runs.
        scores: the figures of each run with their intervals, by its name.
        seconds: how long each run took, by its name; None where nobody knows.
        pairs: which runs are compared, as (one, other).
        made: how the two of each pair were made differently, line by line.
        rows: the differences, by metric, figure and pair.
        controls: names of the runs that are controls.
        metrics: the metrics with figures in `rows`, by what these are filed under ("pope:vcd").
        equal: the differences at equal length, where they were asked for.
        adjusted: rates at equal length by a model, likewise, by metric and pair.
        seeds: the figures of each seed of a run that has several, by its name.
        where: where the claims of each pair differ; of captions, and of arms with one seed.
    """

    how: dict[str, Any]
    sides: Sequence[Side]
    scores: dict[str, list[Score]]
    seconds: dict[str, float | None]
    pairs: list[tuple[str, str]]
    made: dict[tuple[str, str], list[str]]
    rows: list[Compared]
    controls: Sequence[str]
    metrics: dict[str, Metric]
    equal: list[Compared] = field(default_factory=list)
    adjusted: dict[tuple[str, str, str], Adjusted] = field(default_factory=dict)
    seeds: dict[str, list[list[Score]]] = field(default_factory=dict)
    where: list[Where] = field(default_factory=list)


def compare_sides(
    sides: Sequence[Side],
    metrics: Sequence[MeasuredSides],
    controls: Sequence[str] = (),
    truth: Sequence[str] = (),
    pairs: Sequence[tuple[str, str]] = (),
) -> Comparison:
    """Compare runs figure by figure; the metrics measured all of them.

    Args:
        sides: at least two, with the same ids.
        metrics: what each metric says of them.
        controls: names of those that are controls of the others.
        truth: what was given as truth; default: what the runs hold.
        pairs: which runs are compared, as (one, other), the first ones with the run that is the
            base of all; default: those of `pairs_of`.
    """
    pairs = list(pairs) or pairs_of([side.name for side in sides], controls)
    scores: dict[str, list[Score]] = {side.name: [] for side in sides}
    rows = []
    for metric in metrics:
        names = list(metric.counted)
        drawn = dict(zip(names, draw([metric.counted[name] for name in names]), strict=True))
        for name, counted in metric.counted.items():
            scores[name] += with_intervals(counted, drawn[name])
        rows += _rows(metric, pairs, drawn)
    by_name = {side.name: side for side in sides}
    pictures = len(set(sides[0].pictures.values()))
    how = {
        "metric": "; ".join(each.metric.edition for each in metrics if each.metric),
        **{name: value for metric in metrics for name, value in metric.how.items()},
        "truth": ", ".join(map(_hashed, truth)) or TRUTH_OF_RUN,
        "answers": f"{len(sides[0].samples):,} on {pictures:,} pictures, the same in all runs",
        "intervals": INTERVALS,
        "difference": f"against {pairs[0][0]}",
    }
    if len(pairs) > 1:
        told = f"simultaneous over {len(pairs)} pairs of runs, each figure on its own"
        how["intervals of differences, p"] = told
    return Comparison(
        how=how,
        sides=sides,
        scores=scores,
        seconds={side.name: _seconds(side) for side in sides},
        pairs=pairs,
        made={pair: _made(by_name[pair[0]], by_name[pair[1]]) for pair in pairs},
        rows=rows,
        controls=controls,
        seeds={
            side.name: [
                [score for each in metrics for score in each.seeds[side.name][place].scores]
                for place in range(len(side.seeds))
            ]
            for side in sides
            if side.seeds
        },
        metrics={
            score.metric: each.metric
            for each in metrics
            if each.metric is not None
            for counted in each.counted.values()
            for score in counted.scores
        },
    )


def pairs_of(names: Sequence[str], controls: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Who is compared with whom: every run with the first, every method with each control.

    >>> pairs_of(["greedy", "vcd", "mask"], ["greedy", "mask"])
    [('greedy', 'vcd'), ('greedy', 'mask'), ('mask', 'vcd')]
    >>> pairs_of(["vcd", "greedy"], ["greedy"])
    [('greedy', 'vcd')]
    """
    first, *others = names
    methods = [name for name in others if name not in controls]
    if not methods and first not in controls:
        return [(control, first) for control in others]
    pairs = [(first, other) for other in others]
    return pairs + [(control, m) for control in others if control in controls for m in methods]


def paired(
    pairs: Sequence[tuple[str, str]],
    counted: Sequence[tuple[Counted, Counted]],
    drawn: Sequence[tuple[Mapping[Key, NDArray[Any]], Mapping[Key, NDArray[Any]]]] | None = None,
) -> list[Compared]:
    """The differences of pairs of runs, figure by figure.

    Args:
        pairs: their names.
        counted: their figures, in the same order.
        drawn: the same resampled; see `halluc.differences.differences`.
    """
    found = differences(counted, drawn)
    rows = [_pair(*each) for each in zip(pairs, counted, found, strict=True)]
    return [row for same in zip(*rows, strict=True) for row in same]


def _pair(
    names: tuple[str, str], counted: tuple[Counted, Counted], found: Sequence[Difference]
) -> list[Compared]:
    before, after = ({(s.split, s.name): s for s in each.scores} for each in counted)
    return [
        Compared(
            metric=after[each.split, each.name].metric,
            better=after[each.split, each.name].better,
            unit=after[each.split, each.name].unit,
            one=names[0],
            other=names[1],
            one_value=before[each.split, each.name].value,
            other_value=after[each.split, each.name].value,
            difference=each.value,
            **{name: getattr(each, name) for name in _KEPT},
        )
        for each in found
    ]


def _rows(
    metric: MeasuredSides,
    pairs: Sequence[tuple[str, str]],
    drawn: Mapping[str, Mapping[Key, NDArray[Any]]],
) -> list[Compared]:
    rows = paired(
        pairs,
        [(metric.counted[one], metric.counted[other]) for one, other in pairs],
        [(drawn[one], drawn[other]) for one, other in pairs],
    )
    tests = [_mcnemar(metric, (row.split, row.name), row.one, row.other) for row in rows]
    return [
        msgspec.structs.replace(row, **_tested(test)) if test else row
        for row, test in zip(rows, tests, strict=True)
    ]


def _tested(test: McNemar) -> dict[str, Any]:
    told = test._asdict()
    return {"mcnemar_p": told.pop("p"), **told}


def _mcnemar(metric: MeasuredSides, key: Key, one: str, other: str) -> McNemar | None:
    """McNemar's test, which is that of accuracy; of all questions for the mean over splits."""
    split, name = key
    before, after = metric.right.get(one, {}), metric.right.get(other, {})
    if not before or not after:
        return None
    if name == "mean accuracy":
        splits = list(before)
    elif name in ("accuracy", "acc") and split in before:
        splits = [split]
    else:
        return None
    pairs = Counter(
        (right, after[each][id]) for each in splits for id, right in before[each].items()
    )
    return mcnemar(gained=pairs[False, True], lost=pairs[True, False])


def _hashed(source: str) -> str:
    """A truth with the beginning of its hash, if it is a file."""
    if not Path(source).is_file():
        return source
    return f"{Path(source).name} (sha256 {file_card(source, 0)['sha256'][:12]})"


def _seconds(side: Side) -> float | None:
    """From the first to the last answer, where the run was made in one go."""
    times = side.run.times() if side.run and not side.seeds else []
    try:
        if [each["what"] for each in times] != ["created", "finished"]:
            return None
        begun, ended = (datetime.fromisoformat(each["at"]) for each in times)
    except (KeyError, TypeError, ValueError):  # times that were written by hand
        return None
    return (ended - begun).total_seconds()


def _made(one: Side, other: Side) -> list[str]:
    lines = list(card_differences(one.run.card, other.run.card)) if one.run and other.run else []
    asked = [
        id
        for id, prompt in one.prompts.items()
        if id in other.prompts and prompt.split() != other.prompts[id].split()
    ]
    if asked:
        first = f"{one.prompts[asked[0]]!r} → {other.prompts[asked[0]]!r}"
        lines.append(f"prompt of {len(asked):,} answers, the first {first}")
    return lines
