"""Lemmatizers by name.

CHAIR looks words up in a list of singular nouns, and its published scripts disagree on how a word
gets there. Three ways are kept apart by name:

* ``offline`` (`halluc.language.words.offline`) needs no data and predicts what ``wordnet`` gives;
* ``wordnet`` (`halluc.language.words.wordnet`) is the published one of OPERA and its descendants,
  exactly, with NLTK's data;
* ``pattern`` (`halluc.language.words.pattern`) is that of the original scripts, without pattern.en.

OPERA's own table mixes two: captions by WordNet, and a ground truth that pattern.en had made. The
name ``opera`` stands for that.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Literal, cast

from halluc.language.words.lemmas import Lemmatizer

Compat = Literal["offline", "wordnet", "pattern", "opera"]


def lemmatizer(
    compat: Compat = "offline", nltk_data: str | Path | None = None, *, of_truth: bool = False
) -> Lemmatizer:
    """The way from a text to its words, by its name.

    Args:
        compat: "offline", "wordnet", "pattern" or "opera".
        nltk_data: a folder of NLTK data, which only "wordnet" and "opera" need, to search first.
        of_truth: for reference captions, which "opera" reads by another rule.

    Raises:
        InputError: wordnet is asked for and its data is not found.
    """
    rule = rule_of(compat, of_truth=of_truth)
    if rule == "wordnet":
        from halluc.language.words.wordnet import wordnet_lemmatizer

        return wordnet_lemmatizer(nltk_data)
    module = import_module(f"halluc.language.words.{rule}")
    return cast(Lemmatizer, getattr(module, f"{rule}_words"))


def rule_of(compat: Compat, *, of_truth: bool = False) -> str:
    """The rule by which captions, or the reference captions of the truth, are read."""
    if compat != "opera":
        return compat
    return "pattern" if of_truth else "wordnet"
