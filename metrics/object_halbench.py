"""Object HalBench: which share of the objects that a response says are there is not there?

Response-level is the share of responses with a wrong object among those that name one of COCO's
classes, mention-level the share of wrong ones among the objects (0..1, lower is better); coverage
is the share of true objects that are named (0..1, higher is better). Unlike CHAIR, an object counts
once a response, only where it is said to be there, and a response without one counts in nothing.
Source: Yu et al. 2024, "RLHF-V" (arXiv:2312.00849), and ``eval_gpt_obj_halbench.py`` of
https://github.com/RLHF-V/RLHF-V: a response of at most three words names nothing.

There gpt-3.5-turbo lists the objects. Here they are claims, or what a judge lists. Its 300 pictures
have no list here, so figures are "in the manner of": on any captions with COCO's ground truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from halluc.answers.given import Given, picture_of
from halluc.bootstrap import Gathered
from halluc.judges.object_halbench import prompt_of, read_listed
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things, coco_things
from halluc.language.claims.verdicts import LEAST_SURE
from halluc.language.words.offline import offline_words
from halluc.records import Claim, Finding, Sample, Score, Truth
from halluc.work import Spread, Work, in_process
from metrics.finegrained import claims_card
from metrics.judged import JudgedBy, read_replies
from metrics.protocol import Keep, Measured, Metric, drop, shares
from metrics.ratio import ratio
from metrics.tasks import CAPTION, Task

METRIC = "object-halbench"
UNCHECKED = "nothing says how far this judge is right about what texts name"
FEWEST_WORDS = 4
"""Shorter responses name nothing, as in the published script."""

_SHARE = 256

Named = Mapping[tuple[str, str], Claim]
"""Objects that a response names: class and word, with where it stands first."""


def objects_of(text: str, claims: Sequence[Claim]) -> Named:
    """The objects that a text says are there, each word once.

    Args:
        text: the response.
        claims: what it states, as `halluc.language.claims.reader.read_claims` gives it.
    """
    named: dict[tuple[str, str], Claim] = {}
    if len(text.split()) < FEWEST_WORDS:
        return named
    for each in claims:
        if each.kind == "object" and each.stance == "asserted" and each.sure >= LEAST_SURE:
            word = " ".join(offline_words(text[each.start : each.end]).forms)
            named.setdefault((each.subject, word), each)
    return named


def listed(text: str, reply: str, things: Things) -> Named:
    """The objects of COCO's classes that a judge lists for a text, each word once."""
    named: dict[tuple[str, str], Claim] = {}
    if len(text.split()) < FEWEST_WORDS:
        return named
    for item in read_listed(reply):
        words = offline_words(item).forms
        place = 0
        while place < len(words):
            found = things.at(words, place)
            if found and found.thing:
                word = " ".join(words[place : place + found.length])
                start = max(text.lower().find(word), 0)
                end = min(start + len(word), len(text))
                claim = Claim(kind="object", start=start, end=end, subject=found.thing)
                named.setdefault((found.thing, word), claim)
            place += found.length if found else 1
    return named


def update(named: Named, truth: Truth, things: Things) -> Counter[str]:
    """Counts of one response."""
    true = _classes(truth, things)
    wrong = sum(thing not in true for thing, _ in named)
    return Counter(
        {
            "responses": 1,
            "with objects": int(bool(named)),
            "hallucinated": int(wrong > 0),
            "objects": len(named),
            "wrong": wrong,
            "true": len(true),
            "covered": len(true & {thing for thing, _ in named}),
        }
    )


def compute(counts: Mapping[str, int]) -> list[Score]:
    """The figures of counts; a ratio of nothing is None."""
    n = Counter(counts)
    some = n["with objects"]
    return [
        ratio(METRIC, "response-level", n["hallucinated"], some, better="lower"),
        ratio(METRIC, "mention-level", n["wrong"], n["objects"], better="lower"),
        ratio(METRIC, "coverage", n["covered"], n["true"], better="higher"),
        ratio(METRIC, "responses with objects", some, n["responses"]),
    ]


class ObjectHalBench(Metric, frozen=True, kw_only=True):
    """Object HalBench over captions of a run or of files.

    Attributes:
        judged: run of a judge that listed the objects of each caption.
    """

    name = METRIC
    title = "Object HalBench"
    summary = "Share of responses, and of the objects named, that are wrong."
    paper = "arXiv:2312.00849"
    edition = "Object HalBench (arXiv:2312.00849) over claims"
    task = CAPTION
    judges = Task(
        f"{METRIC}-judge",
        "captions for a judge",
        lambda sample: bool(sample.prompt) and sample.image is None,
    )
    by_default = False
    spreads = True
    story = ("response-level", "mention-level", "coverage")
    coverage = ("coverage",)
    hidden = frozenset({"responses with objects"})

    judged: JudgedBy = None

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with what each picture adds to them; findings are the objects."""
        things, samples = coco_things(), given.samples
        settings: dict[str, Any] = {"left out": given.left_out} if given.left_out else {}
        named = _named(given, spread)
        warnings: list[str] = []
        if self.judged is not None:
            prompts = {id: prompt_of(text) for id, text in given.texts.items()}
            how = f"halluc generate --task {METRIC}-judge --data {METRIC}-judge:CAPTIONS"
            replies = read_replies(self.judged, prompts, how)
            own = named
            named = {id: listed(given.texts[id], replies[id], things) for id in own}
            settings["judge"] = f"{self.judged}; {_shared(own, named)}"
            warnings = [UNCHECKED]
        settings |= claims_card(things)
        gathered = Gathered[Counter[str]]()
        findings: list[Finding] = []
        for sample in samples:
            truth, mine = sample.truth or Truth(), named[sample.id]
            gathered.add(picture_of(sample), update(mine, truth, things))
            findings += _findings(sample.id, mine, truth, things)
        (keep or drop)([msgspec.json.Encoder().encode_lines(findings)])
        return Measured([gathered.counted(compute)], settings, warnings=warnings)


def _named(given: Given, spread: Spread) -> dict[str, Named]:
    named: dict[str, Named] = {}
    for share in spread(_reading, shares(given, _SHARE)):
        for id, found in msgspec.json.decode(share, type=list[tuple[str, list[tuple[str, Claim]]]]):
            named[id] = {(claim.subject, word): claim for word, claim in found}
    return named


def _reading() -> Work:
    def work(item: bytes) -> bytes:
        pairs = msgspec.json.decode(item, type=list[tuple[Sample, str]])
        read = read_claims(text for _, text in pairs)
        return msgspec.json.encode(
            [
                (sample.id, [(word, claim) for (_, word), claim in objects_of(text, each).items()])
                for (sample, text), each in zip(pairs, read, strict=True)
            ]
        )

    return work


def _shared(own: Mapping[str, Named], judged: Mapping[str, Named]) -> str:
    """How far a judge names what the claims name, in words."""
    classes = [
        ({thing for thing, _ in own[id]}, {thing for thing, _ in judged[id]}) for id in sorted(own)
    ]
    both = sum(len(one & other) for one, other in classes)
    some = sum(len(one | other) for one, other in classes)
    return f"of {some} classes that it or the claims name in a response, both name {both}"


def _findings(id: str, named: Named, truth: Truth, things: Things) -> list[Finding]:
    true = _classes(truth, things)
    there = "the truth has " + (", ".join(sorted(true)) or "no object")
    return [
        Finding(
            id=id,
            claim=claim,
            verdict="supported" if thing in true else "hallucinated",
            metric=METRIC,
            rule="in the truth" if thing in true else "not in the truth",
            evidence=thing if thing in true else there,
        )
        for (thing, _), claim in named.items()
    ]


def _classes(truth: Truth, things: Things) -> set[str]:
    return {thing for name in truth.names if (thing := things.class_of(name))}
