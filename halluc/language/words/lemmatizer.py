"""Lemmatizers by name.

CHAIR looks words up in a list of singular nouns, and its published scripts disagree on how a word
gets there. Three ways are kept apart by name:

* ``offline`` (`halluc.language.words.offline`) needs no data and predicts what ``wordnet`` gives;
* ``wordnet`` (`halluc.language.words.wordnet`) is the published one of OPERA and its descendants,
  exactly, with NLTK's data;
* ``pattern`` (`halluc.language.words.pattern`) is that of the original scripts, without pattern.en.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Literal, cast

from halluc.language.words.lemmas import Lemmatizer

Compat = Literal["offline", "wordnet", "pattern"]


def lemmatizer(compat: Compat = "offline", nltk_data: str | Path | None = None) -> Lemmatizer:
    """The way from a text to its words, by its name.

    Args:
        compat: "offline", "wordnet" or "pattern".
        nltk_data: a folder of NLTK data, which only "wordnet" needs, to search first.

    Raises:
        InputError: wordnet is asked for and its data is not found.
    """
    if compat == "wordnet":
        from halluc.language.words.wordnet import wordnet_lemmatizer

        return wordnet_lemmatizer(nltk_data)
    module = import_module(f"halluc.language.words.{compat}")
    return cast(Lemmatizer, getattr(module, f"{compat}_words"))
