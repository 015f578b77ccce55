"""Compare: a run and others on the same ids, what each fixed and broke, and how it was revised."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from app.inspector.drawing import pictures
from app.inspector.drawing.revisions import revision_html
from app.inspector.drawing.sides import Side, sides_html
from app.inspector.pages import common
from app.inspector.pages.compare_claims import by_part, matrix
from app.inspector.reading.columns import Columns
from app.inspector.reading.pairing import OUTCOMES, Pairs, pair
from app.inspector.reading.view import ALLOWED, View, metric_of
from app.inspector.settings import read_settings, run_names
from halluc.card import read_card

LISTED = 1000
"""Most samples to choose from."""
OTHERS = 2
"""Runs beside the base where nobody chose any."""
MOST = 9
"""Runs beside the base at most."""
WAYS = {"claims": "By claim", "matrix": "Matrix of claims", "answers": "By answer"}


def render() -> None:
    """The page."""
    names = run_names(read_settings().runs)
    if len(names) < 2:
        st.info("Open two runs to compare them: halluc inspect RUN RUN")
        return
    first, second, third = st.columns([2, 3, 2])
    with first:
        base = common.bound(st.selectbox, "Base", "run", list(names), fallback=next(iter(names)))
    with second:
        others = _others(base, names)
    runs = {each: common.opened(names[each]) for each in (base, *others)}
    metric = metric_of(runs[base], common.current_view())
    with third:
        kind = ""
        if metric:
            kinds = ["", *ALLOWED["kind"]]
            kind = common.bound(st.selectbox, "Wrong claims of kind", "kind", kinds)
    ids = _wanted(runs, metric, kind)
    if ids:
        id = _stepped(_limited(ids))
        _sample(id, runs, metric)
        _revised(id, runs)


def _wanted(runs: dict[str, Columns], metric: str, kind: str) -> list[str]:
    """The ids that the chosen way to compare leads to."""
    way = "answers"
    if metric:
        first = "answers" if "outcome" in st.query_params else "claims"
        way = common.bound(
            st.segmented_control, "Compare", "show", list(WAYS), fallback=first, required=True,
            format_func=WAYS.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
    base = next(iter(runs))
    pairs = {name: pair(runs[base], run, metric, kind) for name, run in runs.items()
             if name != base}  # fmt: skip
    if way == "claims":
        return by_part(runs, metric, kind)
    if way == "matrix":
        return matrix(runs, metric, kind)
    if len(pairs) > 1:
        _table(pairs)
    return _chosen(pairs)


def _others(base: str, names: dict[str, str]) -> list[str]:
    """The runs beside the base: those chosen, or the first about the same samples."""
    asked = {each: read_card(Path(folder)).get("samples") for each, folder in names.items()}
    alike = [each for each in names if each != base and asked[each] == asked[base]]
    rest = [each for each in names if each != base and each not in alike]
    return common.several("Against", "other", [*alike, *rest], (alike or rest)[:OTHERS])[:MOST]


def _table(pairs: dict[str, Pairs]) -> None:
    """What each run fixed and broke of the base."""
    rows = [
        {
            "run": name, **each.numbers(), "McNemar p": _p(each),
            "in one run alone": each.alone,
        }
        for name, each in pairs.items()
    ]  # fmt: skip
    told = "Of fixed against broken; answers counted as independent, not adjusted for many runs"
    st.dataframe(
        pd.DataFrame(rows), hide_index=True,
        column_config={"McNemar p": st.column_config.TextColumn(help=told)},
    )  # fmt: skip


def _p(pairs: Pairs) -> str:
    return "undefined" if pairs.test.p is None else f"{pairs.test.p:.2g}"


def _chosen(pairs: dict[str, Pairs]) -> list[str]:
    """The ids of which the run that is asked for has made what is asked for."""
    name = next(iter(pairs))
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(pairs) > 1:
            name = common.bound(
                st.segmented_control, "Fixed or broken by", "by", list(pairs),
                fallback=name, required=True, format_func=common.bare,
                label_visibility="collapsed",
            )  # fmt: skip
        numbers = pairs[name].numbers()
        outcome = common.bound(
            st.radio, "Outcome", "outcome", list(OUTCOMES),
            fallback=next(each for each in OUTCOMES if numbers[each]),
            format_func=lambda each: f"{each} ({numbers[each]:,})", horizontal=True,
            label_visibility="collapsed",
        )  # fmt: skip
    if len(pairs) == 1:
        alone = pairs[name].alone
        less = f"; {alone:,} answers are in one run alone" if alone else ""
        st.caption(
            f"{numbers['fixed']:,} fixed against {numbers['broken']:,} broken, "
            f"McNemar p = {_p(pairs[name])} (answers counted as independent){less}"
        )
    ids = pairs[name].of(next(each for each in OUTCOMES if each == outcome))
    if not ids:
        st.info(f"No sample is {outcome}.")
    return ids


def _limited(ids: list[str]) -> list[str]:
    """As many as a list to choose from can hold, and the one that is asked for."""
    if len(ids) > LISTED:
        st.caption(f"The first {LISTED:,} of them:")
        asked_for = st.query_params.get("sample", "")
        ids = ids[:LISTED] + [each for each in ids[LISTED:] if each == asked_for]
    return ids


def _stepped(ids: list[str]) -> str:
    """The sample that is asked for, with the way to the ones before and after it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        id = common.bound(st.selectbox, "Sample", "sample", ids, fallback=ids[0])
        at = ids.index(id)
        common.steps(f"compared {hash(tuple(ids))}", at, len(ids) - 1,
                     lambda to: st.query_params.update(sample=ids[to]))  # fmt: skip
    return id


def _sample(id: str, runs: dict[str, Columns], metric: str) -> None:
    """A sample of all runs: pictures, texts with marks, and what changed."""
    there = next(run for run in runs.values() if id in run.places)
    sample = there.sample(there.places[id])
    sides: dict[str, Side | None] = {}
    for name, run in runs.items():
        row = run.places.get(id)
        sides[name] = None if row is None else (
            run.response(row), [each for _, each in run.findings_of(row, metric)],
        )  # fmt: skip
    if sample.prompt:
        st.text(sample.prompt)
    st.html(sides_html(sample, sides, common.picture(there, sample, pictures.LARGE)))
    with st.container(horizontal=True):
        for name in runs:
            if sides[name] and st.button(f"Open in {common.bare(name)}", key=f"open {name}"):
                common.go("samples", View(), name, sample=id)


def _revised(id: str, runs: dict[str, Columns]) -> None:
    """How the runs that were revised came to their text."""
    for name, run in runs.items():
        revision = revision_html(run, run.places[id]) if id in run.places else ""
        if revision:
            common.heading("How it was revised")
            st.text(name)
            st.html(revision)
