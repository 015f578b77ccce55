"""A detector of absent objects fitted to captions: what `halluc train detector` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.workflows.analyse.factors import read_mentions
from halluc.language.claims.things import Things
from mitigation.postcorrection.detector import fit_detector, save_detector


def train_detector(
    captions: Sequence[str],
    output: Path,
    truth: str | None,
    statistics: str | None,
    things: Things,
) -> str:
    """Fit a detector to captions whose truth is known, and save it as JSON.

    Args:
        captions: runs or files.
        output: the file.
        truth: what is true of their pictures; default: what the runs say.
        statistics: data whose objects give the co-occurrences.
        things: the vocabulary.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: something cannot be read or written, or there is nothing to fit to.
    """
    mentioned = read_mentions(captions, truth, statistics, things)
    cards = []
    for each in mentioned:
        if each.said.run is not None:
            kept = each.said.run.card
            cards.append({name: kept.get(name) for name in ("model", "data", "decoding", "prompt")})
        else:
            cards += each.said.files
    # Ids need not differ between runs.
    mentions = [
        msgspec.structs.replace(mention, id=f"{number}/{mention.id}")
        for number, each in enumerate(mentioned)
        for mention in each.mentions
    ]
    fitted = fit_detector(
        mentions,
        {"captions": cards, "statistics": statistics or truth or "the data of the captions"},
    )
    save_detector(fitted, output)
    lacking = "" if fitted.full else "; without uncertainty: the captions come without tokens"
    objects, absent = fitted.card["objects"], fitted.card["absent"]
    return f"{output}: fitted on {objects:,} objects, {absent:,} of them absent{lacking}"
