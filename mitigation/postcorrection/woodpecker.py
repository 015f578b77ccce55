"""Woodpecker: ask the MM-LLM about each claim of a caption, and correct those that it denies.

Key concepts → questions → visual validation → claims → correction, without training. Source: Yin et
al. 2023, "Woodpecker: Hallucination Correction for Multimodal Large Language Models"
(arXiv:2310.16045). There GPT-3.5 finds the concepts and rewrites, and a detector of objects and a
question answerer look at the picture. Here the concepts are the claims that `halluc.language`
reads, the MM-LLM's own short answers look at the picture, and the caption is corrected by edits of
spans, so nothing else runs and what is not wrong stays byte for byte.

An object is asked for in three wordings ("Is there a cup in the image?"), by its number ("How many
cups are in the image?") and by a list of all objects. With p the mean of P(yes), of 1 − P(zero),
each among its short answers, and of whether it is on the list, the odds that it is absent are
(1 − p) / p. A detector (`mitigation.postcorrection.detector`) looks at how the caption came about,
which the answers do not know; its odds are multiplied by the root of theirs, since MM-LLMs are too
sure of what they answer. Attributes are asked for openly ("What color is the cup?") and replaced
where a confident answer contradicts them; so are numbers from two on, and relations ("above") where
the opposite is affirmed and they are not. In the place of the MM-LLM a detector of objects may
look for them (`halluc.mllm.boxes`), and an LLM may rewrite the caption from what was found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from halluc.errors import InputError
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things
from halluc.language.pipeline.parser import parse
from halluc.mllm import MLLM, load_detector, load_model
from halluc.records import Response
from halluc.runs import Run
from mitigation.postcorrection.checks import (
    ENOUGH,
    check_attribute,
    check_number,
    check_relation,
    yes_share,
)
from mitigation.postcorrection.detector import Detector, named_detector, probability
from mitigation.postcorrection.edits import phrases_of, revise_text
from mitigation.postcorrection.factors import Occurrences, find_factors, first_mentions
from mitigation.postcorrection.marks import Mark, mark
from mitigation.postcorrection.occurrences import Statistics, read_occurrences
from mitigation.postcorrection.protocol import Prepared, Reviser, model_of
from mitigation.postcorrection.questions import (
    Caption,
    ask_about_attributes,
    ask_about_objects,
    ask_about_relations,
)
from mitigation.postcorrection.readable import unfit
from mitigation.postcorrection.revisions import Check, Revision
from mitigation.postcorrection.rewriting import rewrite
from mitigation.postcorrection.validation import detect_objects
from mitigation.precorrection.correcting import direction_at

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.boxes import BoxDetector

ANSWERS = 0.5
"""What the answers' log-odds count for beside a detector's."""

UNAIDED, WITH_DETECTOR = 0.48, 0.33
"""The thresholds without and with a detector, by which one true object in a hundred goes; chosen on
scenes 12,000 to 12,279 of the embedded world. MM-LLMs say yes too often, so less than even odds
tell enough."""


@dataclass(frozen=True)
class Settings:
    """How captions are checked and revised.

    Attributes:
        threshold: an object goes where the probability that it is absent is at least this, 0..1.
        sure: an attribute or number is replaced where the other answer is at least this likely.
        detector: uses the factors of each object, too; None: the answers alone count.
        known: what comes together, for the detector.
        validator: looks for objects in place of the MM-LLM's answers.
        rewriter: rewrites what is wrong; None: words are cut and replaced.
        mark: what is wrong is put into brackets instead.
    """

    threshold: float = UNAIDED
    sure: float = 0.5
    detector: Detector | None = None
    known: Occurrences | None = None
    validator: BoxDetector | None = None
    rewriter: MLLM | None = None
    mark: bool = False


class Woodpecker(Reviser, frozen=True, kw_only=True):
    """Woodpecker as a reviser, with its options; see `Settings` for what is made of them."""

    name = "woodpecker"
    title = "Woodpecker"
    summary = "Ask about each claim of a caption and correct what the answers deny; no training."
    paper = "arXiv:2310.16045"

    model: Annotated[
        str | None,
        Meta(
            description="Who is asked about the pictures. Default: the model that wrote the "
            "captions.",
            extra={"metavar": "M"},
        ),
    ] = None
    detector: Annotated[
        str | None,
        Meta(
            description="Weigh LURE's factors beside the answers: what `halluc train detector` "
            "wrote, or tabletop for the one that ships. Default: the answers alone.",
            extra={"metavar": "FILE"},
        ),
    ] = None
    threshold: Annotated[
        float | None,
        Meta(
            gt=0,
            le=1,
            description="Take an object out where the probability that it is absent is at least "
            "this [.48; with a detector .33].",
        ),
    ] = None
    sure: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="Replace an attribute or a number where another answer's probability is "
            "at least this.",
        ),
    ] = 0.5
    statistics: Statistics = None
    validator: Annotated[
        str | None,
        Meta(
            description="What finds the objects: detector:ORG/NAME or detector:./FOLDER, a "
            "checkpoint for zero-shot object detection. Default: the answers of the model that is "
            "asked.",
            extra={"metavar": "V"},
        ),
    ] = None
    rewriter: Annotated[
        str | None,
        Meta(
            description="A model that rewrites the captions from what was found. Default: "
            "words are cut and replaced.",
            extra={"metavar": "M"},
        ),
    ] = None

    mark: Mark = False

    @property
    def in_one_process(self) -> bool:
        """Whether models beside the one that is asked are loaded."""
        return self.validator is not None or self.rewriter is not None

    def asks(self, original: Run) -> str:
        """The model that is asked about the pictures."""
        return self.model or model_of(original)

    def prepare(
        self, original: Run, things: Things, *, dtype: str = "auto", device: str = "auto"
    ) -> Prepared:
        """Read detector and statistics, load validator and rewriter; see `Reviser.prepare`."""
        if self.detector is None and self.statistics is not None:
            raise InputError("--statistics belongs to a --detector")
        if self.mark and self.rewriter is not None:
            raise InputError("--mark changes no words; leave out --rewriter")
        fitted, how = named_detector(self.detector)
        known = None
        if fitted is not None:
            known = read_occurrences(self.statistics, original, things)
            how["statistics"] = self.statistics or "the data of the run"
        limit = usual_threshold(fitted) if self.threshold is None else self.threshold
        validator = load_detector(self.validator, device) if self.validator else None
        rewriter = load_model(self.rewriter, dtype=dtype, device=device) if self.rewriter else None
        settings = Settings(limit, self.sure, fitted, known, validator, rewriter, self.mark)
        how |= {"threshold": limit, "sure": self.sure, "vocabulary": things.name}
        how |= {"mark": True} if self.mark else {}
        how |= {"validator": validator.card} if validator else {}
        how |= {"rewriter": rewriter.card["model"]} if rewriter else {}
        return Prepared(partial(revise, settings=settings), {"method": "woodpecker", **how})


def revise(
    responses: Sequence[Response],
    images: Sequence[Image],
    model: MLLM,
    things: Things,
    settings: Settings,
) -> Iterator[Revision]:
    """Revise captions of one batch.

    Args:
        responses: the captions.
        images: their pictures.
        model: what is asked about the pictures.
        things: the vocabulary.
        settings: how.

    Yields:
        The revision of each, in order.

    Raises:
        ModelError: the model gives no probabilities of its answers, or cannot be run.
    """
    reasons = {each.id: unfit(each.text) for each in responses}
    texts = ["" if reasons[each.id] else each.text for each in responses]
    captions = []
    for response, image, doc, claims in zip(
        responses, images, parse(texts), read_claims(texts, things), strict=True
    ):
        caption = Caption(response, image, doc, claims)
        if settings.known is not None:
            factors = find_factors(response.text, caption.claims, settings.known, response.tokens)
            caption.factors = first_mentions(factors)
        captions.append(caption)
    if settings.validator is None:
        ask_about_objects(captions, model, things)
    else:
        detect_objects(captions, settings.validator)
    absent = {each.response.id: _absent(each, settings) for each in captions}
    ask_about_attributes(captions, model, absent)
    ask_about_relations(captions, model, absent)
    for caption in captions:
        id = caption.response.id
        if reasons[id]:
            yield Revision(id=id, original=caption.response.text, reason=reasons[id])
        else:
            yield _corrected(caption, things, settings, absent[id])


def usual_threshold(detector: Detector | None) -> float:
    """The threshold where none is given."""
    return UNAIDED if detector is None else WITH_DETECTOR


def _absent(caption: Caption, settings: Settings) -> dict[str, float]:
    """Classes that are taken for absent, with the probability that they are."""
    chances = {name: _wrong(caption, name, settings) for name in caption.objects}
    return {name: p for name, p in chances.items() if p >= settings.threshold}


def _wrong(caption: Caption, name: str, settings: Settings) -> float:
    """The probability that an object is absent."""
    least = 1e-4
    present = [fmean(yes_share(each, least) for each in caption.yes[name])]
    counts = caption.counts[name].answers
    if (told := sum(counts.values())) >= ENOUGH:
        present.append(1 - counts.get("zero", 0.0) / told)
    if caption.listed:
        present.append(float(name in caption.listed))
    p = min(max(sum(present) / len(present), least), 1 - least)
    odds = math.log((1 - p) / p)
    if settings.detector is not None and name in caption.factors:
        odds = settings.detector.log_odds(caption.factors[name]) + ANSWERS * odds
    return probability(odds)


def _corrected(
    caption: Caption, things: Things, settings: Settings, absent: Mapping[str, float]
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
            check = check_number(claim, caption, settings.sure) or check_attribute(
                claim, caption, settings.sure
            )
        else:
            check = check_relation(claim, caption, settings.sure)
            place = direction_at(caption.response.text, claim.start)
            why = f"{claim.subject} {claim.value} {claim.object}"
        if check is not None:
            checks.append(check)
            if check.instead and place is not None:
                instead[place] = check.instead, why
    if settings.mark:
        phrases = phrases_of(caption.doc, things, caption.claims, frozenset(absent))
        doubtful = [(each.start, each.end, (each.thing,)) for each in phrases if each.gone]
        doubtful += [(*span, (why,)) for span, (_, why) in instead.items()]
        edits = mark(caption.response.text, doubtful)
        reason = "" if edits else "nothing is suspect"
    elif settings.rewriter is None:
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
