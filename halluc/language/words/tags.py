"""What NLTK's tagger would take a word for where it stands: a noun, a verb, or something else.

A linear model over the two or three words to either side, for the few words of CHAIR's vocabulary
whose lemma hangs on it ("skiing" names skis as a verb alone). `benchmarks/chair_words.py` trained
it on what the tagger says of them; the words, their lemmas and the weights are in `offline.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

TAGS = "nva"
"""Noun, verb, and all else, as the weights and lemmas are ordered."""


class Lexicon(NamedTuple):
    """Words and their lemmas.

    Attributes:
        lemmas: forms of words with their lemma for each of `TAGS`.
        weights: a feature's weight for each of `TAGS`.
    """

    lemmas: dict[str, tuple[str, str, str]]
    weights: dict[str, tuple[int, int, int]]


@cache
def lexicon() -> Lexicon:
    """The lexicon of `offline.json`, loaded once."""
    content = files("halluc.language.words").joinpath("offline.json").read_bytes()
    return msgspec.json.decode(content, type=Lexicon)


def lemma_at(words: Sequence[str], place: int, known: Lexicon | None = None) -> str:
    """The lemma of a word of the lexicon where it stands.

    >>> lemma_at("they are skiing down it".split(), 2), lemma_at("the skiing lesson".split(), 1)
    ('ski', 'skiing')

    Args:
        words: of the text, in lower case.
        place: of a word of the lexicon.
        known: the lexicon; None: the one that ships.
    """
    known = known or lexicon()
    noun = verb = other = 0
    weights = known.weights
    for feature in features(words, place):
        if (found := weights.get(feature)) is not None:
            noun += found[0]
            verb += found[1]
            other += found[2]
    lemmas = known.lemmas[words[place]]
    if verb > noun:
        return lemmas[1] if verb >= other else lemmas[2]
    return lemmas[0] if noun >= other else lemmas[2]


def features(words: Sequence[str], place: int) -> tuple[str, ...]:
    """What the model looks at: the word, its ending, and those around it."""
    word, end = words[place], words[place][-2:]
    one = words[place - 1] if place else "^"
    two = words[place - 2] if place > 1 else "^"
    three = words[place - 3] if place > 2 else "^"
    count = len(words)
    next = words[place + 1] if place + 1 < count else "$"
    after = words[place + 2] if place + 2 < count else "$"
    return (
        word,
        end,
        f"{end}<{one}",
        f"{word}<{one}",
        f"{end}>{next}",
        f"{word}>{next}",
        f"{two} {one}",
        f"{end}<{one}>{next}",
        f"{end}<{one[-3:]}",
        f"{end}>{next[-3:]}",
        f"{end}<{one[-2:]}>{next[-2:]}",
        f"{end}>{next} {after}",
        f"{end}<{two[-2:]} {one[-2:]}",
        f"{three} {two} {one}",
        f"<<{two}",
    )
