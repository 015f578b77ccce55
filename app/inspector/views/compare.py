"""Compare: two runs on the same ids, what was fixed and what was broken."""

from __future__ import annotations

import streamlit as st

from app.inspector import page, pictures, showing
from app.inspector.columns import Columns
from app.inspector.marking import marked
from app.inspector.pairing import OUTCOMES, Outcome, diff_html, pair
from app.inspector.settings import read_settings, run_names
from app.inspector.view import ALLOWED, View, metric_of
from halluc.statistics import McNemar

LISTED = 1000
"""Most samples to choose from."""


def render() -> None:
    """The page."""
    names = run_names(read_settings().runs)
    if len(names) < 2:
        st.info("Open two runs to compare them: halluc inspect RUN RUN")
        return
    first, second, third = st.columns(3)
    known = list(names)
    with first:
        one = page.bound(st.selectbox, "Run", "run", known, fallback=known[0])
    asked = page.opened(names[one]).card.get("samples")
    others = sorted(  # runs about the same samples first
        (each for each in known if each != one),
        key=lambda each: page.opened(names[each]).card.get("samples") != asked,
    )
    with second:
        other = page.bound(st.selectbox, "against", "other", others, fallback=others[0])
    runs = page.opened(names[one]), page.opened(names[other])
    metric = metric_of(runs[0], page.current_view())
    with third:
        kind = ""
        if metric:
            kind = page.bound(st.selectbox, "Wrong claims of kind", "kind", ["", *ALLOWED["kind"]])
    pairs = pair(*runs, metric, kind)
    numbers = {each: int((pairs.outcomes == each).sum()) for each in OUTCOMES}
    with st.container(horizontal=True):
        outcome = page.bound(
            st.radio, "Outcome", "outcome", list(OUTCOMES),
            fallback=next(each for each in OUTCOMES if numbers[each]),
            format_func=lambda each: f"{each} ({numbers[each]:,})", horizontal=True,
            label_visibility="collapsed",
        )  # fmt: skip
    st.caption(_said(numbers, pairs.test, pairs.alone))
    ids = pairs.of(next(each for each in OUTCOMES if each == outcome))
    if not ids:
        st.info(f"No sample is {outcome}.")
        return
    if len(ids) > LISTED:
        st.caption(f"The first {LISTED:,} of them:")
        asked_for = st.query_params.get("sample", "")
        ids = ids[:LISTED] + [each for each in ids[LISTED:] if each == asked_for]
    id = page.bound(st.selectbox, "Sample", "sample", ids, fallback=ids[0])
    _both(id, (one, other), runs, metric)


def _said(numbers: dict[Outcome, int], test: McNemar, alone: int) -> str:
    """The four numbers in words."""
    p = "undefined" if test.p is None else f"{test.p:.2g}"
    less = f"; {alone} answers are in one run alone" if alone else ""
    return (
        f"{numbers['fixed']} fixed against {numbers['broken']} broken, McNemar p = {p} "
        f"(answers counted as independent){less}"
    )


def _both(id: str, names: tuple[str, str], runs: tuple[Columns, Columns], metric: str) -> None:
    """A sample of both runs: picture, both texts with marks, and what changed."""
    texts = []
    left, *columns = st.columns([2, 3, 3])
    with left:
        sample = runs[0].sample(runs[0].places[id])
        found = [each for _, each in runs[1].findings_of(runs[1].places[id], metric)]
        picture = page.picture(runs[0], sample, pictures.LARGE)
        st.html(showing.picture_html(sample, found, picture))
        if sample.prompt:
            st.text(sample.prompt)
    for column, name, run in zip(columns, names, runs, strict=True):
        row = run.places[id]
        response = run.response(row)
        findings = [each for _, each in run.findings_of(row, metric)]
        texts.append(response.text)
        with column, st.container(border=True):
            st.text(name)
            st.html(marked(response.text, findings) + showing.answer_html(sample, response))
            if st.button("Open", key=f"open {name}"):
                page.go("samples", View(), name, sample=id)
    st.markdown("##### What changed")
    st.html(diff_html(*texts))
