"""How well a model's own uncertainty finds what it hallucinates: `halluc analyse uncertainty`.

Each mention is labelled by CHAIR or by the claims, and suspected by the negative log-probability of
its tokens. Papers differ in what they take, and by more than ten points for it, so all three are
here: of the first token, the mean, the whole word (their sum).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from halluc.answers.captions import read_described
from halluc.answers.given import picture_of
from halluc.errors import InputError
from halluc.language.claims.things import Things
from halluc.language.words.offline import offline_words
from halluc.records import Finding, Record, Score, Truth
from metrics.chair import chair
from metrics.finegrained import finegrained
from mitigation.postcorrection.factors import tokens_of
from mitigation.postcorrection.quality import judge_suspicions, mean_risk, risk_at, risks

Labels = Literal["chair", "claims"]
Mentions = Literal["all", "first"]

METRIC = "uncertainty"
COVERAGE = 0.9
_PERCENTS = range(10, 101, 10)


class Suspected(Record, frozen=True):
    """A mention with the negative log-probabilities of its tokens.

    Attributes:
        id: of the caption.
        start, end: its characters in the text.
        subject: the object it is about.
        hallucinated: whether the label says so.
        first, mean, whole: of its first token, the mean and the sum over all of them; ≥ 0.
    """

    id: str
    start: int
    end: int
    subject: str
    hallucinated: bool
    first: float
    mean: float
    whole: float


@dataclass(frozen=True)
class Judged:
    """How well uncertainty separates hallucinated mentions from others.

    Attributes:
        mentions: that were judged.
        untold: mentions without log-probabilities, left out.
        scores: AUROC, average precision, risk at 90 % coverage and its mean over all coverages, by
            "first token", "mean" and "whole word".
        curves: for each of these the risk at coverages of 10, 20, … 100 percent.
        rate: share of hallucinated mentions: what chance has for average precision and
            for risk.
    """

    mentions: list[Suspected]
    untold: int
    scores: list[Score]
    curves: dict[str, list[float]]
    rate: Score


def judge_uncertainty(
    captions: str, truth: str | None, labels: Labels, which: Mentions, things: Things
) -> Judged:
    """Judge a run's log-probabilities by what is true of its pictures.

    Args:
        captions: a run.
        truth: what is true of the pictures; default: what the run says.
        labels: chair: COCO's objects, by CHAIR; claims: all claims that are decided.
        which: all mentions, or the first of each object of a caption.
        things: the vocabulary of claims.

    Raises:
        InputError: something cannot be read, or no mention with log-probabilities is decided.
    """
    said = read_described([captions], truth, offline_words)
    truths = {each.id: each.truth or Truth() for each in said.samples}
    if labels == "chair":
        findings: Sequence[Finding] = chair(said.texts, truths).findings
    else:
        findings = finegrained(said.texts, truths, things).findings
    tokens = said.tokens
    mentions, untold, seen = [], 0, set[tuple[str, str]]()
    for each in findings:
        claim = each.claim
        if each.verdict == "unverifiable":
            continue
        again = (each.id, claim.subject) in seen
        seen.add((each.id, claim.subject))
        if which == "first" and again:
            continue
        costs = [
            -token.logprob for token in tokens_of(claim.start, claim.end, tokens.get(each.id, ()))
        ]
        if not costs:
            untold += 1
            continue
        mentions.append(
            Suspected(
                id=each.id,
                start=claim.start,
                end=claim.end,
                subject=claim.subject,
                hallucinated=each.verdict == "hallucinated",
                first=costs[0],
                mean=fmean(costs),
                whole=sum(costs),
            )
        )
    if not mentions:
        what = "the captions come without log-probabilities, which runs of `halluc generate` have"
        what = what if untold else "no mention of an object whose presence is known"
        raise InputError(what, captions)
    return _judged(mentions, untold, {each.id: picture_of(each) for each in said.samples})


def _judged(mentions: list[Suspected], untold: int, pictures: dict[str, str]) -> Judged:
    import numpy as np

    ways = {
        "first token": [each.first for each in mentions],
        "mean": [each.mean for each in mentions],
        "whole word": [each.whole for each in mentions],
    }
    wrong = [each.hallucinated for each in mentions]
    scores = judge_suspicions(
        ways,
        wrong,
        [pictures[each.id] for each in mentions],
        more={f"risk at {COVERAGE:.0%} coverage": risk_at(COVERAGE), "mean risk": mean_risk},
        metric=METRIC,
    )
    curves = {}
    for name, values in ways.items():
        curve = risks(np.array(wrong), np.array(values))
        places = (max(-(-percent * len(curve) // 100), 1) - 1 for percent in _PERCENTS)
        curves[name] = [float(curve[place]) for place in places]
    rate = Score(
        metric=METRIC,
        name="hallucinated",
        value=fmean(wrong),
        numerator=sum(wrong),
        denominator=len(wrong),
        better="lower",
    )
    return Judged(mentions, untold, scores, curves, rate)


def document_of(judged: Judged) -> dict[str, Any]:
    """Everything, for a program."""
    return {
        "mentions": len(judged.mentions),
        "without log-probabilities": judged.untold,
        "scores": [judged.rate, *judged.scores],
        "risk by coverage": {"coverage": [each / 100 for each in _PERCENTS], **judged.curves},
    }
