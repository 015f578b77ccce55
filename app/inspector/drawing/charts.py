"""The overview's charts. Every mark can be picked, and tells the filter that it stands for."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import altair as alt
import pandas as pd

from app.inspector.reading.view import View

# Okabe and Ito's palette, as in the marks of the text.
COLORS = {"object": "#d55e00", "attribute": "#0072b2", "relation": "#b0479a"}
PICK = "pick"
_PERCENT = alt.Axis(format=".0%", tickCount=6)
_COUNT = alt.Axis(format="d", tickMinStep=1, tickCount=6)
_NAMES = alt.Axis(labelOverlap=False, labelLimit=130)  # every name, however many


def _rate_tips(first: list[Any]) -> list[Any]:
    return [
        *first,
        alt.Tooltip("rate:Q", format=".1%", title="hallucinated"),
        alt.Tooltip("low:Q", format=".1%", title="95 % from"),
        alt.Tooltip("high:Q", format=".1%", title="to"),
        alt.Tooltip("wrong:Q", title="wrong claims"),
        alt.Tooltip("of:Q", title="of"),
    ]


def kinds(table: pd.DataFrame) -> Any:
    """Rates by kind with their intervals; picks `group`."""
    pick = alt.selection_point(name=PICK, fields=["group"])
    order = [each for each in COLORS if each in set(table["group"])]
    base = alt.Chart(table).encode(
        y=alt.Y("group:N", sort=order, title=None, axis=_NAMES),
        tooltip=_rate_tips([alt.Tooltip("group:N")]),
    )
    bars = base.mark_bar(height=22, cursor="pointer").encode(
        x=alt.X("rate:Q", axis=_PERCENT, title="claims that are hallucinated"),
        color=alt.Color(
            "group:N", scale=alt.Scale(domain=list(COLORS), range=list(COLORS.values())),
            legend=None,
        ),
        opacity=alt.condition(pick, alt.value(1), alt.value(0.4)),
    ).add_params(pick)  # fmt: skip
    lines = base.mark_rule(strokeWidth=2, color="#888").encode(x="low:Q", x2="high:Q")
    return (bars + lines).properties(height=44 * len(order) + 20)


def objects(table: pd.DataFrame) -> Any:
    """Absent objects by how often they are claimed; picks `group`."""
    pick = alt.selection_point(name=PICK, fields=["group"])
    return (
        alt.Chart(table)
        .mark_bar(color=COLORS["object"], height={"band": 0.75}, cursor="pointer")
        .encode(
            x=alt.X("wrong:Q", title="claims of it where it is absent", axis=_COUNT),
            y=alt.Y("group:N", sort=list(table["group"]), title=None, axis=_NAMES),
            opacity=alt.condition(pick, alt.value(1), alt.value(0.4)),
            tooltip=_rate_tips([alt.Tooltip("group:N", title="object")]),
        )
        .add_params(pick)
        .properties(height=max(120, 22 * len(table)))
    )


def companions(table: pd.DataFrame) -> Any:
    """Absent object × object that is there; picks `object` and `companion`."""
    pick = alt.selection_point(name=PICK, fields=["object", "companion"])
    return (
        alt.Chart(table)
        .mark_rect(cursor="pointer")
        .encode(
            x=alt.X(
                "companion:N",
                title="is in the picture",
                axis=alt.Axis(labelAngle=-50, labelOverlap=False),
            ),
            y=alt.Y("object:N", title="is claimed, and absent", axis=_NAMES),
            color=alt.Color(
                "share:Q", title="of its pictures",
                scale=alt.Scale(scheme="oranges"), legend=alt.Legend(format=".0%"),
            ),
            opacity=alt.condition(pick, alt.value(1), alt.value(0.4)),
            tooltip=[
                alt.Tooltip("object:N", title="claimed"),
                alt.Tooltip("companion:N", title="there"),
                alt.Tooltip("wrong:Q", title="answers"),
                alt.Tooltip("pictures:Q", title="of those with it there"),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
        .add_params(pick)
        .properties(height=max(160, 24 * table["object"].nunique() + 90))
    )  # fmt: skip


def ranges(table: pd.DataFrame, title: str) -> Any:
    """Rates in ranges of a number; picks `from` and `to`.

    Args:
        table: as `app.inspector.reading.counts.by_range` gives it.
        title: what the number is.
    """
    pick = alt.selection_point(name=PICK, fields=["from", "to"])
    told = table.assign(
        range=[
            f"{low:g} – {high:g}" if high < 1000 else f"from {low:g}"
            for low, high in zip(table["from"], table["to"], strict=True)
        ]
    )
    base = alt.Chart(told).encode(
        x=alt.X(
            "range:N",
            sort=list(told["range"]),
            title=title,
            axis=alt.Axis(labelAngle=-35, labelOverlap=False),
        ),
        tooltip=_rate_tips([alt.Tooltip("range:N", title=title)]),
    )
    bars = base.mark_bar(color="#0072b2", cursor="pointer").encode(
        y=alt.Y("rate:Q", axis=_PERCENT, title="claims that are hallucinated"),
        opacity=alt.condition(pick, alt.value(1), alt.value(0.4)),
    ).add_params(pick)  # fmt: skip
    lines = base.mark_rule(strokeWidth=2, color="#888").encode(y="low:Q", y2="high:Q")
    return (bars + lines).properties(height=300)


def both(table: pd.DataFrame, one: str, other: str) -> Any:
    """Rates of two runs by part, with the difference and its interval; picks `part`.

    Args:
        table: as `app.inspector.reading.claims.rates_of_both` gives it.
        one: name of the run that is compared with.
        other: name of the other.
    """
    pick = alt.selection_point(name=PICK, fields=["part"])
    sides = [
        table.assign(run=name, rate=table[side], wrong=table[f"wrong_{side}"],
                     of=table[f"of_{side}"])
        for side, name in (("one", one), ("other", other))
    ]  # fmt: skip
    told = pd.concat(sides)
    told["change"] = [points(row) for row in told.itertuples()]
    top = float(told["rate"].max()) if told["rate"].notna().any() else 1.0
    order = list(table["part"])
    y = alt.Y("part:N", sort=order, title=None, axis=alt.Axis(labelOverlap=False, labelLimit=140))
    base = alt.Chart(told)
    bars = base.mark_bar(cursor="pointer").encode(
        x=alt.X("rate:Q", title="claims that are hallucinated",
                axis=alt.Axis(format=".0%", values=_ticks(top)),
                scale=alt.Scale(domain=[0, 1.7 * (top or 1.0)])),  # room for the words
        y=y,
        yOffset=alt.YOffset("run:N", sort=[one, other]),
        color=alt.Color("run:N", sort=[one, other], title=None,
                        scale=alt.Scale(domain=[one, other], range=["#999999", "#0072b2"]),
                        legend=alt.Legend(orient="top", labelLimit=200, columns=1)),
        opacity=alt.condition(pick, alt.value(1), alt.value(0.4)),
        tooltip=[
            alt.Tooltip("part:N"), alt.Tooltip("run:N"),
            alt.Tooltip("rate:Q", format=".1%", title="hallucinated"),
            alt.Tooltip("wrong:Q", title="wrong claims"), alt.Tooltip("of:Q", title="of"),
            alt.Tooltip("change:N", title="difference, 95 %"),
        ],
    ).add_params(pick)  # fmt: skip
    words = (
        base.transform_aggregate(rate="max(rate)", change="min(change)", groupby=["part"])
        .mark_text(align="left", dx=6, color="#888")
        .encode(x="rate:Q", y=y, text="change:N")
    )
    return (bars + words).properties(height=44 * len(order) + 130)  # with legend and axis


def _ticks(top: float) -> list[float]:
    """Round shares up to a rate, five steps at most.

    >>> _ticks(0.42)
    [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    """
    step = next(each for each in (0.01, 0.02, 0.05, 0.1, 0.25) if top <= 5 * each or each == 0.25)
    return [round(step * each, 2) for each in range(math.ceil(top / step) + 1)]


def points(row: Any) -> str:
    """A difference of rates in points, with its interval."""
    if pd.isna(row.difference):
        return "in one run alone"
    told = f"{100 * row.difference:+.1f}"
    if not pd.isna(row.low):
        told += f" [{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
    return told.replace("-", "−")


def confusion(table: pd.DataFrame) -> Any:
    """Truth × answer of yes/no questions, a bar a cell; picks `split`, `truth` and `answer`."""
    pick = alt.selection_point(name=PICK, fields=["split", "truth", "answer"])
    cells = table["truth"] + " → " + table["answer"].astype(str)
    several = len(set(table["split"])) > 1
    told = table.assign(cell=table["split"] + ": " + cells if several else cells)
    return (
        alt.Chart(told)
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X("number:Q", title="answers", axis=_COUNT),
            y=alt.Y("cell:N", title="truth → said", axis=_NAMES, sort=list(told["cell"])),
            color=alt.Color(
                "right:N", title=None, legend=alt.Legend(orient="bottom"),
                scale=alt.Scale(domain=["right", "wrong"], range=["#009e73", "#d55e00"]),
            ),
            opacity=alt.condition(pick, alt.value(1), alt.value(0.4)),
            tooltip=["split:N", "truth:N", "answer:N", "number:Q"],
        )
        .transform_calculate(right="datum.truth === datum.answer ? 'right' : 'wrong'")
        .add_params(pick)
        .properties(height=24 * len(told) + 60)
    )  # fmt: skip


def words(chart: str, row: Mapping[Hashable, Any]) -> str:
    """A mark of a chart in words, with its figure.

    >>> words("objects", {"group": "fork", "wrong": 3, "of": 4, "rate": 0.75})
    'fork: 75.0% hallucinated, 3 of 4 claims'
    """
    if chart == "answers":
        split = f"{row['split']}: " if row["split"] else ""
        return f"{split}truth {row['truth']}, said {row['answer']}: {row['number']:,} answers"
    if chart == "companions":
        told = f"{row['wrong']:,} of {row['pictures']:,} pictures"
        return f"{row['object']} claimed beside {row['companion']}: {row['share']:.1%}, {told}"
    name = row.get("group") or f"{row['from']:g} to {row['to']:g}"
    return f"{name}: {row['rate']:.1%} hallucinated, {row['wrong']:,} of {row['of']:,} claims"


def picked(chart: str, mark: Mapping[Any, Any], metric: str) -> View:
    """The view of what a mark stands for.

    >>> picked("objects", {"group": "fork"}, "chair").query()
    {'metric': 'chair', 'kind': 'object', 'verdict': 'hallucinated', 'subject': 'fork'}

    Args:
        chart: its name: kinds, objects, companions, place, surprise, words or answers.
        mark: the fields that it picks.
        metric: whose findings it shows.
    """
    wrong: dict[str, Any] = {"metric": metric, "verdict": "hallucinated"}
    match chart:
        case "kinds":
            return View(**wrong, kind=mark["group"])
        case "objects":
            return View(**wrong, kind="object", subject=mark["group"])
        case "companions":
            return View(**wrong, kind="object", subject=mark["object"], companion=mark["companion"])
        case "answers":
            answered = "right" if mark["truth"] == mark["answer"] else "wrong"
            if mark["answer"] not in ("yes", "no"):
                answered = "unknown"
            return View(split=mark["split"], answer=answered, said=mark["answer"])
        case _:
            return View(**{**wrong, chart: (float(mark["from"]), float(mark["to"]))})
