"""LURE's masks: the noun phrases of suspect objects in a caption, replaced with [IDK].

Suspect are the objects that a detector takes for absent, at all of their mentions; without one the
mentions that LURE's published rule finds (−log p above .9, or in the last fifth of the words).
Masks with nothing but commas and "and" between them become one.

Source: Zhou et al. 2024, "Analyzing and Mitigating Object Hallucination in Large Vision-Language
Models" (arXiv:2310.00754). There single words are masked, found again by their token ids, and the
words beside a mask are deleted; here a mask is a claim's whole noun phrase, by its characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from halluc.errors import InputError
from halluc.language.claims.phrases import find_mentions
from halluc.language.pipeline.tree import read_words
from halluc.records import Claim, Token
from mitigation.postcorrection.cuts import Phrase, lists
from mitigation.postcorrection.detector import (
    Detector,
    named_detector,
    probability,
    published_rule,
)
from mitigation.postcorrection.factors import (
    Factors,
    Occurrences,
    find_factors,
    first_mentions,
)
from mitigation.postcorrection.revisions import Check

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from halluc.language.claims.things import Things

MASK = "[IDK]"
"""LURE's word for "I don't know"."""

SUSPECT = 0.2
"""The least probability of being absent with which an object is suspect, beside a detector."""


MaskDetector = Annotated[
    str | None,
    Meta(
        description="Mask the objects that it takes for absent: what `halluc train detector` "
        "wrote, or tabletop for the one that ships. Default: LURE's published rule.",
        extra={"metavar": "FILE"},
    ),
]
MaskThreshold = Annotated[
    float | None,
    Meta(
        gt=0,
        le=1,
        description="With a detector: mask from this probability of being absent on [.2].",
    ),
]


@dataclass(frozen=True)
class Suspicion:
    """What makes an object suspect.

    Attributes:
        known: what comes together.
        detector: None: LURE's published rule.
        threshold: of the detector's probability that an object is absent, 0..1.
    """

    known: Occurrences
    detector: Detector | None = None
    threshold: float = SUSPECT


def read_suspicion(
    known: Occurrences, detector: str | None, threshold: float | None
) -> tuple[Suspicion, dict[str, Any]]:
    """What LURE masks, and what a card says of it.

    Args:
        known: what comes together.
        detector: a file, or "tabletop" for the one that ships; None: LURE's published rule.
        threshold: of the detector; None: the usual one.

    Raises:
        InputError: the file cannot be read, or there is a threshold and no detector.
    """
    if detector is None and threshold is not None:
        raise InputError("--threshold belongs to a --detector; LURE's rule has its own")
    fitted, how = named_detector(detector)
    if fitted is None:
        return Suspicion(known), {"rule": "as LURE publishes it"}
    limit = SUSPECT if threshold is None else threshold
    return Suspicion(known, fitted, limit), {**how, "threshold": limit}


@dataclass(frozen=True)
class Masked:
    """A caption with its suspect objects masked.

    Attributes:
        text: the caption with its masks.
        spans: what was masked, as characters of the caption before, in order.
        subjects: classes of the objects in each span.
        checks: what was checked, an object (with a detector) or a mention (without) each.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    subjects: tuple[tuple[str, ...], ...]
    checks: tuple[Check, ...]


def mask(
    doc: Doc,
    things: Things,
    claims: Sequence[Claim],
    tokens: Sequence[Token],
    suspicion: Suspicion,
) -> Masked:
    """Mask the suspect objects of a caption.

    Args:
        doc: the parsed caption.
        things: the vocabulary.
        claims: what the caption states.
        tokens: the caption's tokens; none where the model does not give them.
        suspicion: what makes an object suspect.
    """
    text = doc.text
    factors = find_factors(text, claims, suspicion.known, tokens)
    suspect, checks = _suspect(factors, suspicion)
    words = read_words(doc)
    phrases = [
        Phrase(m.thing, words[m.begin].start, words[m.last].end, m.plural, True)
        for m in find_mentions(words, things)
        if words[m.first].start in suspect
    ]
    spans, subjects, pieces, done = [], [], [], 0
    for some in lists(text, phrases):
        start, end = some[0].start, some[-1].end
        spans.append((start, end))
        subjects.append(tuple(dict.fromkeys(each.thing for each in some)))
        pieces += [text[done:start], MASK]
        done = end
    return Masked("".join([*pieces, text[done:]]), tuple(spans), tuple(subjects), checks)


def _suspect(
    factors: Sequence[Factors], suspicion: Suspicion
) -> tuple[set[int], tuple[Check, ...]]:
    """Where the suspect mentions begin, and what was checked."""
    if suspicion.detector is None:
        found = {each.start for each in factors if published_rule(each)}
        return found, tuple(
            Check(kind="object", subject=each.subject, factors=each) for each in factors
        )
    first = first_mentions(factors)
    wrong = {name: probability(suspicion.detector.log_odds(each)) for name, each in first.items()}
    found = {each.start for each in factors if wrong[each.subject] >= suspicion.threshold}
    return found, tuple(
        Check(kind="object", subject=name, factors=each, wrong=wrong[name])
        for name, each in first.items()
    )
