"""Do two nouns mean much the same? What AMBER asks of word vectors, in three ways.

* ``wordnet``: their most usual senses are the same in WordNet (couch and sofa, phone and
  telephone);
* ``exact``: they are the same word;
* ``spacy:MODEL``: their vectors in an installed spaCy model have a cosine above .8, as AMBER's
  script asks of ``en_core_web_lg``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from pathlib import Path

from halluc.errors import InputError
from halluc.language.words.nouns import INSTEAD
from halluc.language.words.wordnet import load_wordnet

Similar = Callable[[str, str], bool]

THRESHOLD = 0.8
"""Cosine above which AMBER's script takes two words for synonyms."""


def similarity(name: str, nltk_data: str | Path | None = None) -> Similar:
    """The way to compare two nouns, by its name.

    Args:
        name: "wordnet", "exact" or "spacy:MODEL" (a package's name or a folder).
        nltk_data: a folder of NLTK data to search first.

    Raises:
        InputError: there is no such way, or what it needs is not installed.
    """
    if name == "exact":
        return operator.eq
    if name == "wordnet":
        load_wordnet(nltk_data, INSTEAD)
        return same_sense
    form, _, model = name.partition(":")
    if form != "spacy" or not model:
        raise InputError(f"unknown similarity {name!r}; give wordnet, exact or spacy:MODEL")
    return _spacy(model)


def same_sense(one: str, other: str) -> bool:
    """Whether two nouns are the same word or WordNet has the same sense first for both."""
    if one == other:
        return True
    sense = _usual_sense(one)
    return sense is not None and sense == _usual_sense(other)


@cache
def _usual_sense(word: str) -> str | None:
    from nltk.corpus import wordnet

    senses = wordnet.synsets(word, pos="n")
    return str(senses[0].name()) if senses else None


def _spacy(model: str) -> Similar:
    import spacy

    try:
        language = spacy.load(model)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(
            f"the spaCy model {model!r} cannot be loaded ({error}); "
            f"get it with `python -m spacy download {model}`"
        ) from None
    if not language.vocab.vectors_length:
        what = "has no word vectors; use one that has, such as en_core_web_lg"
        raise InputError(f"the spaCy model {model!r} {what}")
    words = cache(language.make_doc)

    @cache
    def similar(one: str, other: str) -> bool:
        one_doc, other_doc = words(one), words(other)
        if one != other and not (one_doc.vector_norm and other_doc.vector_norm):
            return False  # a word without a vector is like itself alone
        return bool(one_doc.similarity(other_doc) > THRESHOLD)

    return similar
