"""Samples: the grid of what a view lets pass, and one sample in full."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.inspector.drawing import html, pictures
from app.inspector.drawing.calls import calls_html
from app.inspector.drawing.marks import plain
from app.inspector.drawing.report import report_html
from app.inspector.drawing.revisions import revision_html
from app.inspector.pages import common, filters
from app.inspector.pages.review_form import judge_finding
from app.inspector.reading.columns import Columns
from app.inspector.reading.view import SORTS, View, metric_of
from app.inspector.settings import read_settings
from halluc.records import Finding

GRID = 24
REPORTED = 200


def render() -> None:
    """The page."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name, run = common.chosen_run()
        filters.choose(run, common.current_view())
        order = common.bound(st.selectbox, "Sorted by", "sort", list(SORTS), width=200,
                             format_func=SORTS.__getitem__)  # fmt: skip
        _find(run)
    view = common.known_view(run)
    filters.show(common.current_view())
    rows, findings = common.passing(run, view, order)
    asked = st.query_params.get("sample", "")
    if asked in run.places:
        _detail(name, run, view, rows, run.places[asked])
    else:
        _grid(run, view, rows, findings)


def _find(run: Columns) -> None:
    """A field that opens the sample of a name, or the first one with that in its name."""

    def open_it() -> None:
        asked = st.session_state["go to"].strip()
        st.session_state["go to"] = ""
        found = asked if asked in run.places else next((e for e in run.places if asked in e), "")
        if asked and found:
            _turn(sample=found)
        elif asked:
            st.toast(f"No sample has {common.bare(asked)} in its name")

    st.text_input("Go to sample", key="go to", on_change=open_it, width=180)


def _grid(run: Columns, view: View, rows: NDArray[np.int64], findings: int) -> None:
    total, metric = len(rows), metric_of(run, view)
    last = max(total - 1, 0) // GRID
    number = min(_number(st.query_params.get("page", "0")), last)
    found = f", {findings:,} findings" if view.of_findings else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        common.heading(f"{total:,} of {len(run.answers):,} samples{found}")
        common.steps(f"pages of {run.key} {view}", number, last, lambda to: _turn(page=str(to)))
        _jump(number, last)
        if total:
            st.download_button(
                "Report", lambda: report_html(run, view, read_settings().images, REPORTED),
                "report.html", "text/html",
                help=f"One HTML file of what passes the filters, at most {REPORTED} samples",
            )  # fmt: skip
    if not total:
        st.info("Nothing passes these filters.")
        return
    if metric:
        st.html(html.legend())
    with st.container(key="grid"):
        for row in rows[number * GRID : (number + 1) * GRID]:
            with st.container(border=True):
                _card(run, int(row), metric)


def _jump(number: int, last: int) -> None:
    """The number of the page, which can be changed."""
    if not last:
        return

    def turn() -> None:
        _turn(page=str(st.session_state["page number"] - 1))

    st.session_state["page number"] = number + 1
    st.number_input("Page", 1, last + 1, key="page number", on_change=turn, width=120,
                    label_visibility="collapsed")  # fmt: skip
    st.text(f"of {last + 1:,} pages", width="content")


def _card(run: Columns, row: int, metric: str) -> None:
    sample, response = run.sample(row), run.response(row)
    findings = [each for _, each in run.findings_of(row, metric)]
    picture = common.picture(run, sample, pictures.SMALL)
    st.html(html.card_html(sample, response, findings, picture))
    st.button("Open", key=f"open {row}", width="stretch", on_click=_turn,
              kwargs={"sample": sample.id})  # fmt: skip


def _detail(name: str, run: Columns, view: View, rows: NDArray[np.int64], row: int) -> None:
    """One sample: picture with boxes, text with marks, the finding that is chosen."""
    metric = metric_of(run, view)
    sample, response = run.sample(row), run.response(row)
    findings = [each for _, each in run.findings_of(row, metric)]
    at = _steps(run, view, rows, row)
    chosen: int | None = None
    place = st.empty()
    shade = bool(response.tokens) and st.toggle("Shade by the model's uncertainty")
    if findings:
        wrong = [n for n, each in enumerate(findings) if each.verdict == "hallucinated"]
        start = next((n for n in wrong if _asked(view, findings[n])), None)
        options = ["", *map(str, [*wrong, *(n for n in range(len(findings)) if n not in wrong)])]
        given = common.bound(
            st.selectbox, "Finding", "finding", options,
            fallback="" if start is None else str(start),
            format_func=lambda n: html.finding_label(findings[int(n)]) if n else "none",
            help="Shows its box in the picture, or what is there instead",
        )  # fmt: skip
        chosen = int(given) if given else None
    with place.container():
        st.html(html.legend() if findings else "<span></span>")
        picture = common.picture(run, sample, pictures.LARGE)
        st.html(html.sample_html(sample, response, findings, picture, chosen=chosen, shade=shade))
    if chosen is not None:
        st.html(html.finding_html(findings[chosen], response))
        judge_finding(run, findings[chosen])
    if tokens := html.tokens_html(response, 0, len(response.text)):
        with st.expander("How likely each token was"):
            st.html(tokens)
    if revision := revision_html(run, row):
        with st.expander("How it was revised"):
            st.html(revision)
    if response.calls:
        with st.expander(f"How it was asked: {len(response.calls)} calls of a plan"):
            st.html(calls_html(response.calls))
    with st.expander("As it is kept"):
        st.text(response.text[:5000])
        st.caption(f"{len(response.tokens)} tokens, ended by {response.finish}")
    # The page is there; the next picture is opened while this one is looked at, and kept.
    if at + 1 < len(rows):
        common.picture(run, run.sample(int(rows[at + 1])), pictures.LARGE)


def _asked(view: View, finding: Finding) -> bool:
    """Whether a view asks for a finding by its kind, object or value."""
    claim = finding.claim
    return bool(view.kind or view.subject or view.value) and all(
        not wanted or wanted in each
        for wanted, each in (
            (view.kind, (claim.kind,)), (view.subject, (claim.subject, claim.object)),
            (view.value, (claim.value,)),
        )
    )  # fmt: skip


def _steps(run: Columns, view: View, rows: NDArray[np.int64], row: int) -> int:
    """Back to the grid, and to the samples beside this one in the view; gives its place."""
    places = np.flatnonzero(rows == row)
    # One that the filters leave out stands before all others.
    at = int(places[0]) if len(places) else -1
    ids = run.answers["id"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("↑ All", key="all", shortcut="A", on_click=_turn)
        common.steps(
            f"samples of {run.key} {view}", at, len(rows) - 1,
            lambda to: _turn(sample=str(ids.iat[int(rows[to])])),
        )  # fmt: skip
        place = f"{at + 1:,} of {len(rows):,}" if len(places) else "not among what passes"
        st.html(f'<h2 class="hx-id">{plain(ids.iat[row][:80])}</h2><p class="hx-count">{place}</p>')
    return at


def _turn(**query: str) -> None:
    """The next run of this page has this in its link, and no other sample or finding."""
    for name in ("sample", "finding"):
        st.query_params.pop(name, None)
    st.query_params.update(query)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0
