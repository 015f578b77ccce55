"""What each metric says of runs that are compared, counted picture by picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from app.workflows.compare.claims import Claims, collect
from app.workflows.compare.differences import REPEATED, TEXT, MeasuredSides
from app.workflows.compare.sides import Side, tokens_of
from app.workflows.score import brief
from halluc.bootstrap import Counted, count_pictures, pooled
from halluc.errors import InputError
from halluc.records import Score
from metrics.protocol import Metric
from metrics.tasks import CAPTION


def measure(metric: Metric, sides: Sequence[Side], *, keep_claims: bool = False) -> MeasuredSides:
    """The figures of a metric for each run.

    Args:
        metric: with its options.
        sides: the runs.
        keep_claims: keep what captions claim, too, of runs with one seed.

    Raises:
        InputError: the metric reads answers in several ways at once.
    """
    seeds: dict[str, list[Counted]] = {side.name: [] for side in sides}
    right, how = {}, {}
    claims: dict[str, Claims] = {}
    for side in sides:
        for given in side.every:
            keep = None
            if keep_claims and metric.task is CAPTION and not side.seeds:
                given.reuse = True
                keep = collect(claims.setdefault(side.name, {}))
            measured = metric.measure(given, keep=keep)
            if len(measured.counted) != 1:
                what = "compare one way to read answers at a time, not all"
                raise InputError(f"{metric.name}: {what}")
            seeds[side.name] += measured.counted
            how = {name: brief(part) for name, part in measured.settings.items()}
        if not side.seeds:
            right[side.name] = metric.right(side.given)
    return MeasuredSides(metric, how, {name: pooled(each) for name, each in seeds.items()}, right,
                         seeds, claims)  # fmt: skip


def measure_text(sides: Sequence[Side]) -> MeasuredSides:
    """Length of the answers: words, and tokens where every run tells them; and repetition.

    Repetition is the share of groups of four words that came before in the same answer, rep-4 of
    Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training" (arXiv:1908.04319).
    """
    tokens = [[tokens_of(given) for given in side.every] for side in sides]
    known = all(any(each.values()) for some in tokens for each in some)
    compute = _lengths(["words", "tokens"] if known else ["words"])
    seeds: dict[str, list[Counted]] = {}
    for side, some in zip(sides, tokens, strict=True):
        for given, told in zip(side.every, some, strict=True):
            counts = {id: _count_text(text, told.get(id, 0)) for id, text in given.texts.items()}
            counted = count_pictures(counts, side.pictures, compute)
            seeds.setdefault(side.name, []).append(counted)
    counted_sides = {name: pooled(each) for name, each in seeds.items()}
    return MeasuredSides(None, {}, counted_sides, seeds=seeds)


def _count_text(text: str, tokens: int) -> Counter[str]:
    words = text.lower().split()
    fours = max(0, len(words) - 3)
    again = fours - len(set(zip(words, words[1:], words[2:], words[3:], strict=False)))
    return Counter(answers=1, words=len(words), tokens=tokens, fours=fours, again=again)


def _lengths(units: Sequence[str]) -> Callable[[Counter[str]], list[Score]]:
    def compute(counts: Counter[str]) -> list[Score]:
        fours = counts["fours"]
        repeated = Score(
            metric=TEXT,
            name=REPEATED,
            value=counts["again"] / fours if fours else None,
            numerator=counts["again"],
            denominator=fours,
        )
        lengths = [
            Score(
                metric=TEXT,
                name=unit,
                value=counts[unit] / counts["answers"],
                numerator=counts[unit],
                denominator=counts["answers"],
                unit=unit,
            )
            for unit in units
        ]
        return [*lengths, repeated]

    return compute
