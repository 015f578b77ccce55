"""Counting of findings by kind, and the figures made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from halluc.language.claims.agreement import agree
from halluc.language.claims.lexicon import FAMILIES
from halluc.language.claims.verdicts import same_fact, values_of
from halluc.records import Claim, Finding, Kind, Score, Truth, Verdict
from metrics.ratio import ratio

KINDS: tuple[Kind, ...] = get_args(Kind)
METRIC = "finegrained"


@dataclass
class Counts:
    """What the metric counts; counts of two sets of captions add up.

    Attributes:
        by: claims by kind, and those on attributes by family again, and by verdict.
        known: true things by kind.
        covered: those of them that captions state.
    """

    by: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    known: Counter[Kind] = field(default_factory=Counter)
    covered: Counter[Kind] = field(default_factory=Counter)

    def update(self, findings: Iterable[Finding], truth: Truth) -> None:
        """Count the findings of one more caption, and what is true of its picture."""
        findings = list(findings)
        for each in findings:
            self.by[each.claim.kind, each.verdict] += 1
            if each.claim.kind == "attribute":
                self.by[each.claim.family, each.verdict] += 1
        stated = [
            each.claim
            for each in findings
            if each.verdict == "supported" and each.claim.stance == "asserted"
        ]
        objects = truth.names
        self.known["object"] += len(objects)
        self.covered["object"] += len(objects & {each.subject for each in stated})
        for name, family, value in _attributes(truth):
            self.known["attribute"] += 1
            self.covered["attribute"] += any(
                (each.subject, each.family) == (name, family) and agree(family, each.value, value)
                for each in stated
            )
        relations = {
            same_fact(
                truth.objects[each.subject].name, each.predicate, truth.objects[each.object].name
            )
            for each in truth.relations
        }
        told = {
            same_fact(each.subject, each.value, each.object)
            for each in stated
            if each.kind == "relation"
        }
        self.known["relation"] += len(relations)
        self.covered["relation"] += len(relations & told)

    def __add__(self, other: Counts) -> Counts:
        """Counts of both together."""
        return Counts(self.by + other.by, self.known + other.known, self.covered + other.covered)


def count_findings(findings: Iterable[Finding], truths: Mapping[str, Truth]) -> dict[str, Counts]:
    """Counts of each caption, by its id; without findings where it claims nothing.

    Args:
        findings: of all captions.
        truths: truth of each caption's picture in the vocabulary's words, by the caption's id.

    Raises:
        KeyError: a finding of another id.
    """
    found: dict[str, list[Finding]] = {id: [] for id in truths}
    for finding in findings:
        found[finding.id].append(finding)
    counts = {id: Counts() for id in truths}
    for id, some in found.items():
        counts[id].update(some, truths[id])
    return counts


def compute(counts: Counts) -> list[Score]:
    """The figures; a ratio of nothing is None."""
    scores = []
    for kind in KINDS:
        wrong, right, silent = _verdicts(counts, kind)
        known = counts.known[kind]
        scores += [
            ratio(METRIC, f"{kind} hallucination rate", wrong, wrong + right, better="lower"),
            ratio(METRIC, f"{kind} unverifiable share", silent, wrong + right + silent),
            ratio(METRIC, f"{kind} coverage", counts.covered[kind], known, better="higher"),
        ]
    for family in FAMILIES:
        wrong, right, _ = _verdicts(counts, family)
        scores.append(
            ratio(METRIC, f"{family} hallucination rate", wrong, wrong + right, better="lower")
        )
    return scores


def frequent(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    """Hallucinated claims in words ("cup: red", "cup left of fork") with how often, most first."""
    wrong = Counter(in_words(each.claim) for each in findings if each.verdict == "hallucinated")
    return wrong.most_common()


def in_words(claim: Claim) -> str:
    """A claim in words: "cup", "red cup", "cup left of fork"."""
    what = f"{claim.value} {claim.subject}" if claim.kind == "attribute" else claim.subject
    if claim.kind == "relation":
        what = f"{claim.subject} {claim.value} {claim.object}"
    return f"no {what}" if claim.stance == "denied" else what


def _attributes(truth: Truth) -> set[tuple[str, str, str]]:
    return {
        (each.name, family, value)
        for each in truth.objects
        for family in each.attributes
        for value in values_of(each, family)
    }


def _verdicts(counts: Counts, of: str) -> tuple[int, int, int]:
    wrong, right = counts.by[of, "hallucinated"], counts.by[of, "supported"]
    return wrong, right, counts.by[of, "unverifiable"]
