"""Does a model fit the role that it is given? Seen from its answers to a batch, before they count.

A model that was never trained for a role still answers, with noise. So a whole batch of answers is
judged: who is asked yes/no questions says yes or no, a revisor writes the text that it was given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from halluc.errors import ModelError

FEWEST = 4
"""Answers that are needed to judge."""

LEAST = 0.1
"""What a model's answers that fit the role have at least, as a mean: see the functions."""

_WORD = re.compile(r"\w+")


def require_yes_or_no(answers: Sequence[Mapping[str, float]]) -> None:
    """Refuse a model that answers yes/no questions with something else.

    Args:
        answers: the probabilities of "yes" and "no" of each question.

    Raises:
        ModelError: together they are below `LEAST` in the mean.
    """
    if len(answers) < FEWEST:
        return
    mean = sum(sum(each.values()) for each in answers) / len(answers)
    if mean < LEAST:
        raise ModelError(
            f"the model answers yes or no with a probability of {mean:.3f} only, so nothing can be "
            "asked of it; give another --model"
        )


def require_revisor(texts: Sequence[tuple[str, str]]) -> None:
    """Refuse a revisor that does not write the text that it was given.

    Args:
        texts: each caption with what the revisor made of it.

    Raises:
        ModelError: in the mean, less than `LEAST` of a caption's words come again.
    """
    if len(texts) < FEWEST:
        return
    mean = sum(_kept(*each) for each in texts) / len(texts)
    if mean < LEAST:
        raise ModelError(
            f"of the captions' words the revisor keeps {mean:.0%} only, so it is none; train one "
            "with: halluc train lure"
        )


def _kept(original: str, revised: str) -> float:
    """Which share of a text's words comes again."""
    words = set(_WORD.findall(original.lower()))
    return len(words & set(_WORD.findall(revised.lower()))) / max(len(words), 1)
