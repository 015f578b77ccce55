"""A comparison as a table, Markdown, JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from app.workflows.compare import TEXT, Compared, Comparison
from app.workflows.compare.words import p_value, scaled, verdicts
from halluc.language.claims.lexicon import FAMILIES
from halluc.records import Score

if TYPE_CHECKING:
    from rich.console import JustifyMethod

Figure = tuple[str, str, str]
"""Metric, split and name."""

HEAD = ("figure", "run", "value, 95 % interval", "difference", "p")
TITLES = {
    "pope": "POPE",
    "chair": "CHAIR",
    "finegrained": "Wrong claims by kind",
    "mme": "MME",
    "amber": "AMBER",
}
# In no table: what says the same in another unit, or of what there is too much; JSON has all.
_HIDDEN = {
    "chair": {"Len/100"},
    "finegrained": {f"{family} hallucination rate" for family in FAMILIES},
    "mme": {"acc", "acc+"},
    "amber": {"precision", "recall"},
}


def document(comparison: Comparison) -> dict[str, Any]:
    """Everything, for a program."""
    return {
        "how": comparison.how,
        "runs": [
            {
                "name": side.name,
                "from": list(side.sources),
                "files": side.files,
                "control": side.name in comparison.controls,
                "card": side.run.card if side.run else None,
                "seconds": comparison.seconds[side.name],
                "scores": comparison.scores[side.name],
            }
            for side in comparison.sides
        ],
        "made differently": [
            {"one": one, "other": other, "differences": lines}
            for (one, other), lines in comparison.made.items()
        ],
        "differences": comparison.rows,
        "verdicts": verdicts(comparison),
    }


def as_csv(comparison: Comparison) -> str:
    """A line for each figure and pair of runs."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = [field.name for field in msgspec.structs.fields(Compared)]
    writer.writerow(names)
    writer.writerows([getattr(row, name) for name in names] for row in comparison.rows)
    return file.getvalue()


def as_markdown(comparison: Comparison) -> str:
    """The report for a page."""
    parts = []
    for title, lines in _notes(comparison):
        parts.append(f"**{title}**\n\n" + "\n".join(f"- {line}" for line in lines))
    for title, rows in _sections(comparison):
        table = [HEAD, ("---", "---", "---:", "---:", "---:"), *rows]
        parts.append(f"**{title}**\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in table))
    parts.append("**Verdict**\n\n" + "\n".join(f"- {line}" for line in verdicts(comparison)))
    return "\n\n".join(parts)


def print_tables(comparison: Comparison) -> None:
    """The report for a person at a terminal."""
    from rich import box
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console()

    def block(title: str, lines: list[str]) -> None:
        console.print(Text(title, "bold"))
        for line in lines:
            console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
        console.print()

    for title, lines in _notes(comparison):
        block(title, lines)
    for title, rows in _sections(comparison):
        table = Table(
            title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0), pad_edge=False,
        )  # fmt: skip
        for number, name in enumerate(HEAD):
            # Where room is short, names are folded, never a number.
            side: JustifyMethod = "left" if number < 2 else "right"
            table.add_column(name, justify=side, no_wrap=number > 1, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
    block("Verdict", [f"• {line}" for line in verdicts(comparison)])


def _notes(comparison: Comparison) -> Iterator[tuple[str, list[str]]]:
    files = [side.name for side in comparison.sides if side.run is None]
    for (one, other), lines in comparison.made.items():
        if lines or not {one, other} & set(files):
            yield f"How {one} and {other} were made differently", lines or ["in nothing"]
    if files:
        yield "How the runs were made", [f"{', '.join(files)}: files of answers do not tell"]
    yield "How they were scored", [f"{name}: {value}" for name, value in comparison.how.items()]


def _sections(comparison: Comparison) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Title and rows of each table: a metric, or where it has few splits, a split of it."""
    figures = {(row.metric, row.split, row.name): row.unit for row in comparison.rows}
    groups: dict[tuple[str, str], list[Figure]] = {}
    for metric, split, name in figures:
        if name not in _HIDDEN.get(metric, ()):
            group = metric, "" if metric in ("mme", "amber") else split
            groups.setdefault(group, []).append((metric, split, name))
    for (metric, split), shown in groups.items():
        rows = [line for figure in shown for line in _figure(comparison, figure, split)]
        if metric == TEXT:
            yield "Length of an answer, and what the whole run cost", [*rows, *_cost(comparison)]
        else:
            title = ", ".join(filter(None, (TITLES.get(metric, metric), split)))
            units = {figure[2]: figures[figure] for figure in shown}
            yield f"{title} ({_units(units)})", rows


def _units(units: Mapping[str, str]) -> str:
    """What the figures of a table are in, by their names."""
    if set(units.values()) == {"points"}:
        return "points"
    return ", ".join(["×100", *(f"{name} in {unit}" for name, unit in units.items() if unit)])


def _figure(comparison: Comparison, key: Figure, split: str) -> Iterator[tuple[str, ...]]:
    scores = {
        side.name: score
        for side in comparison.sides
        for score in comparison.scores[side.name]
        if (score.metric, score.split, score.name) == key
    }
    rows = [row for row in comparison.rows if (row.metric, row.split, row.name) == key]
    base = comparison.pairs[0][0]
    part = key[1].replace("_", " ") if key[1] != split else ""
    label = part if key[2] == "score" else f"{part} {key[2]}".strip()
    for number, (run, score) in enumerate(scores.items()):
        mine = {row.one: row for row in rows if row.other == run}
        yield label if not number else "", run, _value(score), *_against(mine.pop(base, None))
        for one, row in mine.items():
            yield "", f"  vs {one}", "", *_against(row)


def _against(row: Compared | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    if row.difference is None or row.low is None or row.high is None:
        return "undefined", "–"
    values = (row.difference, row.low, row.high)
    value, low, high = (scaled(row.unit, each, _digits(row.unit), sign=True) for each in values)
    return f"{value} [{low}, {high}]", p_value(row.p_holm)


def _value(score: Score) -> str:
    if score.value is None:
        return "undefined"
    values = (each for each in (score.value, score.low, score.high) if each is not None)
    value, *ends = (scaled(score.unit, each, _digits(score.unit)) for each in values)
    return f"{value} [{', '.join(ends)}]" if ends else value


def _digits(unit: str) -> int:
    return 1 if unit == "points" else 2


def _cost(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    for number, side in enumerate(comparison.sides):
        took = comparison.seconds[side.name]
        if took is not None:
            yield "" if number else "seconds", side.name, f"{took:,.0f}", "", ""
