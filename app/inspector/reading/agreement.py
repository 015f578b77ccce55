"""Reviews taken back into the numbers: corrected findings and figures, agreement of reviewers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from msgspec.structs import replace

from app.inspector.reading.columns import Columns
from halluc.records import Finding, Kind, Verdict
from halluc.reviews import Judgement, Review, claim_key, decided

_OPPOSITE: dict[str, Verdict] = {"supported": "hallucinated", "hallucinated": "supported"}


def corrected_verdict(verdict: Verdict, judgement: Judgement) -> Verdict:
    """The verdict after a review.

    Where the truth is wrong it turns round; where the rule is wrong, the claim counts nowhere.

    >>> corrected_verdict("hallucinated", "truth wrong"), corrected_verdict("supported", "right")
    ('supported', 'supported')
    """
    if judgement == "truth wrong":
        return _OPPOSITE.get(verdict, verdict)
    return "unverifiable" if judgement == "rule wrong" else verdict


def corrected(findings: Iterable[Finding], reviews: Sequence[Review]) -> Iterator[Finding]:
    """Findings with their corrected verdicts; the rule of one that changed tells so.

    After them come the errors that the metric missed, as reviewers marked them.
    """
    judged = decided(reviews)
    for each in findings:
        judgement = judged.get(claim_key(each))
        verdict = corrected_verdict(each.verdict, judgement) if judgement else each.verdict
        if verdict == each.verdict:
            yield each
        else:
            yield replace(each, verdict=verdict, rule=f"review: {judgement} (was: {each.rule})")
    yield from {
        claim_key(each.finding): each.finding for each in reviews if each.judgement == "missed"
    }.values()


@dataclass(frozen=True)
class Figure:
    """A figure as published, and after the reviews; None is undefined."""

    name: str
    published: float | None
    corrected: float | None
    wrong: int
    of: int
    corrected_wrong: int
    corrected_of: int


def figures(run: Columns, metric: str, reviews: Sequence[Review]) -> list[Figure]:
    """Hallucination rates by kind, and the share of answers with a wrong claim.

    Of CHAIR's findings these are CHAIRi and CHAIRs.

    Args:
        run: the run.
        metric: whose findings count.
        reviews: of this run; those of another metric's findings do not count.
    """
    table = run.findings[run.findings["metric"] == metric]
    verdicts = table["verdict"].astype(str)
    after = verdicts.copy()
    judged = decided(reviews)
    for id in {each.finding.id for each in reviews if each.finding.metric == metric}:
        if id not in run.places:
            continue
        for row, finding in run.findings_of(run.places[id], metric):
            if judgement := judged.get(claim_key(finding)):
                after[row] = corrected_verdict(finding.verdict, judgement)
    found = []
    for kind in kinds_in(table):
        before, since = (
            _rate(each[(table["kind"] == kind).to_numpy()]) for each in (verdicts, after)
        )
        found.append(_figure(figure_name(metric, kind), before, since))
    answers = len(run.answers)
    wrong = [table["row"][each == "hallucinated"].nunique() for each in (verdicts, after)]
    name = "CHAIRs" if metric == "chair" else "answers with a wrong claim"
    return [*found, _figure(name, (wrong[0], answers), (wrong[1], answers))]


def figure_name(metric: str, group: str) -> str:
    """What the rate of a kind, or of all, is called; without a metric that of a split's answers."""
    if not metric:
        return f"wrong answers, {group}"
    if group == "all":
        return "hallucination rate, all kinds"
    return "CHAIRi" if metric == "chair" else f"{group} hallucination rate"


def kinds_in(findings: pd.DataFrame) -> list[Kind]:
    """The kinds that findings are of, in the survey's order."""
    known = set(findings["kind"].unique())
    kinds: tuple[Kind, ...] = ("object", "attribute", "relation")
    return [each for each in kinds if each in known]


def _rate(verdicts: pd.Series) -> tuple[int, int]:
    wrong = int(np.sum(verdicts == "hallucinated"))
    return wrong, wrong + int(np.sum(verdicts == "supported"))


def _figure(name: str, before: tuple[int, int], since: tuple[int, int]) -> Figure:
    first, second = (part / whole if whole else None for part, whole in (before, since))
    return Figure(name, first, second, *before, *since)


@dataclass(frozen=True)
class Agreement:
    """How far reviewers agree, on the findings that at least two of them reviewed.

    Attributes:
        kappas: Cohen's κ of two reviewers, with the findings that both reviewed.
        alpha: Krippendorff's α of all, nominal.
        findings: that at least two reviewed.
    """

    kappas: list[tuple[str, str, float | None, int]]
    alpha: float | None
    findings: int


def agreement(reviews: Iterable[Review]) -> Agreement:
    """Agreement of reviewers; None where it is undefined, as where all say the same one thing.

    Errors that the metric missed are no answers to a question, so they do not count.

    κ: Cohen 1960; α: Krippendorff 1980; both as NLTK computes them.
    """
    from nltk.metrics.agreement import AnnotationTask

    said: dict[str, dict[str, str]] = defaultdict(dict)
    for each in reviews:
        if each.judgement != "missed":
            said[claim_key(each.finding)][each.reviewer] = each.judgement
    shared = {key: by for key, by in said.items() if len(by) > 1}

    def value(data: list[tuple[str, str, str]], pair: tuple[str, str] | None) -> float | None:
        if len({label for _, _, label in data}) < 2:
            return None
        task = AnnotationTask(data=data)
        try:
            return float(task.alpha() if pair is None else task.kappa_pairwise(*pair))
        except ZeroDivisionError:
            return None

    kappas = []
    for one, other in combinations(sorted({name for by in shared.values() for name in by}), 2):
        both = {key: by for key, by in shared.items() if one in by and other in by}
        if both:
            data = [(name, key, by[name]) for key, by in both.items() for name in (one, other)]
            kappas.append((one, other, value(data, (one, other)), len(both)))
    every = [(name, key, label) for key, by in shared.items() for name, label in by.items()]
    return Agreement(kappas, value(every, None), len(shared))
