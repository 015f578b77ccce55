"""POPE read from the first token's probabilities instead of the text.

A run keeps, for each question, the probability of "yes" and of "no" over all their spellings (with
and without a capital and a space before them). Reading single token ids instead, as some scripts
do, moves F1 by 3 to 6 points: the ids without the space never come first in LLaVA-1.5's answers.
"""

from __future__ import annotations

import math

from halluc.answers.given import Given
from halluc.errors import InputError
from metrics.pope_parsers import PARSERS, Parser, Reading, read_lmms_eval, vlmevalkit_ratios

# Probabilities are kept in single precision.
_NEARLY = 1e-4

LOGITS = Parser("logits", read_lmms_eval, vlmevalkit_ratios)
"""Reads what `likelier` gives; unknown answers are wrong, and count as no in precision and F1."""


def parser_of(name: str) -> Parser:
    """A parser by its name."""
    return LOGITS if name == "logits" else PARSERS[name]


def likelier(given: Given) -> dict[str, Reading]:
    """The likelier of yes and no at the first token of each answer, by the sample's id.

    It is unknown where the first token is likelier than both, and so neither of them.

    Raises:
        InputError: the answers are of no run, or the run keeps no probabilities.
    """
    if given.run is None:
        raise InputError(
            "--parser logits needs a run of halluc generate, which keeps the probabilities of yes "
            "and no; a file of answers has none"
        )
    read: dict[str, Reading] = {}
    for each in given.run.responses:
        if each.lack:
            read[each.id] = "unknown"
            continue
        if not {"yes", "no"} <= each.answers.keys():
            what = f"{each.id} has no probabilities of yes and no"
            raise InputError(f"{what}; the model gives none: take another --parser", given.run.path)
        yes, no = each.answers["yes"], each.answers["no"]
        first = math.exp(each.tokens[0].logprob) if each.tokens else 0.0
        neither = first > max(yes, no) + _NEARLY or yes == no
        read[each.id] = "unknown" if neither else "yes" if yes > no else "no"
    return read
