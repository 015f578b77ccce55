"""Hallucination against coverage: which runs say more and hallucinate less, as table and picture.

A run is on the front where no other run covers at least as much and hallucinates at most as much
(Pareto). A method's dial (α, γ, a threshold) is a curve: runs that differ in that value alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from app.workflows.compare.differences import Comparison
from app.workflows.compare.numbers import listed, scaled
from app.workflows.plots import PALETTE, save_picture
from halluc.errors import InputError
from halluc.records import Score


class Point(NamedTuple):
    """A run on the plane.

    Attributes:
        name: of the run.
        covers: how much of the ground truth it states, higher is better.
        rate: how much it hallucinates, lower is better.
        behind: those that cover at least as much and hallucinate at most as much; none on the
            front.
    """

    name: str
    covers: Score
    rate: Score
    behind: tuple[str, ...]


def frontier(comparison: Comparison) -> list[Point]:
    """The runs, in the order of their coverage; empty where no metric has both figures.

    The first metric with a coverage counts, and its figure that decides.
    """
    for metric, kind in comparison.metrics.items():
        found = []
        for side in comparison.sides:
            mine = {
                score.name: score
                for score in comparison.scores[side.name]
                if score.metric == metric and not score.split and score.value is not None
            }
            rates = [mine[each] for each in kind.story if each in mine]
            covers = [mine[each] for each in kind.coverage if each in mine]
            covers = [each for each in covers if each.better == "higher"]
            if rates and rates[0].better == "lower" and covers:
                found.append((side.name, covers[0], rates[0]))
        if len(found) == len(comparison.sides):
            points = [Point(*each, _behind(each, found)) for each in found]
            return sorted(points, key=lambda each: each.covers.value or 0)
    return []


def _behind(
    mine: tuple[str, Score, Score], found: Sequence[tuple[str, Score, Score]]
) -> tuple[str, ...]:
    here = _place(mine)
    places = [(each[0], _place(each)) for each in found]
    return tuple(
        name
        for name, there in places
        if there != here and there[0] >= here[0] and there[1] >= here[1]
    )


def _place(each: tuple[str, Score, Score]) -> tuple[float, float]:
    """Coverage and minus the rate: more is better in both."""
    return each[1].value or 0.0, -(each[2].value or 0.0)


def lines(points: Sequence[Point]) -> list[str]:
    """The front as a table for a person: a line a run."""
    return [
        f"{each.name}: {each.covers.name} {_shown(each.covers)}, {each.rate.name} "
        f"{_shown(each.rate)}: "
        + (f"behind {listed(each.behind)}" if each.behind else "on the front")
        for each in points
    ]


def document(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The front for a program."""
    return [each._asdict() for each in points]


def _shown(score: Score) -> str:
    ends = [each for each in (score.low, score.high) if each is not None]
    value, *bounds = (scaled(score.unit, each, 1) for each in (score.value or 0.0, *ends))
    return f"{value} [{', '.join(bounds)}]" if bounds else value


def dials(comparison: Comparison) -> dict[str, list[str]]:
    """Names of runs that differ in one number of their decoding alone, by its name, in order."""
    cards = {side.name: msgspec.to_builtins(side.run.card) for side in comparison.sides if side.run}
    curves = {}
    keys = {key for card in cards.values() for key in (card.get("decoding") or {})} - {"seed"}
    for key in sorted(keys):
        groups: dict[bytes, dict[float, str]] = {}
        for name, card in cards.items():
            decoding = dict(card.get("decoding") or {})
            decoding.pop("seed", None)
            value = decoding.pop(key, None)
            if isinstance(value, int | float) and not isinstance(value, bool):
                rest = {name: card.get(name) for name in ("model", "adapter", "prompt", "data")}
                same = msgspec.json.encode([decoding, rest], order="deterministic")
                groups.setdefault(same, {})[value] = name
        for group in groups.values():
            if len(group) > 1:
                method = f" of {group[min(group)]}" if len(groups) > 1 else ""
                curves[f"{key}{method}"] = [group[value] for value in sorted(group)]
    return curves


def save_frontier(comparison: Comparison, path: Path) -> None:
    """Hallucination over coverage with intervals, the front and the dials, as a picture.

    Raises:
        InputError: no metric of the comparison has a coverage, or the picture cannot be written.
    """
    points = frontier(comparison)
    if not points:
        raise InputError("--frontier: no metric that is compared has a coverage beside its rate")
    from matplotlib.figure import Figure

    picture = Figure(figsize=(6.4, 4.4), dpi=120, layout="constrained")
    axes = picture.subplots()
    places = {each.name: (_percent(each.covers), _percent(each.rate)) for each in points}
    front = [places[each.name] for each in points if not each.behind]
    axes.plot(*zip(*front, strict=True), color="#999999", linestyle="--", linewidth=1, zorder=1)
    for number, (key, names) in enumerate(dials(comparison).items(), 1):
        along = [places[name] for name in names]
        axes.plot(*zip(*along, strict=True), color=PALETTE[number % 8], zorder=2, label=key)
    for each in points:
        x, y = places[each.name]
        axes.errorbar(
            x, y, xerr=_reach(each.covers), yerr=_reach(each.rate), fmt="o", zorder=3,
            color=PALETTE[0] if not each.behind else "#777777", elinewidth=0.8, capsize=2,
        )  # fmt: skip
        axes.annotate(each.name, (x, y), xytext=(5, 5), textcoords="offset points", fontsize=8)
    axes.set_xlabel(f"{points[0].covers.name} (%, right is better)")
    axes.set_ylabel(f"{points[0].rate.name} (%, down is better)")
    axes.grid(color="#e6e6e6")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)
    save_picture(path, picture)


def _percent(score: Score) -> float:
    return 100 * (score.value or 0.0)


def _reach(score: Score) -> list[list[float]] | None:
    if score.low is None or score.high is None or score.value is None:
        return None
    ends = score.value - score.low, score.high - score.value
    return [[100 * max(0.0, each)] for each in ends]
