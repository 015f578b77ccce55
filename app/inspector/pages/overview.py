"""Overview: how the run was made, its figures, and charts whose marks lead to the samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import streamlit as st

from app.inspector.drawing import charts
from app.inspector.drawing.made import figure, interval, made
from app.inspector.pages import common
from app.inspector.reading import counts
from app.inspector.reading.columns import Columns, read_scores
from halluc.card import read_card
from halluc.records import Score

# Name → what it is called, what counts it, how it is drawn.
CHARTS: dict[str, tuple[str, Callable[..., pd.DataFrame], Callable[..., Any]]] = {
    "kinds": ("Kind", counts.by_kind, charts.kinds),
    "objects": ("Object", counts.by_object, charts.objects),
    "companions": ("Object × companion", counts.by_companion, charts.companions),
    "place": (
        "Position", counts.by_place,
        lambda table: charts.ranges(table, "where the claim stands in the text (0 begin, 1 end)"),
    ),
    "surprise": (
        "Uncertainty", counts.by_surprise,
        lambda table: charts.ranges(table, "mean −log p of the claim's tokens"),
    ),
    "words": (
        "Length", counts.by_length, lambda table: charts.ranges(table, "words of the answer"),
    ),
}  # fmt: skip
# The figures that come first, with their short names.
SHOWN = {
    "CHAIRi": "CHAIRi", "CHAIRs": "CHAIRs", "attribute hallucination rate": "attributes",
    "relation hallucination rate": "relations", "object hallucination rate": "objects",
    "F1": "F1", "accuracy": "accuracy", "yes ratio": "yes",
}  # fmt: skip
CARDS = 5
TOLD = 20
"""Marks of a chart that are read out to who cannot see it."""


def render() -> None:
    """The page."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name, folder = common.chosen_folder()
        bar = st.container()
    path = Path(folder)
    card = read_card(path)
    common.heading(f"Run {name}")
    st.text(made(card))
    _figures(card, read_scores(path))
    run = common.opened(folder)  # a large one takes a while; the figures are there already
    if run.metrics:
        with bar:
            metric = common.findings_of(run)
        _charts(name, run, metric)
    elif "label" in run.answers:
        common.heading("Answers: pick a bar to see the questions")
        _picked("answers", charts.confusion(counts.confusion(run)), counts.confusion(run), "", name)
    else:
        st.info("No findings yet: score the run first, with `halluc score finegrained RUN`.")


def _figures(card: dict[str, Any], scores: list[Score]) -> None:
    """Cards of the main figures, all figures in a table, and the whole result card."""
    names = list(SHOWN)
    main = sorted(
        (each for each in scores if each.name in SHOWN), key=lambda s: names.index(s.name)
    )
    with st.container(horizontal=True):
        for each in main[:CARDS]:
            better = f"; {each.better} is better" if each.better else ""
            label = f"{SHOWN[each.name]} {common.bare(each.split)}".strip()
            st.metric(
                label, figure(each), border=True, width=160,
                delta=interval(each) or None, delta_color="off", delta_arrow="off",
                help=f"{common.bare(each.metric)}: {each.name}{better}; below its 95 % interval",
            )  # fmt: skip
    one, other = st.columns(2)
    if scores:
        with one.expander(f"All {len(scores)} figures"):
            rows = [
                {
                    "metric": each.metric, "figure": each.name, "split": each.split,
                    "value": figure(each), "95 %": interval(each), "better": each.better,
                }
                for each in scores
            ]  # fmt: skip
            st.dataframe(pd.DataFrame(rows), hide_index=True)
    with other.expander("Result card"):
        st.code(
            msgspec.json.format(msgspec.json.encode(card)).decode(), language=None, wrap_lines=True
        )


def _charts(name: str, run: Columns, metric: str) -> None:
    """The chart that is asked for; only that one is counted."""
    common.heading("Hallucination by …: pick a mark to see its samples")
    key = common.bound(
        st.segmented_control, "Chart", "chart", list(CHARTS), fallback="kinds", required=True,
        format_func=lambda each: CHARTS[each][0], label_visibility="collapsed",
    )  # fmt: skip
    _, count, draw = CHARTS[key]
    table = _count(str(run.path), key, metric, run.findings.shape[0], _count=count, _run=run)
    if table.empty:
        st.info("There is nothing to count here: no such claims, or no tokens in the run.")
        return
    _picked(key, draw(table), table, metric, name)


@st.cache_data(max_entries=64, show_spinner="Counting …")
def _count(
    path: str,
    key: str,
    metric: str,
    size: int,
    *,
    _count: Callable[..., pd.DataFrame],
    _run: Columns,
) -> pd.DataFrame:
    return _count(_run, metric)


def _picked(key: str, chart: Any, table: pd.DataFrame, metric: str, name: str) -> None:
    """A chart, and its marks as a list; one that is picked opens its samples."""
    marks = {charts.words(key, row): row for row in table.to_dict("records")}
    told = f"Chart of hallucination by {key}: " + "; ".join(list(marks)[:TOLD])
    event: Any = st.altair_chart(
        chart, on_select="rerun", key=f"chart {key} {metric} {name}", alt=told
    )
    if chosen := (event.selection or {}).get(charts.PICK):
        common.go("samples", charts.picked(key, chosen[0], metric), name)
    listed = st.selectbox(
        "The same as a list: choose to see the samples", list(marks), index=None,
        key=f"list {key} {metric} {name}", placeholder="Choose a mark",
    )  # fmt: skip
    if listed is not None:
        common.go("samples", charts.picked(key, marks[listed], metric), name)
