"""A comparison as a table, Markdown, JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from app.workflows import markdown
from app.workflows.compare import frontier as front
from app.workflows.compare import seeds, where
from app.workflows.compare.differences import TEXT, Compared, Comparison
from app.workflows.compare.numbers import p_value, scaled
from app.workflows.compare.words import verdicts
from halluc.answers.given import count_lacks
from halluc.records import Score, cost_of

Figure = tuple[str, str, str]
"""Metric, split and name."""

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = tuple("=+-@\t\r")

FRONT = "Coverage against hallucination (×100)"
HEAD = ("figure", "run", "value, 95 % interval", "difference", "p")


def document(comparison: Comparison) -> dict[str, Any]:
    """Everything, for a program."""
    return {
        "verdicts": verdicts(comparison),
        "how": comparison.how,
        "runs": [
            {
                "name": side.name,
                "from": list(side.sources),
                "files": side.given.files,
                "control": side.name in comparison.controls,
                "card": side.run.card if side.run else None,
                "seconds": comparison.seconds[side.name],
                "cost": cost_of(side.run.responses) if side.run else None,
                "no answer": dict(side.lacks),
                "scores": comparison.scores[side.name],
                "seeds": comparison.seeds.get(side.name, []),
            }
            for side in comparison.sides
        ],
        "made differently": [
            {"one": one, "other": other, "differences": lines}
            for (one, other), lines in comparison.made.items()
        ],
        "differences": comparison.rows,
        "where they differ": comparison.where,
        "frontier": front.document(front.frontier(comparison)),
        "at equal length": comparison.equal,
        "length-adjusted": [
            {"metric": metric, "one": one, "other": other, **fit._asdict()}
            for (metric, one, other), fit in comparison.adjusted.items()
        ],
    }


def as_csv(comparison: Comparison) -> str:
    """A line for each figure and pair of runs."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = [field.name for field in msgspec.structs.fields(Compared)]
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in comparison.rows)
    return file.getvalue()


def _cell(value: object) -> object:
    """A value for a spreadsheet; a text that it would take for a formula begins with ``'``."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_markdown(comparison: Comparison) -> str:
    """The report for a page."""
    tables = [(title, [HEAD, *rows]) for title, rows in sections(comparison)]
    tables += where.sections(comparison.where, whole=True)
    lists = [("Verdict", verdicts(comparison)), *notes(comparison)]
    verdict, *rest = (
        (title, "\n".join(f"- {markdown.line(told)}" for told in lines)) for title, lines in lists
    )
    parts = [
        verdict,
        *((title, markdown.table(rows, left=(0, 1))) for title, rows in tables),
        *rest,
    ]
    return "\n\n".join(f"**{markdown.line(title)}**\n\n{body}" for title, body in parts)


def notes(comparison: Comparison) -> Iterator[tuple[str, list[str]]]:
    """Title and lines: seeds, what differs, the front, how runs were made and scored."""
    if told := seeds.lines(comparison):
        yield "Seeds", told
    yield from where.notes(comparison.where)
    if len(comparison.sides) > 2 and (points := front.frontier(comparison)):
        yield FRONT, front.lines(points)
    files = [side.name for side in comparison.sides if side.run is None]
    for (one, other), lines in comparison.made.items():
        if lines or not {one, other} & set(files):
            yield f"How {one} and {other} were made differently", lines or ["in nothing"]
    if files:
        yield "How the runs were made", [f"{', '.join(files)}: not known for files of answers"]
    if any(side.lacks for side in comparison.sides):
        counts = (
            (
                side.name,
                count_lacks(side.lacks.elements(), sum(len(each.answers) for each in side.every)),
            )
            for side in comparison.sides
        )
        yield "No answer", [f"{name}: {count or 'none'}" for name, count in counts]
    yield "How they were scored", [f"{name}: {value}" for name, value in comparison.how.items()]


def sections(comparison: Comparison) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Title and rows of each table: a metric, or where it has few splits, a split of it."""
    figures = {(row.metric, row.split, row.name): row.unit for row in comparison.rows}
    groups: dict[tuple[str, str], list[Figure]] = {}
    for metric, split, name in figures:
        kind = comparison.metrics.get(metric)
        if kind is None or name not in kind.hidden:
            group = metric, "" if kind and kind.one_table else split
            groups.setdefault(group, []).append((metric, split, name))
    for (metric, split), shown in groups.items():
        rows = [line for figure in shown for line in _figure(comparison, figure, split)]
        if metric == TEXT:
            yield (
                "Length of an answer, words said again (×100), and what the whole run cost",
                [*rows, *_cost(comparison)],
            )
        else:
            title = ", ".join(filter(None, (comparison.metrics[metric].title, split)))
            units = {figure[2]: figures[figure] for figure in shown}
            yield f"{title} ({_units(units)})", rows

    yield from _equal(comparison)


def _equal(comparison: Comparison) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Title and rows of a table for each metric at equal length: both cut, and their difference."""
    for metric in dict.fromkeys(row.metric for row in comparison.equal):
        kind = comparison.metrics[metric]
        shown: list[tuple[str, ...]] = []
        last = ""
        for row in comparison.equal:
            if row.metric != metric or row.name in kind.hidden or row.unit:
                continue
            label = f"{row.split} {row.name}".strip()
            values = [in_unit(row.unit, each) for each in (row.other_value, row.one_value)]
            pair = f"{row.other} vs {row.one}"
            value = " against ".join(values)
            shown.append((label if label != last else "", pair, value, *against(row)))
            last = label
        yield (
            f"{kind.title} at equal length, both texts cut to the words of the shorter (×100)",
            shown,
        )


def in_unit(unit: str, value: float | None) -> str:
    """A figure without its interval."""
    return "undefined" if value is None else scaled(unit, value, _digits(unit))


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
        yield label if not number else "", run, with_interval(score), *against(mine.pop(base, None))
        for one, row in mine.items():
            yield "", f"  vs {one}", "", *against(row)


def against(row: Compared | None) -> tuple[str, str]:
    """A difference with its interval, and its p-value; empty where there is none."""
    if row is None:
        return "", ""
    if row.difference is None:
        return "undefined", "–"
    if row.low is None or row.high is None:
        return scaled(row.unit, row.difference, _digits(row.unit), sign=True), p_value(row.p)
    values = (row.difference, row.low, row.high)
    value, low, high = (scaled(row.unit, each, _digits(row.unit), sign=True) for each in values)
    return f"{value} [{low}, {high}]", p_value(row.p)


def with_interval(score: Score) -> str:
    """A figure with its interval."""
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
    costs = {s.name: cost_of(s.run.responses) for s in comparison.sides if s.run and not s.seeds}
    runs = {s.name: s.run for s in comparison.sides if s.run}
    if any("plan" in runs[name].card for name in costs):
        for what in ("calls", "generated tokens"):
            told = [(name, cost[what]) for name, cost in costs.items() if what in cost]
            for number, (name, count) in enumerate(told):
                yield "" if number else what, name, f"{count:,}", "", ""
