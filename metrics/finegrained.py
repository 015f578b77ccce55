"""Hallucination by kind: object, attribute and relation, counted over findings.

The kinds are those of the survey "Hallucination of Multimodal Large Language Models" (Bai et al.,
2024, arXiv 2404.18930). For each kind:

- hallucination rate: hallucinated / (hallucinated + supported) claims, lower is better. What the
  truth is silent on counts in neither. The object rate counts every mention, as CHAIRi does.
  Attributes have a rate for each family, too.
- unverifiable share: unverifiable / all claims.
- coverage: true things that a supported claim states / true things that the truth lists, higher is
  better; each counts once for a picture: a class, an attribute of a class ("cup, color, red"), a
  relation of two classes, from whichever side it is stated. Numbers of things are not listed.

All are from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from halluc import __version__
from halluc.answers.given import Given, picture_of
from halluc.bootstrap import count_pictures
from halluc.errors import InputError
from halluc.language.claims.lexicon import FAMILIES
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things, load_things
from halluc.language.claims.truths import in_words_of, not_understood
from halluc.language.claims.verdicts import LEAST_SURE, VERY_SURE, judge
from halluc.language.pipeline.card import pipeline_card
from halluc.records import Finding, Sample, Score, Truth
from halluc.work import Spread, Work, in_process
from metrics.finegrained_counts import KINDS, METRIC, Counts, compute, count_findings, frequent
from metrics.protocol import Keep, Measured, Metric, Result, Table, shares
from metrics.tables import figure, interval
from metrics.tasks import CAPTION

EDITION = "rates by kind of claim"
# Captions that are parsed at once, some 100 a second.
_SHARE = 256


class Finegrained(Metric, frozen=True, kw_only=True):
    """Hallucination rates by kind over captions of a run or a file.

    Attributes:
        vocabulary: file of things and the words for them, beside COCO's 80 classes.
        show: how many of the most frequent wrong claims are listed.
        strict: judge only claims whose reading is very sure; the others are unverifiable.
        eager: judge every claim, however unsure its reading.

    Raises:
        InputError: it is to be strict and eager.
    """

    name = METRIC
    title = "Hallucination rate by kind of claim"
    summary = "Rates of wrong objects, attributes and relations."
    paper = "arXiv:2404.18930"
    edition = EDITION
    task = CAPTION
    by_default = False
    spreads = True
    story = tuple(f"{kind} {what}" for kind in KINDS for what in ("hallucination rate", "coverage"))
    coverage = tuple(f"{kind} coverage" for kind in KINDS)
    hidden = frozenset(f"{family} hallucination rate" for family in FAMILIES)

    vocabulary: Annotated[
        Path | None,
        Meta(
            description="JSON of things and the words for them, beside COCO's 80 classes.",
            extra={"metavar": "FILE"},
        ),
    ] = None
    show: Annotated[
        int | None,
        Meta(
            ge=1,
            description="List the N most frequent wrong claims.",
            extra={"metavar": "N"},
        ),
    ] = None

    strict: Annotated[bool, Meta(description="Judge only claims whose reading is very sure.")] = (
        False
    )
    eager: Annotated[bool, Meta(description="Judge every claim, however unsure its reading.")] = (
        False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strict and self.eager:
            raise InputError("strict and eager exclude each other; give one of them")

    @property
    def least(self) -> float:
        """Claims whose reading is less sure are unverifiable."""
        return VERY_SURE if self.strict else 0.0 if self.eager else LEAST_SURE

    def applies(self, given: Given) -> bool:
        """On the embedded world, whose ground truth is complete, and where it was scored."""
        if given.run is None:
            return False
        data = given.run.card.get("data")
        on_tabletop = isinstance(data, dict) and str(data.get("name")).startswith("tabletop")
        return on_tabletop or METRIC in given.run.scores()

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures from the findings of all captions, or of the run where it holds the same."""
        things = load_things(self.vocabulary)
        truths = {each.id: in_words_of(things, each.truth or Truth()) for each in given.samples}
        settings = {**claims_card(things), "least sure": self.least}
        settings |= {"left out": given.left_out} if given.left_out else {}
        findings = _held(given, settings) if given.reuse or keep is None else None
        if findings is None:
            findings = []
            for result in spread(partial(_judging, things, self.least), shares(given, _SHARE)):
                findings += msgspec.json.decode(result, type=list[Finding])
        if keep is not None:
            keep([msgspec.json.Encoder().encode_lines(findings)])
        counts = count_findings(findings, truths)
        pictures = {each.id: picture_of(each) for each in given.samples}
        lines = [f"{often:5} x {what}" for what, often in frequent(findings)[: self.show or 0]]
        unread = not_understood(things, (each.truth for each in given.samples if each.truth))
        notes = {"not understood in the truth": unread} if unread else {}
        counted = [count_pictures(counts, pictures, compute)]
        return Measured(counted, settings, notes=notes, lines=lines)

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """The figures with their intervals and counts."""
        rows = [["figure", "×100", "95 %", "of"]]
        for score in scores:
            # A family that no caption speaks of is left out.
            if score.denominator or score.name.split()[0] in KINDS:
                part = f"{score.numerator:,}/{score.denominator:,}"
                rows.append([score.name, figure(score), interval(score), part])
        yield Table(rows)


def claims_card(things: Things) -> dict[str, Any]:
    """What decides which claims are read in a text: pipeline and vocabulary with their hashes."""
    return {
        "pipeline": pipeline_card(),
        "vocabulary": {"name": things.name, "sha256": things.sha256},
    }


def _held(given: Given, settings: Mapping[str, Any]) -> list[Finding] | None:
    """The findings that the run holds, if they were found in this way in the same answers."""
    run = given.run
    if run is None or METRIC not in run.scores():
        return None
    how = run.scores()[METRIC].get("how", {})
    if any(how.get(name) != value for name, value in settings.items()):
        return None
    texts = {each.id: each.text for each in run.responses}
    truths = {each.id: each.truth for each in run.samples}
    now = [(card["sha256"], card["rows"]) for card in given.files]
    then = [(card.get("sha256"), card.get("rows")) for card in how.get("answers", [])]
    own = how.get("truth", {})
    sure = (
        how.get("metric") == EDITION
        and how.get("versions", {}).get("halluc") == __version__
        and now == then
        and isinstance(own, dict)
        and own.get("sha256") == run.card.get("samples")
        and given.texts == texts
        and {each.id: each.truth for each in given.samples} == truths
    )
    return run.findings(METRIC) if sure else None


def _judging(things: Things, least: float) -> Work:
    def work(item: bytes) -> bytes:
        pairs = msgspec.json.decode(item, type=list[tuple[Sample, str]])
        texts = {sample.id: text for sample, text in pairs}
        truths = {sample.id: sample.truth or Truth() for sample, _ in pairs}
        return msgspec.json.encode(finegrained(texts, truths, things, least).findings)

    return work


def finegrained(
    captions: Mapping[str, str],
    truths: Mapping[str, Truth],
    things: Things,
    least: float = LEAST_SURE,
) -> Result[Counts]:
    """Score captions against what is true of their pictures.

    Args:
        captions: caption by id.
        truths: truth of each caption's picture, by the same id.
        things: the vocabulary.
        least: claims whose reading is less sure than this, from 0 to 1, are unverifiable.

    Raises:
        KeyError: a caption's id has no truth.
    """
    known = {id: in_words_of(things, truths[id]) for id in captions}
    claims = read_claims(captions.values(), things)
    findings = [
        finding
        for id, each in zip(captions, claims, strict=True)
        for finding in judge(id, each, known[id], METRIC, least)
    ]
    counts = count_findings(findings, known)
    return Result(compute(sum(counts.values(), Counts())), counts, findings)
