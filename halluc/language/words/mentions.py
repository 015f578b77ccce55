"""Which COCO classes a caption mentions, as CHAIR reads it.

Follows ``caption_to_words`` of the published scripts: pairs of words are merged once from left to
right, a seat beside a toilet is no chair, and what is left is looked up in the vocabulary.
The thoughts of a reasoning model, which no published script knows, are not read.
"""

from __future__ import annotations

from typing import NamedTuple

from halluc.language.words.lemmas import Lemmatizer
from halluc.language.words.markup import without_thoughts
from halluc.language.words.vocabulary import coco_vocabulary


class Mention(NamedTuple):
    """A word that names a class: its span in the text, the word in singular, the class."""

    start: int
    end: int
    word: str
    node: str


class Reading(NamedTuple):
    """What CHAIR reads in a caption.

    Attributes:
        length: how many words and signs it has, a pair counted as one.
        mentions: in the order of the text.
    """

    length: int
    mentions: list[Mention]


def read_caption(text: str, lemmatize: Lemmatizer) -> Reading:
    """Find the classes that a caption mentions, in the order of the text, with repetitions.

    >>> from halluc.language.words.offline import offline_words
    >>> reading = read_caption("A baby elephant and two sofas.", offline_words)
    >>> [(mention.start, mention.word, mention.node) for mention in reading.mentions]
    [(2, 'elephant', 'elephant'), (24, 'sofa', 'couch')]
    """
    vocabulary = coco_vocabulary()
    nodes, pairs = vocabulary.nodes, vocabulary.pairs
    forms, spans = lemmatize(without_thoughts(text))
    mentions, length, free = [], len(forms), 0  # free: the first word that is in no pair yet
    for place, span in spans.items():
        if place < free:
            continue
        word, last = forms[place], span
        if place + 1 in spans and (pair := pairs.get(f"{word} {forms[place + 1]}")) is not None:
            word, last, free = pair, spans[place + 1], place + 2
            length -= 1
        if word in nodes:
            mentions.append(Mention(span[0], last[1], word, nodes[word]))
    words = [mention.word for mention in mentions]
    if "toilet" in words and "seat" in words:
        mentions = [mention for mention in mentions if mention.word != "seat"]
    return Reading(length, mentions)
