"""Woodpecker: ask the MM-LLM about each claim of a caption, and mend those that it denies.

Key concepts → questions → visual validation → claims → correction, without training. Source: Yin et
al. 2023, "Woodpecker: Hallucination Correction for Multimodal Large Language Models"
(arXiv:2310.16045). There GPT-3.5 finds the concepts and rewrites, and a detector of objects and a
question answerer look at the picture. Here the concepts are the claims that `halluc.language`
reads, the MM-LLM's own short answers look at the picture, and the caption is mended by edits of
spans, so nothing else runs and what is not wrong stays byte for byte.

An object is asked for in three wordings ("Is there a cup in the image?"), by its number ("How many
cups are in the image?") and by a list of all objects. With p the mean of P(yes), of 1 − P(zero),
each among its short answers, and of whether it is on the list, the odds that it is absent are
(1 − p) / p. A detector (`mitigation.postcorrection.detector`) looks at how the caption came about,
which the answers do not know; its odds are multiplied by the root of theirs, since MM-LLMs are too
sure of what they answer. Looks are asked for openly ("What color is the cup?") and replaced where a
confident answer contradicts them; so are numbers from two on, and places ("above") where the
opposite is affirmed and they are not. In the place of the MM-LLM a detector of objects may look for
them (`halluc.mllm.boxes`), and an LLM may write the caption anew from what was found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from halluc.language.claims.agreement import agree, amount
from halluc.language.claims.lexicon import attribute_of
from halluc.language.claims.reader import claims_of
from halluc.language.claims.things import Things
from halluc.language.pipeline.parser import parse
from halluc.mllm import MLLM
from halluc.records import Claim, Response
from mitigation.postcorrection.detector import Detector, probability
from mitigation.postcorrection.edits import revise_text
from mitigation.postcorrection.factors import Occurrences, find_factors, first_mentions
from mitigation.postcorrection.looking import look_for_objects
from mitigation.postcorrection.questions import (
    COUNTS,
    PLACES,
    Caption,
    ask_for_looks,
    ask_for_objects,
    ask_for_places,
)
from mitigation.postcorrection.readable import unfit
from mitigation.postcorrection.revisions import Asked, Check, Revision
from mitigation.postcorrection.rewriting import rewrite
from mitigation.precorrection.mending import direction_at

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.boxes import BoxDetector

ANSWERS = 0.5
"""What the answers' log-odds count for beside a detector's."""

UNAIDED, WITH_DETECTOR = 0.48, 0.33
"""The thresholds without and with a detector, by which one true object in a hundred goes; chosen on
scenes 12,000 to 12,279 of the embedded world. MM-LLMs say yes too often, so less than even odds
tell enough."""

SURE_OF_PLACE = 0.75
"""A place is turned from this probability on: of the two ways round MM-LLMs affirm the wrong one
nearly as often."""

# Numbers count only where the model answers with one at all.
_ENOUGH = 0.5


@dataclass(frozen=True)
class Woodpecker:
    """How captions are looked over.

    Attributes:
        threshold: an object goes where the probability that it is absent is at least this, 0..1.
        sure: a look or number is replaced where the other answer's probability is at least this.
        detector: looks at the factors of each object, too; None: the answers alone count.
        known: what comes together, for the detector.
        validator: looks for objects in place of the MM-LLM's answers.
        rewriter: writes what is wrong anew; None: words are cut and replaced.
    """

    threshold: float = UNAIDED
    sure: float = 0.5
    detector: Detector | None = None
    known: Occurrences | None = None
    validator: BoxDetector | None = None
    rewriter: MLLM | None = None


def revise(
    responses: Sequence[Response],
    images: Sequence[Image],
    model: MLLM,
    things: Things,
    settings: Woodpecker,
) -> Iterator[Revision]:
    """Look over captions of one batch.

    Args:
        responses: the captions.
        images: their pictures.
        model: what is asked about the pictures.
        things: the vocabulary.
        settings: how.

    Yields:
        The revision of each, in order.

    Raises:
        ModelError: the model tells no probabilities of its answers, or cannot be run.
    """
    reasons = {each.id: unfit(each.text) for each in responses}
    docs = parse("" if reasons[each.id] else each.text for each in responses)
    captions = []
    for response, image, doc in zip(responses, images, docs, strict=True):
        caption = Caption(response, image, doc, claims_of(doc, things))
        if settings.known is not None:
            factors = find_factors(response.text, caption.claims, settings.known, response.tokens)
            caption.factors = first_mentions(factors)
        captions.append(caption)
    if settings.validator is None:
        ask_for_objects(captions, model, things)
    else:
        look_for_objects(captions, settings.validator)
    absent = {each.response.id: _absent(each, settings) for each in captions}
    ask_for_looks(captions, model, absent)
    ask_for_places(captions, model, absent)
    for caption in captions:
        id = caption.response.id
        if reasons[id]:
            yield Revision(id=id, original=caption.response.text, reason=reasons[id])
        else:
            yield _corrected(caption, things, settings, absent[id])


def usual_threshold(detector: Detector | None) -> float:
    """The threshold where none is given."""
    return UNAIDED if detector is None else WITH_DETECTOR


def _absent(caption: Caption, settings: Woodpecker) -> dict[str, float]:
    """Classes that are taken for absent, with the probability that they are."""
    chances = {name: _wrong(caption, name, settings) for name in caption.objects}
    return {name: p for name, p in chances.items() if p >= settings.threshold}


def _wrong(caption: Caption, name: str, settings: Woodpecker) -> float:
    """The probability that an object is absent."""
    least = 1e-4
    present = [fmean(_yes(each, least) for each in caption.yes[name])]
    counts = caption.counts[name].answers
    if (told := sum(counts.values())) >= _ENOUGH:
        present.append(1 - counts.get("zero", 0.0) / told)
    if caption.listed:
        present.append(float(name in caption.listed))
    p = min(max(sum(present) / len(present), least), 1 - least)
    odds = math.log((1 - p) / p)
    if settings.detector is not None and name in caption.factors:
        odds = settings.detector.log_odds(caption.factors[name]) + ANSWERS * odds
    return probability(odds)


def _yes(asked: Asked, least: float) -> float:
    """P(yes) among yes and no."""
    return asked.answers["yes"] / max(sum(asked.answers.values()), least)


def _corrected(
    caption: Caption, things: Things, settings: Woodpecker, absent: Mapping[str, float]
) -> Revision:
    checks = []
    for name in caption.objects:
        asked = [*caption.yes[name], caption.counts[name]]
        asked += [caption.listing] if caption.listing else []
        checks.append(
            Check(
                kind="object",
                subject=name,
                asked=tuple(asked),
                factors=caption.factors.get(name),
                wrong=_wrong(caption, name, settings),
                instead="" if name in absent else None,
            )
        )
    instead = {}
    for claim in caption.claims:
        if claim.subject in absent or claim.stance != "asserted":
            continue
        place: tuple[int, int] | None = (claim.start, claim.end)
        why = f"{claim.subject}: {claim.family} {claim.value}"
        if claim.kind == "attribute":
            check = _number(claim, caption, settings.sure) or _look(claim, caption, settings.sure)
        else:
            check = _place(claim, caption, settings.sure)
            place = direction_at(caption.response.text, claim.start)
            why = f"{claim.subject} {claim.value} {claim.object}"
        if check is not None:
            checks.append(check)
            if check.instead and place is not None:
                instead[place] = check.instead, why
    if settings.rewriter is None:
        edits = revise_text(caption.doc, things, caption.claims, frozenset(absent), instead)
        left = "nothing would be left" if absent or instead else "nothing is suspect"
        reason = "" if edits else left
    else:
        text = caption.response.text
        edits, reason = rewrite(caption.response.id, text, checks, settings.rewriter)
    return Revision(
        id=caption.response.id,
        original=caption.response.text,
        edits=edits,
        checks=tuple(checks),
        reason=reason,
    )


def _number(claim: Claim, caption: Caption, sure: float) -> Check | None:
    """What the model says to a number of things; "one" is left to the question for existence."""
    stated = amount(claim.value) if claim.family == "count" else None
    if stated is None or claim.subject not in caption.counts:
        return None
    counts = caption.counts[claim.subject].answers
    told = sum(counts.values())
    best = max(counts, key=lambda each: counts[each]) if counts else ""
    instead = None
    if told >= _ENOUGH and counts[best] >= sure and stated.low >= 2:
        number = COUNTS.index(best)
        if number >= 2 and stated.holds(number) is False:
            instead = best
    wrong = None
    if told >= _ENOUGH:
        right = sum(p for n, p in counts.items() if stated.holds(COUNTS.index(n)) is not False)
        wrong = 1 - right / told
    return Check(
        kind="attribute",
        subject=claim.subject,
        family="count",
        value=claim.value,
        asked=(caption.counts[claim.subject],),
        wrong=wrong,
        instead=instead,
    )


def _look(claim: Claim, caption: Caption, sure: float) -> Check | None:
    """What the model says to a look."""
    asked = caption.looks.get((claim.subject, claim.family))
    if asked is None:
        return None
    words = re.findall(r"[a-z-]+", asked.text.lower())
    found = [pair[1] for word in words if (pair := attribute_of(word)) and pair[0] == claim.family]
    instead, wrong = None, None
    if found and asked.confidence is not None:
        holds = agree(claim.family, claim.value, found[0])
        if holds is False:
            wrong = asked.confidence
            instead = found[0] if asked.confidence >= sure else None
        elif holds:
            wrong = 1 - asked.confidence
    return Check(
        kind="attribute",
        subject=claim.subject,
        family=claim.family,
        value=claim.value,
        asked=(asked,),
        wrong=wrong,
        instead=instead,
    )


def _place(claim: Claim, caption: Caption, sure: float) -> Check | None:
    """What the model says to a place; another one is said if it is affirmed and this one is not."""
    here = caption.places.get((claim.subject, claim.value, claim.object))
    if claim.kind != "relation" or here is None:
        return None
    opposite = PLACES[claim.value][1]
    there = caption.places[claim.subject, opposite, claim.object]
    holds, turned = _yes(here, 1e-4), _yes(there, 1e-4)
    return Check(
        kind="relation",
        subject=claim.subject,
        value=claim.value,
        object=claim.object,
        asked=(here, there),
        wrong=1 - holds,
        instead=PLACES[opposite][0] if min(1 - holds, turned) >= max(sure, SURE_OF_PLACE) else None,
    )
