"""Which COCO classes a caption mentions, as CHAIR reads it.

Follows ``caption_to_words`` of the published scripts: pairs of words are merged once from left to
right, a seat beside a toilet is no chair, and what is left is looked up in the vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

from halluc.language.lemmas import Lemmatizer, Words
from halluc.language.vocabulary import coco_vocabulary


class Mention(NamedTuple):
    """A word that names a class: its span in the text, the word in singular, the class."""

    start: int
    end: int
    word: str
    node: str


class Reading(NamedTuple):
    """What CHAIR reads in a caption: all words after merging (signs too), and the mentions."""

    words: list[str]
    mentions: list[Mention]


def read_caption(text: str, lemmatize: Lemmatizer) -> Reading:
    """Find the classes that a caption mentions, in the order of the text, with repetitions.

    >>> from halluc.language.offline import offline_words
    >>> reading = read_caption("A baby elephant and two sofas.", offline_words)
    >>> [(mention.start, mention.word, mention.node) for mention in reading.mentions]
    [(2, 'elephant', 'elephant'), (24, 'sofa', 'couch')]
    """
    nodes = coco_vocabulary().nodes
    words, spans = _merge(lemmatize(text))
    mentions = [
        Mention(*spans[place], word, nodes[word])
        for place, word in enumerate(words)
        if word in nodes
    ]
    if "toilet" in words and "seat" in words:
        mentions = [mention for mention in mentions if mention.word != "seat"]
    return Reading(words, mentions)


def _merge(words: Words) -> Words:
    vocabulary = coco_vocabulary()
    forms, spans = words
    merged: list[tuple[int, str]] = []
    free = 0  # the first word that is in no pair yet
    for place in [place for place, form in enumerate(forms) if form in vocabulary.openers]:
        pair = vocabulary.pairs.get(" ".join(forms[place : place + 2]))
        if pair is not None and place >= free:
            merged.append((place, pair))
            free = place + 2
    if merged:
        forms, spans = list(forms), list(spans)
    for place, pair in reversed(merged):
        forms[place : place + 2] = [pair]
        spans[place : place + 2] = [(spans[place][0], spans[place + 1][1])]
    return Words(forms, spans)
