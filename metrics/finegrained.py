"""Hallucination rates by kind: object, attribute and relation, counted over findings.

The kinds are those of the survey "Hallucination of Multimodal Large Language Models" (Bai et al.,
2024, arXiv 2404.18930). A rate is hallucinated / (hallucinated + supported) claims of a kind; what
the truth is silent on counts in neither, and its share is told beside it. Lower is better, from 0
to 1. The object rate counts every mention, as CHAIRi does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from halluc.records import Finding, Kind, Score, Truth, Verdict
from halluc.tabletop.reader import read_claims
from halluc.verdicts import judge

KINDS: tuple[Kind, ...] = get_args(Kind)
EDITION = "rates by kind of claim"


@dataclass
class Counts:
    """How often each kind met each verdict; counts of two sets of findings add up."""

    by: Counter[tuple[Kind, Verdict]] = field(default_factory=Counter)

    def update(self, findings: Iterable[Finding]) -> None:
        """Count more findings."""
        self.by.update((finding.claim.kind, finding.verdict) for finding in findings)

    def __add__(self, other: Counts) -> Counts:
        """Counts of both together."""
        return Counts(self.by + other.by)


def compute(counts: Counts) -> list[Score]:
    """Rate of hallucination and share of unverifiable claims, for each kind."""
    scores = []
    for kind in KINDS:
        wrong, right = counts.by[kind, "hallucinated"], counts.by[kind, "supported"]
        silent = counts.by[kind, "unverifiable"]
        scores.append(_ratio(f"{kind} hallucination rate", wrong, wrong + right))
        scores.append(_ratio(f"{kind} unverifiable share", silent, wrong + right + silent))
    return scores


def finegrained(findings: Iterable[Finding]) -> list[Score]:
    """Fine-grained scores of findings."""
    counts = Counts()
    counts.update(findings)
    return compute(counts)


def count_findings(ids: Iterable[str], findings: Iterable[Finding]) -> dict[str, Counts]:
    """Counts of each response, by its id; zero where a response claims nothing.

    Raises:
        KeyError: a finding of another id.
    """
    counts = {id: Counts() for id in ids}
    for finding in findings:
        counts[finding.id].update([finding])
    return counts


def tabletop_findings(texts: Mapping[str, str], truths: Mapping[str, Truth]) -> list[Finding]:
    """Findings of captions that are written in the embedded world's own sentence forms.

    Args:
        texts: caption by id.
        truths: what is true of each caption's picture, by the same id.

    Raises:
        KeyError: a caption's id has no truth.
    """
    return [
        finding
        for id, text in texts.items()
        for finding in judge(id, read_claims(text), truths[id], "finegrained")
    ]


def _ratio(name: str, numerator: int, denominator: int) -> Score:
    return Score(
        metric="finegrained",
        name=name,
        value=numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
        better="lower" if name.endswith("rate") else "",
    )
