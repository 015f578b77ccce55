"""What each metric says of runs that are compared, counted picture by picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from app.workflows.compare.differences import REPEATED, TEXT, MeasuredSides
from app.workflows.compare.sides import Side
from app.workflows.score import brief
from halluc.bootstrap import count_pictures
from halluc.errors import InputError
from halluc.records import Score
from metrics.protocol import Metric


def measure(metric: Metric, sides: Sequence[Side]) -> MeasuredSides:
    """The figures of a metric for each run.

    Raises:
        InputError: the metric reads answers in several ways at once.
    """
    counted, right, how = {}, {}, {}
    for side in sides:
        measured = metric.measure(side.given)
        if len(measured.counted) != 1:
            raise InputError(f"{metric.name}: compare one way to read answers at a time, not all")
        (counted[side.name],) = measured.counted
        right[side.name] = metric.right(side.given)
        how = {name: brief(part) for name, part in measured.settings.items()}
    return MeasuredSides(metric, how, counted, right)


def measure_text(sides: Sequence[Side]) -> MeasuredSides:
    """Length of the answers: words, and tokens where every run tells them; and repetition.

    Repetition is the share of groups of four words that came before in the same answer, rep-4 of
    Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training" (arXiv:1908.04319).
    """
    tokens = all(any(side.tokens.values()) for side in sides)
    compute = _lengths(["words", "tokens"] if tokens else ["words"])
    counted = {}
    for side in sides:
        counts = {
            id: _count_text(text, side.tokens.get(id, 0)) for id, text in side.given.texts.items()
        }
        counted[side.name] = count_pictures(counts, side.pictures, compute)
    return MeasuredSides(None, {}, counted)


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
