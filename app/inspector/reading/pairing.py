"""Two runs on the same ids, sample by sample: what the second one fixed, and what it broke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.inspector.reading.columns import Columns
from app.inspector.reading.view import answered
from halluc.errors import InputError
from halluc.statistics import McNemar, mcnemar

Outcome = Literal["fixed", "broken", "both wrong", "both right"]
OUTCOMES: tuple[Outcome, ...] = ("fixed", "broken", "both wrong", "both right")


@dataclass(frozen=True)
class Pairs:
    """Two runs side by side.

    Attributes:
        ids: that both answered, in the first run's order.
        outcomes: what became of each.
        alone: how many ids only one of the runs answered.
        test: McNemar's, of fixed against broken.
    """

    ids: list[str]
    outcomes: NDArray[Any]
    alone: int
    test: McNemar

    def numbers(self) -> dict[Outcome, int]:
        """How many ids have each outcome."""
        return {each: int((self.outcomes == each).sum()) for each in OUTCOMES}

    def of(self, outcome: Outcome) -> list[str]:
        """The ids with an outcome."""
        return [id for id, each in zip(self.ids, self.outcomes, strict=True) if each == outcome]


def pair(one: Columns, other: Columns, metric: str, kind: str = "") -> Pairs:
    """Pair two runs by id.

    An answer to a yes/no question is wrong where its reading is not the truth; a text where it has
    a hallucinated claim (of that kind).

    Args:
        one: the run that the other is compared with.
        other: the other.
        metric: whose findings tell what is wrong; empty for yes/no questions.
        kind: of the claims that count; empty: all.

    Raises:
        InputError: they have no id in common, or one lacks what tells right from wrong.
    """
    known = other.places
    ids = [id for id in one.answers["id"] if id in known]
    if not ids:
        raise InputError(f"{one.path} and {other.path} have no id in common")
    sides = []
    for run in (one, other):
        wrong = _wrong(run, metric, kind)
        sides.append(wrong[[run.places[id] for id in ids]])
    before, after = sides
    outcomes = np.select(
        [before & ~after, ~before & after, before & after],
        ["fixed", "broken", "both wrong"],
        "both right",
    )
    fixed, broken = (int((outcomes == each).sum()) for each in ("fixed", "broken"))
    alone = len(one.answers) + len(other.answers) - 2 * len(ids)
    return Pairs(ids, outcomes, alone, mcnemar(fixed, broken))


def _wrong(run: Columns, metric: str, kind: str) -> NDArray[Any]:
    """Whether each answer is wrong."""
    if not metric:
        if "label" not in run.answers:
            raise InputError(f"{run.path} has no findings; score it: halluc score finegrained RUN")
        return np.asarray(answered(run) != "right")
    if metric not in run.metrics:
        raise InputError(f"{run.path} has no findings of {metric}; score it: halluc score {metric}")
    found = run.findings
    counts = (found["metric"] == metric) & (found["verdict"] == "hallucinated")
    if kind:
        counts &= found["kind"] == kind
    return np.isin(np.arange(len(run.answers)), found["row"][counts].to_numpy())
