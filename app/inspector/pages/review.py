"""Review: what people said of findings, figures with it, how far they agree, and the export."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import streamlit as st

from app.inspector.drawing.marks import claim_words
from app.inspector.pages import common
from app.inspector.reading import agreement
from app.inspector.reading.columns import Columns
from app.inspector.reading.pair_export import zipped_pairs
from app.inspector.reading.reviewed import Reviewed, summed
from app.inspector.reading.view import View
from app.inspector.settings import read_settings
from halluc.reviews import Review


def render() -> None:
    """The page."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name, run = common.chosen_run()
        metric = common.findings_of(run) if run.metrics else ""
    if not metric and "label" not in run.answers:
        st.info("Reviews are of findings, and this run has none: halluc score finegrained RUN")
        return
    filed = common.reviews().of_run(run.key)
    told = summed(common.claims_of(run, View(metric=metric)), filed)
    _figures(run, metric, filed, told)
    _agreement(told)
    _rules(told)
    plural = "" if len(filed) == 1 else "s"
    common.heading(f"{len(filed)} review{plural}")
    if not filed:
        st.info("None yet: judge claims on the page Judge, or a finding of one sample.")
        return
    _table(name, filed)
    if metric:
        st.download_button(
            "Export the corrected findings", lambda: export(run, metric, filed),
            "findings.jsonl", "application/jsonl",
        )  # fmt: skip
        _pairs(name, run)


def _figures(run: Columns, metric: str, filed: list[Review], told: Reviewed) -> None:
    """Published figures, with the reviews put in, and as the reviews correct them."""
    common.heading("Published and corrected")
    rates = {agreement.figure_name(metric, each.name): each for each in told.corrections.rates}
    counted = {each.name: each for each in agreement.figures(run, metric, filed) if metric}
    rows = []
    for name in dict.fromkeys([*counted, *rates]):
        row: dict[str, Any] = {"figure": name}
        if each := counted.get(name):
            row |= {
                "published": _share(each.published), "of": f"{each.wrong:,} of {each.of:,}",
                "corrected": _share(each.corrected),
                "of ": f"{each.corrected_wrong:,} of {each.corrected_of:,}",
            }  # fmt: skip
        if rate := rates.get(name):
            interval = ""
            if rate.low is not None and rate.high is not None:
                interval = f"{rate.low:.1%} to {rate.high:.1%}"
            row |= {
                "published": _share(rate.published), "of claims": f"{rate.of:,}",
                "estimated": _share(rate.corrected), "95 %": interval,
                "from judged": f"{rate.judged:,}",
            }  # fmt: skip
        rows.append(row)
    table = pd.DataFrame(rows).drop(columns="of claims" if metric else []).fillna("")
    st.dataframe(table, hide_index=True)
    st.caption(
        "Corrected: the reviewed findings alone are changed; most reviewers of a finding decide; "
        "where they are divided it stays. A wrong ground truth turns the verdict round, a wrong "
        "rule takes the claim out of the count. Estimated: of all claims, from those that were "
        "judged in a random order on the page Judge."
    )
    if told.corrections.missed:
        st.text(
            f"{told.corrections.missed} errors that the metric missed, on "
            f"{told.corrections.read} answers read"
        )


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.1%}"


def _agreement(told: Reviewed) -> None:
    """Cohen's κ and Krippendorff's α, where several people reviewed the same findings."""
    if not told.shared and not told.gold:
        return
    common.heading("Agreement of reviewers")
    one, other = st.columns([1, 3])
    alpha = "undefined" if told.alpha is None else f"{told.alpha:.3f}"
    one.metric("Krippendorff's α", alpha, border=True, help=f"{told.shared} findings")
    rows = [
        {
            "reviewer": a, "and": b, "findings": number,
            "Cohen's κ": "undefined" if kappa is None else f"{kappa:.3f}",
        }
        for a, b, kappa, number in told.kappas
    ]  # fmt: skip
    if rows:
        other.dataframe(pd.DataFrame(rows), hide_index=True)
    for name, (right, of) in told.gold.items():
        other.text(f"{name} gave {right} of {of} known answers")


def _rules(told: Reviewed) -> None:
    """Which rule decides wrongly how often."""
    head, *rows = told.rule_rows()
    if rows:
        common.heading("What each rule costs")
        st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True)


def _table(name: str, filed: list[Review]) -> None:
    """The reviews; one that is chosen opens its sample."""
    rows = [
        {
            "sample": each.finding.id, "claim": claim_words(each.finding.claim),
            "verdict": each.finding.verdict, "review": each.judgement,
            "reviewer": each.reviewer, "note": each.note, "at": each.at,
        }
        for each in filed
    ]  # fmt: skip
    event = st.dataframe(
        pd.DataFrame(rows), hide_index=True, on_select="rerun", selection_mode="single-row",
        key="reviews filed",
    )  # fmt: skip
    if picked := event["selection"]["rows"]:
        common.go("samples", View(), name, sample=filed[picked[0]].finding.id)


def _pairs(name: str, run: Columns) -> None:
    """Preference pairs from the reviewed findings, as `halluc data pairs` makes them."""
    common.heading("Preference pairs")
    st.caption(
        "For `halluc train dpo`. What most say the truth or the rule is wrong about counts in no "
        "pair. The same from several runs, with pairs of their answers to a picture: "
        "`halluc data pairs RUN RUN --reviews DATABASE -o FOLDER`"
    )
    if st.button("Make preference pairs"):
        settings = read_settings()
        with st.spinner("Making pairs …"):
            st.session_state[f"pairs {name}"] = zipped_pairs(
                run.path, settings.reviews, settings.images
            )
    if made := st.session_state.get(f"pairs {name}"):
        content, told = made
        st.code(told, language=None)
        st.download_button(
            "Download the pairs", content, "pairs.zip", "application/zip", on_click="ignore"
        )


def export(run: Columns, metric: str, filed: list[Review]) -> bytes:
    """The findings of a metric with corrected verdicts, as in findings.jsonl."""
    findings = (each for row in range(len(run.answers)) for _, each in run.findings_of(row, metric))
    encode = msgspec.json.Encoder().encode
    return b"".join(encode(each) + b"\n" for each in agreement.corrected(findings, filed))
