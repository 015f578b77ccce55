"""The form in which a person says what is right about a finding."""

from __future__ import annotations

import streamlit as st

from app.inspector.drawing.marks import plain
from app.inspector.pages import common
from app.inspector.reading.columns import Columns
from halluc.errors import InputError
from halluc.records import Finding
from halluc.reviews import JUDGEMENTS, Review, claim_key

LABELS = {
    "right": "The finding is right",
    "truth wrong": "The ground truth is wrong",
    "rule wrong": "The rule is wrong",
}


def judge_finding(run: Columns, finding: Finding) -> None:
    """The form, and what has been said already."""
    store = common.reviews()
    key = claim_key(finding)
    filed = [each for each in store.of_run(run.key) if claim_key(each.finding) == key]
    for each in filed:
        st.html(
            f'<p class="hx-answer hx-filed">✎ <b>{plain(each.reviewer)}</b>: '
            f"{LABELS[each.judgement]}. {plain(each.note)}</p>"
        )
    with st.form(f"review {key}", border=True):
        judgement = st.radio(
            "Your verdict", JUDGEMENTS, format_func=LABELS.__getitem__, horizontal=True
        )
        one, other = st.columns([1, 2])
        reviewer = one.text_input("Your name", st.session_state.get("reviewer", ""), max_chars=80)
        note = other.text_input("Note", max_chars=4000)
        if st.form_submit_button("File the review"):
            try:
                store.file(run.key, Review(finding, reviewer, judgement, note))
            except InputError as error:
                st.error(str(error))
            else:
                st.session_state["reviewer"] = reviewer
                st.rerun()
