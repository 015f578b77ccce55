"""Compare by claim: rates of two runs by part, what carries them, claims over many runs."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.inspector.drawing import charts
from app.inspector.drawing.marks import plain_text
from app.inspector.pages import common
from app.inspector.reading import claims, preload
from app.inspector.reading.columns import Columns

ROWS = 500
"""Most rows of a matrix that are shown."""
_SIGNS = {"right": "✓ right", "wrong": "✗ wrong", "": "not said"}
_HELP = (
    "fixed: wrong, then right; broken: right, then wrong; dropped, added: wrong, and said by one "
    "run alone; lost, gained: right, and said by one run alone"
)


def by_part(runs: dict[str, Columns], metric: str, kind: str) -> list[str]:
    """Where the rates of two runs differ; the ids of the answers that carry what was chosen."""
    base, *others = runs
    with st.container(horizontal=True, vertical_alignment="center"):
        name = others[0]
        if len(others) > 1:
            name = common.bound(
                st.segmented_control, "Run", "by", others, fallback=name, required=True,
                format_func=common.bare, label_visibility="collapsed",
            )  # fmt: skip
        parts = common.bound(
            st.segmented_control, "Rates by", "parts", list(claims.PARTS), fallback="kind",
            required=True, format_func=claims.PARTS.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
    edges = tuple(claims.lengths(runs[base]))
    sides = tuple((str(runs[each].path), preload.states_of(str(runs[each].path)))
                  for each in (base, name))  # fmt: skip
    asked = (metric, parts, edges, kind)
    table, changed = _compared(sides, asked, _runs=(runs[base], runs[name]))
    if table.empty:
        st.info("Neither run has such claims.")
        return []
    st.caption(
        "Bars: claims that are hallucinated; beside them the difference of "
        f"{common.bare(name)} in points with its 95 % interval over pictures, each part alone. "
        "Pick a bar to see what carries it."
    )
    group = _picked(charts.both(table, base, name), f"{name} {parts}", list(table["part"]))
    _table(table, base, name)
    if group:
        changed = changed[changed["part"] == group]
        if st.button("All parts again"):
            st.query_params.pop("group", None)
            st.rerun()
    numbers = changed["what"].value_counts()
    known = [each for each in claims.CHANGES if each in numbers.index]
    if not known:
        st.info("Nothing that is wrong in either run differs here.")
        return []
    what = common.bound(
        st.radio, "Claims that are", "what", known, fallback=known[0], horizontal=True,
        format_func=lambda each: f"{each} ({numbers[each]:,})", help=_HELP,
    )  # fmt: skip
    chosen = changed[changed["what"] == what]
    often = chosen["id"].value_counts(sort=True)
    st.caption(f"{len(chosen):,} claims in {len(often):,} answers, those with the most first")
    return [str(each) for each in often.index]


def _picked(chart: Any, name: str, parts: list[str]) -> str:
    """A chart; the part whose bar is picked stands in the link."""
    key = f"both {name}"

    def write() -> None:
        marks = st.session_state[key].get("selection", {}).get(charts.PICK) or []
        if marks:
            st.query_params["group"] = marks[0]["part"]
        else:
            st.query_params.pop("group", None)
        st.query_params.pop("sample", None)

    st.altair_chart(chart, on_select=write, key=key, alt="Hallucination rates of both runs by part")
    group = st.query_params.get("group", "")
    return group if group in parts else ""


def _table(table: pd.DataFrame, one: str, other: str) -> None:
    """The same figures in a table, for who cannot see the chart."""
    with st.expander("In figures"):
        rows = [
            {
                "part": each.part, one: f"{each.wrong_one:,} of {each.of_one:,}",
                other: f"{each.wrong_other:,} of {each.of_other:,}",
                "difference, points [95 %]": charts.points(each),
                "p": "" if pd.isna(each.p) else f"{each.p:.2g}",
            }
            for each in table.itertuples()
        ]  # fmt: skip
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def matrix(runs: dict[str, Columns], metric: str, kind: str) -> list[str]:
    """Claims × runs; the ids of the answers in that order, and one that is picked is opened."""
    sides = {name: _parted(run, metric, "kind", (), kind) for name, run in runs.items()}
    shared = set.intersection(*(set(run.answers["id"]) for run in runs.values()))
    found = claims.matrix({n: each[each["id"].isin(shared)] for n, each in sides.items()})
    if found.empty:
        st.info("No claim is wrong in any of these runs, and none says what another does not.")
        return []
    st.caption(
        f"{len(found):,} claims that a run gets wrong or does not make, those first on which the "
        "runs are most divided" + (f"; the first {ROWS:,}" if len(found) > ROWS else "")
    )
    shown = found.head(ROWS)
    table = pd.DataFrame(
        {
            "sample": shown["id"],
            "claim": [plain_text(_words(each)) for each in shown.itertuples()],
            **{name: shown[name].map(_SIGNS) for name in runs},
        }
    )
    event = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row",
        key="matrix of claims", height=300,
    )  # fmt: skip
    ids = list(dict.fromkeys(found["id"]))
    picked = event["selection"]["rows"]
    if picked and st.session_state.get("picked claim") != picked[0]:
        st.query_params["sample"] = shown["id"].iat[picked[0]]
    st.session_state["picked claim"] = picked[0] if picked else None
    return ids


def _words(row: Any) -> str:
    """A matter in words."""
    if row.kind == "relation":
        return f"{row.subject} and {row.about}"
    return f"{row.subject}: {row.about}" if row.about else str(row.subject)


def _parted(run: Columns, metric: str, by: str, edges: tuple[int, ...], kind: str) -> pd.DataFrame:
    states = preload.states_of(str(run.path))
    table = _claims(str(run.path), states, metric, by, edges, _run=run)
    return table[table["kind"] == kind] if kind else table


@st.cache_resource(max_entries=32, show_spinner="Reading claims …")
def _claims(
    folder: str, states: preload.States, metric: str, by: str, edges: tuple[int, ...], *,
    _run: Columns,
) -> pd.DataFrame:  # fmt: skip
    return claims.parted(_run, metric, by, edges)


@st.cache_resource(max_entries=32, show_spinner="Drawing pictures …")
def _compared(
    sides: tuple[tuple[str, preload.States], ...], asked: tuple[str, str, tuple[int, ...], str], *,
    _runs: tuple[Columns, Columns],
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Rates of two runs by part, and what became of each matter; on the answers of both."""
    pictures = _pictures(*_runs)
    one, other = (_parted(each, *asked) for each in _runs)
    one, other = (each[each["id"].isin(pictures)] for each in (one, other))
    if one.empty and other.empty:
        return pd.DataFrame(), pd.DataFrame()
    return claims.rates_of_both(one, other, pictures), claims.changes(one, other)


def _pictures(one: Columns, other: Columns) -> dict[str, str]:
    """The picture of each answer that both gave."""
    numbers = dict(zip(one.answers["id"], map(str, one.pictures), strict=True))
    return {id: numbers[id] for id in other.answers["id"] if id in numbers}
