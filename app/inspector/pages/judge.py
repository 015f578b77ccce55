"""Judge: claims one after the other, one key each, blind until they are judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import streamlit as st

from app.inspector.drawing import judging, pictures
from app.inspector.pages import common, rater
from app.inspector.reading.agreement import agreement
from app.inspector.reading.columns import Columns
from app.inspector.reading.corrections import (
    Queue,
    Rate,
    corrections,
    held_to_gold,
    queue,
)
from app.inspector.reading.population import ORDERS, Order, Population
from app.inspector.reading.reviewed import raters
from app.inspector.reading.view import ALLOWED
from halluc.reviews import Review, claim_key, person

AHEAD = 24
"""Claims that the browser has before they are needed."""
SIZES = ("20", "50", "100", "200", "500", "all")
STOPS = ("", "2", "3", "5", "10")
_NAMES = {
    "random": "random", "stratified": "random, by kind and object",
    "uncertain": "most uncertain first", "all": "all, as they come",
}  # fmt: skip


def render() -> None:
    """The page."""
    name, run = common.chosen_run()
    view = common.current_view()
    asked = _head(name, run)
    claims = common.claims_of(run, view)
    if filters := {k: v for k, v in view.query().items() if k not in ("metric", "kind")}:
        st.text("Only " + ", ".join(f"{each} {filters[each]}" for each in filters))
        if st.button("Clear the filters"):
            for each in filters:
                st.query_params.pop(each, None)
            st.rerun()
    if not len(claims):
        st.info("Nothing that passes these filters has a verdict to be judged.")
    elif not asked.reviewer:
        st.info("Say who you are, and the first claim comes.")
    else:
        _work(claims, asked)


class Asked(NamedTuple):
    """Who judges what: the order, how many (0: all), and when it is enough (0: never)."""

    reviewer: str
    how: Order
    number: int
    stop: float


def _head(name: str, run: Columns) -> Asked:
    """Who judges, and what: the queue stands in the link, so a link hands it over."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if "rater" not in st.session_state:
            st.session_state["rater"] = rater.known_rater()
        reviewer = st.text_input(
            "Your name", key="rater", max_chars=rater.LONGEST, width=220
        ).strip()
        given = st.query_params.get("queue", "")
        how: Order = next((each for each in ORDERS if each == given), "stratified")
        with st.popover(f"Queue: {_NAMES[how]}"):
            asked = _queue(run, reviewer, how)
        _hand_over(name)
    st.session_state["reviewer"] = reviewer
    rater.remember()
    return asked


def _queue(run: Columns, reviewer: str, how: Order) -> Asked:
    """What is judged, and until when."""
    common.bound(
        st.selectbox, "Order", "queue", list(ORDERS), fallback=how,
        format_func=_NAMES.__getitem__,
        help="Both random orders give corrected rates. They are the same for everybody.",
    )  # fmt: skip
    given = st.query_params.get("number", "")
    sizes = (
        [*SIZES, given]
        if given.isdecimal() and len(given) < 7 and given not in SIZES
        else list(SIZES)
    )
    number = common.bound(st.selectbox, "Number", "number", sizes, fallback="50")
    if run.metrics:
        common.bound(st.selectbox, "Kind", "kind", ["", *ALLOWED["kind"]])
    until = common.bound(
        st.selectbox, "Stop at ± points", "stop", list(STOPS),
        format_func=lambda each: f"± {each}" if each else "never",
        help="Stop when the interval of the corrected rate is as narrow as this.",
    )  # fmt: skip
    return Asked(reviewer, how, 0 if number == "all" else int(number), float(until or 0))


def _desk() -> Any:
    css = Path(judging.__file__).with_name("judge.css").read_text(encoding="utf-8")
    return common.component("judge", css=css, isolate_styles=False)


@st.fragment
def _work(claims: Population, asked: Asked) -> None:
    """File what came from the browser, and give it what comes next."""
    store, key, reviewer = common.reviews(), claims.run.key, asked.reviewer
    desk = f"judge {key} {claims.metric} {person(reviewer)}"
    sent = st.session_state.get(desk) or {}
    message = sent.get("sent") or {}
    pending = [each for each in message.get("pending", ()) if isinstance(each, Mapping)]
    done = st.session_state.get(f"{desk} done", 0)
    judged = []
    for each in pending:
        if each.get("seq", 0) > done:
            judged += _file(claims, reviewer, each)
            done = each["seq"]
    st.session_state[f"{desk} done"] = done
    filed = [each for each in store.of_run(key) if each.finding.metric == claims.metric]
    line = queue(claims, filed, reviewer, asked.how, asked.number)
    have = set(message.get("have", ()))
    _desk()(
        key=desk,
        data={
            "desk": desk, "acknowledged": done, "total": len(line.places),
            "done": len(line.places) - len(line.left), "left": len(line.left),
            **_ahead(claims, line.left[:AHEAD], have), "told": _told(filed, judged, reviewer),
        },
        on_sent_change=lambda: None,
    )  # fmt: skip
    _figures(claims, filed, line, asked.stop)


def _file(claims: Population, reviewer: str, step: Mapping[str, Any]) -> list[str]:
    """Do what a person did in the browser; the key of the finding that they judged."""
    store, run = common.reviews(), claims.run
    id, key, what = str(step.get("id")), str(step.get("key")), step.get("do")
    place = claims.place_of(id, key)
    if place is None:
        return []
    if what in ("miss", "unmiss"):
        own = judging.missed(run.response(int(claims.rows[place])), claims.metric, step)
        if own and what == "miss":
            store.file(run.key, Review(own, reviewer, "missed"))
        elif own:
            store.withdraw(run.key, own, reviewer)
        return []
    finding = claims.finding(place)
    if what == "judge":
        judgement = judging.judgement_of(finding, str(step.get("verdict")))
        store.file(run.key, Review(finding, reviewer, judgement))
        return [key]
    store.withdraw(run.key, finding, reviewer)
    return []


def _ahead(claims: Population, places: Iterable[int], have: set[str]) -> dict[str, Any]:
    """The next claims, and those of them in full that the browser has not."""
    line, items = [], []
    for place in places:
        finding = claims.finding(place)
        key = claim_key(finding)
        line.append(key)
        if key not in have:
            row = int(claims.rows[place])
            sample, response = claims.run.sample(row), claims.run.response(row)
            picture = common.picture(claims.run, sample, pictures.LARGE)
            answers = bool(claims.at[place] < 0)
            items.append(judging.item(key, sample, response, finding, picture, answers=answers))
    return {"line": line, "items": items}


def _told(filed: Sequence[Review], keys: Sequence[str], reviewer: str) -> dict[str, str]:
    """What the metric and others say of what was judged just now."""
    told: dict[str, list[str]] = {key: [] for key in keys}
    for each in filed if keys else ():
        if (key := claim_key(each.finding)) in told:
            finding = each.finding
            if person(each.reviewer) == person(reviewer):
                told[key].insert(0, f"the metric: {finding.verdict} ({finding.rule})")
            else:
                told[key].append(f"{each.reviewer}: {each.judgement}")
    return {key: " · ".join(words) for key, words in told.items()}


def _figures(claims: Population, filed: Sequence[Review], line: Queue, stop: float) -> None:
    """The rates so far, whether it is enough, and how far reviewers agree."""
    found = corrections(claims, filed)
    with st.container(horizontal=True):
        for each in found.rates:
            _metric(each)
        told = agreement(raters(filed))
        if told.findings:
            alpha = "undefined" if told.alpha is None else f"{told.alpha:.3f}"
            st.metric("Krippendorff's α", alpha, f"{told.findings} claims", delta_color="off",
                      delta_arrow="off", border=True, width=170)  # fmt: skip
    notes = [
        f"κ of {one} and {other} {kappa:.3f} on {number}"
        for one, other, kappa, number in told.kappas
        if kappa is not None
    ]
    for name, (right, of) in held_to_gold(filed).items():
        notes.append(f"{name} gave {right} of {of} known answers")
    if found.missed:
        notes.append(f"{found.missed} missed errors on {found.read} answers read")
    if notes:
        st.text("; ".join(notes))
    if stop and found.rates:
        _enough(found.rates[-1], stop)
    if not line.left:
        st.success("Everything in this queue is judged; the page Review has the figures.")


def _metric(rate: Rate) -> None:
    low, high = rate.low, rate.high
    known = rate.corrected is not None and low is not None and high is not None
    value = f"{rate.corrected:.1%}" if known else "too few"
    below = f"{low:.1%} to {high:.1%}" if known else f"{rate.judged} judged"
    st.metric(
        f"{common.bare(rate.name)}, corrected", value, below, delta_color="off",
        delta_arrow="off", border=True, width=170,
        help=f"published {rate.published:.1%} of {rate.of:,}; {rate.judged} of a random sample "
        "judged; below its 95 % interval",
    )  # fmt: skip


def _enough(rate: Rate, stop: float) -> None:
    """Whether the interval is as narrow as was wanted, or about how many are left."""
    if rate.low is None or rate.high is None:
        return
    half = 50 * (rate.high - rate.low)
    if half <= stop:
        st.success(f"Enough: the interval is ± {half:.1f} points.")
    else:
        more = max(1, round(rate.judged * ((half / stop) ** 2 - 1)))
        st.text(f"The interval is ± {half:.1f} points; about {more:,} more for ± {stop:g}.")


def _hand_over(name: str) -> None:
    """The link that gives somebody else the same queue; a name is not in it."""
    query = {"run": name, **{k: v for k, v in st.query_params.items() if k != "sample"}}
    with st.popover("Hand over"):
        st.caption("Whoever opens this link has the same queue under their own name.")
        st.code(f"{st.context.url}?{urlencode(query)}", language=None)
