"""What a judge's reply says."""

from __future__ import annotations

import re
from typing import Literal

Verdict = Literal["yes", "no", "unknown"]

_WORD = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
RATINGS = range(7)


def read_verdict(reply: str) -> Verdict:
    """Yes or no, where the reply begins with that word.

    >>> read_verdict("No."), read_verdict("yes"), read_verdict("It is accurate")
    ('no', 'yes', 'unknown')
    """
    found = _WORD.match(reply)
    if found is None:
        return "unknown"
    return "yes" if found[1].lower() == "yes" else "no"


def read_correct(reply: str) -> Literal[0, 1, 2] | None:
    """Wrong, right or unclear as HallusionBench's script reads it; None where no verdict stands.

    It looks for "incorrect", then for "correct", anywhere in the lower-cased reply, and takes all
    else for unclear, so that "not correct" is right.

    >>> [read_correct(each) for each in ("Incorrect.", "It is correct", "unclear", "Yes")]
    [0, 1, 2, None]
    """
    text = reply.lower()
    if "incorrect" in text:
        return 0
    return 1 if "correct" in text else 2 if "unclear" in text else None


def read_rating(reply: str) -> int | None:
    """The rating from 0 to 6 as MMHal-Bench's script reads it: None where it finds none or several.

    It looks for "rating: 0" to "rating: 6" anywhere in the lower-cased reply, so that a repeated
    scale counts as several, "Rating: 10" as 1, and "Rating 4" or "**Rating**: 4" as none.

    >>> [read_rating(each) for each in ("Rating: 4", "Rating: 2 or rating: 3", "4")]
    [4, None, None]
    """
    text = reply.lower()
    found = [each for each in RATINGS if f"rating: {each}" in text]
    return found[0] if len(found) == 1 else None
