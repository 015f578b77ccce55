"""Samples: the grid of what a view lets pass, and one sample in full."""

from __future__ import annotations

import streamlit as st

from app.inspector.drawing import html, pictures
from app.inspector.drawing.report import report_html
from app.inspector.drawing.revisions import revision_html
from app.inspector.pages import common
from app.inspector.pages.review_form import judge_finding
from app.inspector.reading.columns import Columns
from app.inspector.reading.view import ALLOWED, Seen, View, look, metric_of
from app.inspector.settings import read_settings
from halluc.records import Finding

GRID = 12
REPORTED = 200
NUMBERED = ("place", "surprise", "words")


def render() -> None:
    """The common."""
    name, run = common.chosen_run()
    view = common.current_view()
    _filters(run, view)
    seen = look(run, view)
    asked = st.query_params.get("sample", "")
    if asked in run.places:
        _detail(name, run, view, seen, run.places[asked])
    else:
        _grid(run, view, seen)


def _filters(run: Columns, view: View) -> None:
    """The filters, in the sidebar; each stands in the link."""
    found = run.findings
    with st.sidebar:
        if run.metrics:
            common.bound(st.selectbox, "Findings of", "metric", run.metrics,
                       fallback=metric_of(run, View()))  # fmt: skip
            common.bound(st.selectbox, "Kind", "kind", ["", *ALLOWED["kind"]])
            common.bound(st.selectbox, "Verdict", "verdict", ["", *ALLOWED["verdict"]])
            for label, name in (("Object", "subject"), ("Attribute or relation", "value")):
                known = sorted(each for each in map(str, found[name].cat.categories) if each)
                common.bound(st.selectbox, label, name, ["", *known])
            common.bound(st.selectbox, "Object in the picture", "companion",
                       ["", *_true_names(run, view)])  # fmt: skip
        if "label" in run.answers:
            common.bound(st.selectbox, "Answer", "answer", ["", *ALLOWED["answer"]])
        splits = sorted(each for each in map(str, run.answers["split"].cat.categories) if each)
        if splits:
            common.bound(st.selectbox, "Split", "split", ["", *splits])
        common.bound(st.text_input, "Text", "text")
        for name in NUMBERED:
            bounds = getattr(view, name)
            if bounds:
                st.caption(f"{name} from {bounds[0]:g} to {bounds[1]:g}")
        if view.query() and st.button("Clear the filters", width="stretch"):
            for name in (*view.query(), "sample", "page", "finding"):
                st.query_params.pop(name, None)
            st.rerun()


def _true_names(run: Columns, view: View) -> list[str]:
    """Objects to choose from; of a large run they are read only when a view asks for one."""
    if len(run.answers) > 20_000 and not view.companion:
        return []
    return sorted(map(str, run.true_objects["name"].cat.categories))


def _grid(run: Columns, view: View, seen: Seen) -> None:
    metric = metric_of(run, view)
    total = len(seen.rows)
    head, tools = st.columns([3, 1], vertical_alignment="center")
    head.markdown(f"##### {total:,} of {len(run.answers):,} samples"
                  + (f", {len(seen.findings):,} findings" if view.of_findings else ""))  # fmt: skip
    if metric:
        st.html(html.legend())
    if not total:
        st.info("Nothing passes these filters.")
        return
    tools.download_button(
        "Report", lambda: report_html(run, view, read_settings().images, REPORTED),
        "report.html", "text/html", width="stretch",
        help=f"One HTML file of what passes the filters, at most {REPORTED} samples",
    )  # fmt: skip
    last = (total - 1) // GRID
    number = min(_number(st.query_params.get("page", "0")), last)
    shown = seen.rows[number * GRID : (number + 1) * GRID]
    for start in range(0, len(shown), 3):
        for column, row in zip(st.columns(3), shown[start : start + 3], strict=False):
            with column, st.container(border=True):
                _card(run, int(row), metric)
    before, where, after = st.columns([1, 2, 1], vertical_alignment="center")
    for column, label, key, to in (
        (before, "← Before", "B", number - 1), (after, "Next →", "N", number + 1),
    ):  # fmt: skip
        column.button(label, key=f"page {key}", width="stretch", shortcut=key,
                      disabled=not 0 <= to <= last, on_click=_turn, kwargs={"page": str(to)})  # fmt: skip
    where.caption(f"page {number + 1} of {last + 1}")


def _card(run: Columns, row: int, metric: str) -> None:
    sample, response = run.sample(row), run.response(row)
    findings = [each for _, each in run.findings_of(row, metric)]
    picture = common.picture(run, sample, pictures.SMALL)
    st.html(html.card_html(sample, response, findings, picture))
    st.button("Open", key=f"open {row}", width="stretch", on_click=_turn,
              kwargs={"sample": sample.id})  # fmt: skip


def _detail(name: str, run: Columns, view: View, seen: Seen, row: int) -> None:
    """One sample: picture with boxes, text with marks, the finding that is chosen."""
    metric = metric_of(run, view)
    sample, response = run.sample(row), run.response(row)
    findings = [each for _, each in run.findings_of(row, metric)]
    _steps(run, seen, row)
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
        st.html(html.finding_html(findings[chosen]))
        judge_finding(run, findings[chosen])
    if revision := revision_html(run, row):
        with st.expander("How it was revised"):
            st.html(revision)
    with st.expander("As it is kept"):
        st.text(response.text[:5000])
        st.caption(f"{len(response.tokens)} tokens, ended by {response.finish}")


def _asked(view: View, finding: Finding) -> bool:
    """Whether a view asks for a finding by its kind, object or value."""
    claim = finding.claim
    return bool(view.kind or view.subject or view.value) and all(
        not wanted or wanted == each
        for wanted, each in (
            (view.kind, claim.kind), (view.subject, claim.subject), (view.value, claim.value),
        )
    )  # fmt: skip


def _steps(run: Columns, seen: Seen, row: int) -> None:
    """Back to the grid, and to the samples beside this one in the view."""
    at = int(seen.rows.searchsorted(row))
    inside = at < len(seen.rows) and seen.rows[at] == row
    ids = run.answers["id"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("↑ All", key="all", shortcut="A", on_click=_turn)
        for label, key, to in (("← Before", "B", at - 1), ("Next →", "N", at + inside)):
            there = 0 <= to < len(seen.rows)
            sample = str(ids.iat[int(seen.rows[to])]) if there else ""
            st.button(label, key=f"step {key}", disabled=not there, shortcut=key,
                      on_click=_turn, kwargs={"sample": sample})  # fmt: skip
        place = f"{at + 1} of {len(seen.rows)}: " if inside else ""
        st.text(place + ids.iat[row][:80])


def _turn(**query: str) -> None:
    """The next run of this page has this in its link, and no other sample or finding."""
    for name in ("sample", "finding"):
        st.query_params.pop(name, None)
    st.query_params.update(query)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0
