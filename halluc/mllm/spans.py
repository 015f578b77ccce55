"""From tokens to text: where in the text each token stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise


def text_and_spans(
    decode: Callable[[Sequence[int]], str], tokens: Sequence[int]
) -> tuple[str, list[tuple[int, int]]]:
    r"""Decode an answer, strip it, and find the span of each token in it.

    A token ends where the text decoded so far stops agreeing with the whole text. So a token
    that is only a part of a character (a byte of it) has an empty span, and the one that
    completes the character has all of it; so do special tokens that are no text.

    Args:
        decode: token ids to text; must not clean up spaces.
        tokens: token ids.

    Returns:
        The text without white space around it, and as many half-open spans as tokens, in order,
        which together cover the text.

    >>> text_and_spans(lambda ids: bytes(ids).decode(errors="replace"), b" h\xc3\xa9 ")
    ('hé', [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)])
    """
    whole = decode(tokens)
    text = whole.strip()
    before = len(whole) - len(whole.lstrip())
    ends = [0]
    for count in range(1, len(tokens)):
        ends.append(max(_agreed(decode(tokens[:count]), whole), ends[-1]))
    ends.append(len(whole))
    inside = [min(max(end - before, 0), len(text)) for end in ends]
    return text, list(pairwise(inside))[: len(tokens)]


def _agreed(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    if other.startswith(one):
        return len(one)
    return next(place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
