"""The filters of a view, each of which stands in the link, and those that are on."""

from __future__ import annotations

import streamlit as st

from app.inspector.pages import common
from app.inspector.reading.columns import Columns
from app.inspector.reading.view import ALLOWED, NAMES, View, metric_of

LARGE = 20_000
"""Answers of a run from which its true objects are read only when a view asks for one."""


def choose(run: Columns, view: View) -> None:
    """The filters, behind one button."""
    on = len([each for each in view.query() if each != "metric"])
    with st.popover(f"Filters ({on})" if on else "Filters", width="content"):
        found = run.findings
        if run.metrics:
            common.bound(st.selectbox, NAMES["metric"], "metric", run.metrics,
                         fallback=metric_of(run, View()))  # fmt: skip
            _pick("kind", ALLOWED["kind"])
            _pick("verdict", ALLOWED["verdict"])
            sides = [found[each].cat.categories for each in ("subject", "object")]
            _pick("subject", sorted({str(each) for side in sides for each in side if each}))
            for name in ("value", "family"):
                _pick(name, sorted(str(each) for each in found[name].cat.categories if each))
            if len(run.answers) > LARGE and not view.companion:
                common.bound(st.text_input, NAMES["companion"], "companion")
            else:
                _pick("companion", sorted(map(str, run.true_objects["name"].cat.categories)))
            common.bound_range(NAMES["place"], "place", 0.0, 1.0, 0.05)
            common.bound_range(NAMES["surprise"], "surprise", 0.0, 10.0, 0.05)
        if "label" in run.answers:
            _pick("answer", ALLOWED["answer"])
            _pick("said", sorted({str(each) for each in run.answers["reading"].dropna().unique()}))
        _pick("split", sorted(str(e) for e in run.answers["split"].cat.categories if e))
        common.bound(st.text_input, NAMES["text"], "text")
        longest = float(max(run.words.max(), 10))
        common.bound_range(NAMES["words"], "words", 0.0, longest, 1.0)


def _pick(name: str, options: list[str] | tuple[str, ...]) -> None:
    if options:
        common.bound(st.selectbox, NAMES[name], name, ["", *options])


def show(view: View) -> None:
    """The filters that are on, each with a button that takes it off."""
    told = {name: each for name, each in view.query().items() if name != "metric"}
    if not told:
        return
    with st.container(horizontal=True, key="chips"):
        for name, value in told.items():
            label = f"{NAMES[name]}: {common.bare(value[:40])} ✕"
            st.button(label, key=f"chip {name}", on_click=take_off, args=(name,))
        if len(told) > 1:
            st.button("Clear the filters", on_click=take_off, args=tuple(told))


def take_off(*names: str) -> None:
    """The next run has these filters no more."""
    for name in (*names, "sample", "page", "finding"):
        st.query_params.pop(name, None)
