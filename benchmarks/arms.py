"""What the benchmarks on the embedded world share: the table of arms, each beside the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.workflows.compare.numbers import scaled
from app.workflows.compare.runs import compare
from app.workflows.measure import MeasuredRun
from halluc.records import cost_of

Shown = Sequence[tuple[str, str, str]]
"""Columns: title, figure, and the split of the data that it is of."""


def table(
    folder: Path, told: Mapping[str, MeasuredRun], shown: Shown, cost: Sequence[str] = ()
) -> None:
    """Print every arm's figures, and how they differ from those of the first one.

    Args:
        folder: holds a run by the name of each arm.
        told: the arms, the base first.
        shown: the columns.
        cost: what answers took (`halluc.records.cost_of`), as columns behind them.
    """
    first, *others = told
    found = compare({name: folder / name for name in told}).rows if others else []
    moved = {(row.other, row.name, row.split): row for row in found if row.one == first}
    print("| | " + " | ".join([*(title for title, *_ in shown), *cost]) + " |")
    print("| --- |" + " ---: |" * (len(shown) + len(cost)))
    for name, each in told.items():
        cells = []
        for _, figure, split in shown:
            score, row = each.score(figure, split), moved.get((name, figure, split))
            cell = "–" if score.value is None else scaled(score.unit, score.value, 1)
            if row and row.difference is not None:
                ends = [
                    scaled(row.unit, e, 1, sign=True) for e in (row.low, row.high) if e is not None
                ]
                moved_by = scaled(row.unit, row.difference, 1, sign=True)
                cell += f" ({moved_by}: {', '.join(ends) or 'too few scenes'})"
            cells.append(cell)
        took = cost_of(each.run.responses)
        cells += [f"{took[what]:,}" if what in took else "–" for what in cost]
        print(f"| {name} | " + " | ".join(cells) + " |")


def chosen(names: str | None, known: Mapping[str, Any], first: str) -> list[str]:
    """The arms that are asked for, the base first."""
    wanted = list(known) if names is None else names.split(",")
    if unknown := [each for each in wanted if each not in known]:
        raise SystemExit(f"there is no arm {unknown[0]!r}; there are {', '.join(known)}")
    return list(dict.fromkeys([first, *wanted]))
