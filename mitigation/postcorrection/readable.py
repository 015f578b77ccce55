"""Which captions can be revised at all: those in English, of a length that makes sense."""

from __future__ import annotations

import re

LONGEST = 20_000
"""Longer captions are left as they are, in characters."""

_ENGLISH = re.compile(r"\b(?:the|is|are|and|of|with|there|this)\b", re.IGNORECASE)


def unfit(text: str) -> str:
    """Why a text is not revised; empty where it is.

    >>> unfit("A cup and a fork."), unfit("  "), unfit("桌子上有一把刀和一个杯子。")
    ('', 'the caption is empty', 'the caption is not English')
    """
    if not text.strip():
        return "the caption is empty"
    if len(text) > LONGEST:
        return f"the caption is longer than {LONGEST:,} characters"
    words = re.findall(r"\w+", text)
    letters = [each for each in text if each.isalpha()]
    plain = sum(each.isascii() for each in letters)
    if plain < 0.8 * len(letters) or (len(words) >= 8 and not _ENGLISH.search(text)):
        return "the caption is not English"
    return ""
