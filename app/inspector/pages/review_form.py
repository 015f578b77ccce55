"""The form in which a person says what is right about a finding."""

from __future__ import annotations

import streamlit as st

from app.inspector.drawing.marks import plain
from app.inspector.pages import common, rater
from app.inspector.reading.columns import Columns
from halluc.errors import InputError
from halluc.records import Finding
from halluc.reviews import Judgement, Review, claim_key, person

LABELS: dict[Judgement, str] = {
    "right": "The finding is right",
    "truth wrong": "The ground truth is wrong",
    "rule wrong": "The rule is wrong",
    "unverifiable": "Unverifiable from the picture",
}


def judge_finding(run: Columns, finding: Finding) -> None:
    """The form, and what others said, once one has said something oneself."""
    store, mine = common.reviews(), person(rater.known_rater())
    key = claim_key(finding)
    filed = [each for each in store.of_run(run.key) if claim_key(each.finding) == key]
    if any(person(each.reviewer) == mine for each in filed):
        for each in filed:
            st.html(
                f'<p class="hx-answer hx-filed">✎ <b>{plain(each.reviewer)}</b>: '
                f"{LABELS[each.judgement]}. {plain(each.note)}</p>"
            )
    elif filed:
        st.caption(f"Reviews of others: {len(filed)}; they show when you have filed yours.")
    with st.form(f"review {key}", border=True):
        judgement = st.radio(
            "Your verdict", list(LABELS), format_func=LABELS.__getitem__, horizontal=True,
            index=None,
        )  # fmt: skip
        one, other = st.columns([1, 2])
        reviewer = one.text_input("Your name", rater.known_rater(), max_chars=rater.LONGEST)
        note = other.text_input("Note", max_chars=4000)
        given = st.form_submit_button("File the review")
    if given and judgement is None:
        st.error("choose a verdict first")
    elif given and judgement is not None:
        try:
            store.file(run.key, Review(finding, reviewer, judgement, note))
        except InputError as error:
            st.error(common.bare(str(error)))
        else:
            st.session_state["reviewer"] = reviewer
            st.rerun()
    rater.remember()
