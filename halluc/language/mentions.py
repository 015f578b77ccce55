"""Which COCO classes a caption mentions, as CHAIR reads it.

Follows ``caption_to_words`` of the published scripts: pairs of words are merged once from left to
right, a seat beside a toilet is no chair, and what is left is looked up in the vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

from halluc.language.lemmas import Lemma, Lemmatizer
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

    >>> from halluc.language.lemmas import vocabulary_lemmas
    >>> reading = read_caption("A baby elephant and two sofas.", vocabulary_lemmas)
    >>> [(mention.start, mention.word, mention.node) for mention in reading.mentions]
    [(2, 'elephant', 'elephant'), (24, 'sofa', 'couch')]
    """
    vocabulary = coco_vocabulary()
    merged = _merge(lemmatize(text))
    words = [lemma.text for lemma in merged]
    on_toilet = "toilet" in words and "seat" in words
    mentions = [
        Mention(lemma.start, lemma.end, lemma.text, vocabulary.nodes[lemma.text])
        for lemma in merged
        if lemma.text in vocabulary.nodes and not (on_toilet and lemma.text == "seat")
    ]
    return Reading(words, mentions)


def _merge(lemmas: list[Lemma]) -> list[Lemma]:
    pairs = coco_vocabulary().pairs
    merged: list[Lemma] = []
    position = 0
    while position < len(lemmas):
        first, *rest = lemmas[position : position + 2]
        word = pairs.get(f"{first.text} {rest[0].text}") if rest else None
        if word is None:
            merged.append(first)
            position += 1
        else:
            merged.append(Lemma(first.start, rest[0].end, word))
            position += 2
    return merged
