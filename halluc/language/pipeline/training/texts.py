"""Texts of a treebank as spaCy's examples: what it sees, and what it should find."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from halluc.language.pipeline.training.captions import caption_sentence
from halluc.language.pipeline.training.treebank import Sentence, Word

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example


@dataclass(frozen=True)
class Changes:
    """How texts are changed, so that the networks rely on less.

    Attributes:
        lowered: share of texts in lower case.
        unstopped: share of texts that lose their last full stop.
        broken: share of texts whose paragraphs begin on a new line.
        captions: made-up captions to each text of the treebank.
    """

    lowered: float = 0.1
    unstopped: float = 0.1
    broken: float = 0.3
    captions: float = 0.3


def documents(sentences: list[Sentence]) -> Iterator[list[Sentence]]:
    """The sentences of each document."""
    document: list[Sentence] = []
    for sentence in sentences:
        if sentence.begins == "text" and document:
            yield document
            document = []
        document.append(sentence)
    yield document


def given(nlp: Language, sentences: list[Sentence]) -> Example:
    """Sentences to parse, cut into the treebank's words."""
    from spacy.tokens import Doc
    from spacy.training import Example

    reference = _doc(nlp, sentences)
    words = [token.text for token in reference]
    spaces = [bool(token.whitespace_) for token in reference]
    return Example(Doc(nlp.vocab, words=words, spaces=spaces), reference)


def plain(nlp: Language, sentences: list[Sentence], *, breaks: bool = False) -> Example:
    """Sentences to parse, as raw text; with `breaks` paragraphs begin on a new line."""
    from spacy.training import Example

    reference = _doc(nlp, sentences, breaks=breaks)
    return Example(nlp.make_doc(reference.text), reference)


def examples(
    nlp: Language, sentences: list[Sentence], changes: Changes, chance: random.Random
) -> Iterator[Example]:
    """Raw texts of one to six sentences in random order: the whole treebank, and captions."""
    from spacy.training import Example

    for text in _texts(sentences, changes, chance):
        reference = _doc(
            nlp,
            text,
            lower=chance.random() < changes.lowered,
            stop=chance.random() >= changes.unstopped,
            breaks=chance.random() < changes.broken,
        )
        yield Example(nlp.make_doc(reference.text), reference)


def _texts(
    sentences: list[Sentence], changes: Changes, chance: random.Random
) -> list[list[Sentence]]:
    pieces = []
    for document in documents(sentences):
        rest = iter(document)
        while piece := list(islice(rest, chance.randint(1, 6))):
            pieces.append(piece)
    for _ in range(round(changes.captions * len(pieces))):
        pieces.append([caption_sentence(chance) for _ in range(chance.randint(1, 6))])
    chance.shuffle(pieces)
    return pieces


def _doc(
    nlp: Language,
    sentences: Iterable[Sentence],
    *,
    lower: bool = False,
    stop: bool = True,
    breaks: bool = False,
) -> Doc:
    """Sentences as one annotated text.

    Args:
        nlp: whose vocabulary the text shares.
        sentences: of the text.
        lower: all in lower case.
        stop: keep the last full stop.
        breaks: begin paragraphs on a new line.
    """
    from spacy.tokens import Doc

    words: list[Word] = []
    heads: list[int] = []
    for place, sentence in enumerate(sentences):
        if breaks and place and sentence.begins:
            words[-1] = replace(words[-1], space=False)
            line = "\n" * (1 + place % 2)
            words.append(Word(line, line, "SPACE", "_SP", 0, "dep", space=False))
            heads.append(len(words) - 2)
        first = len(words)
        words += sentence.words
        heads += [first + word.head for word in sentence.words]
    last = len(words) - 1
    if not stop and words[last].text == "." and last > 0 and last not in heads:
        words.pop()
        heads.pop()
    return Doc(
        nlp.vocab,
        words=[word.text.lower() if lower else word.text for word in words],
        spaces=[word.space for word in words[:-1]] + [False],
        tags=[word.tag for word in words],
        pos=[word.part for word in words],
        morphs=[word.features for word in words],
        heads=heads,
        deps=[word.relation for word in words],
        lemmas=[word.lemma for word in words],
    )
