"""Lemmas as the WordNet variant of CHAIR makes them, with NLTK's tagger and WordNet.

The published scripts call NLTK's ``word_tokenize``, ``pos_tag`` and ``WordNetLemmatizer``
(shikiw/OPERA, ``chair.py``, and its descendants). Only the splitting into sentences is done here,
so that NLTK's punkt data is not needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from halluc.errors import InputError
from halluc.language.words.lemmas import Lemmas, lower
from halluc.language.words.vocabulary import coco_vocabulary

# NLTK reads WordNet from a folder or from its zip, the tagger from a folder alone.
_DATA = {
    "averaged_perceptron_tagger_eng": ("taggers/averaged_perceptron_tagger_eng",),
    "wordnet": ("corpora/wordnet", "corpora/wordnet.zip"),
}
GET = "python -m nltk.downloader averaged_perceptron_tagger_eng wordnet"
"""The command that gets the data."""
_STOP = re.compile(r"[.!?]+[\"')\]}”’]*(?=\s|$)")
# Punkt ends no sentence after a number, an initial or an abbreviation; "$5." is none of them.
_NO_STOP = re.compile(
    r"(?<![\w.,'’$£€-])(\d[\d,.-]*|([^\W\d_]\.)*[^\W\d_]|mr|mrs|ms|dr|st|jr|sr|vs|ave)\.$", re.I
)
_QUOTES = ('"', "``", "''")
_PARTS = {"J": "a", "V": "v", "R": "r"}  # everything else is lemmatized as a noun


class Tagged(NamedTuple):
    """A word or sign: its span in the text, half open, as it is written, its part of speech."""

    start: int
    end: int
    text: str
    tag: str


class WordNet(NamedTuple):
    """NLTK's tagger and WordNet, loaded.

    Attributes:
        tag: the words and signs of a text with their tags of the Penn Treebank.
        lemma: the dictionary form of a word as a part of speech ("n", "v", "a", "r").
    """

    tag: Callable[[str], list[Tagged]]
    lemma: Callable[[str, str], str]


@cache
def wordnet_lemmatizer(nltk_data: str | Path | None = None) -> Callable[[str], Lemmas]:
    """A function from a text to its words, as the published script has them.

    Args:
        nltk_data: a folder of NLTK data to search before NLTK's own path and ``NLTK_DATA``.

    Raises:
        InputError: the tagger or WordNet is not found, or cannot be loaded.
    """
    tag, lemma = load_wordnet(nltk_data, "use --compat offline, which needs none")

    known = coco_vocabulary().words

    def lemmatize(text: str) -> Lemmas:
        words = tag(lower(text))
        forms = [lemma(each.text, _PARTS.get(each.tag[:1], "n")) for each in words]
        spans = {
            place: (each.start, each.end)
            for place, (form, each) in enumerate(zip(forms, words, strict=True))
            if form in known
        }
        return Lemmas(forms, spans)

    return lemmatize


@cache
def load_wordnet(nltk_data: str | Path | None, instead: str) -> WordNet:
    """NLTK's tagger and WordNet.

    Args:
        nltk_data: a folder of NLTK data to search before NLTK's own path and ``NLTK_DATA``.
        instead: what to do where there is none, for the message.

    Raises:
        InputError: the tagger or WordNet is not found, or cannot be loaded.
    """
    if missing := missing_data(nltk_data):
        raise InputError(
            f"NLTK data {' and '.join(missing)} not found; get it with `{GET}`, name its folder "
            f"with --nltk-data, or {instead}",
            nltk_data,
        )
    from nltk.stem import WordNetLemmatizer
    from nltk.tag import PerceptronTagger
    from nltk.tokenize import NLTKWordTokenizer

    tokenize, lemma = NLTKWordTokenizer().tokenize, cache(WordNetLemmatizer().lemmatize)
    try:
        tag = PerceptronTagger().tag
        lemma("dogs", "n")  # loads WordNet
    except (OSError, LookupError, ValueError) as error:
        raise InputError(
            f"NLTK data cannot be loaded ({error}); download it again with `{GET}`"
        ) from None

    def tagged(text: str) -> list[Tagged]:
        tokens = [
            (offset + start, offset + end, token)
            for offset, sentence in _sentences(text)
            for start, end, token in _align(tokenize(sentence), sentence)
        ]
        tags = tag([token for _, _, token in tokens])
        return [Tagged(*token, part) for token, (_, part) in zip(tokens, tags, strict=True)]

    return WordNet(tagged, lemma)


def missing_data(nltk_data: str | Path | None) -> list[str]:
    """Which of NLTK's tagger and WordNet are not found.

    Args:
        nltk_data: a folder of NLTK data to search before NLTK's own path and ``NLTK_DATA``.
    """
    import nltk

    if nltk_data is not None and os.fspath(nltk_data) not in nltk.data.path:
        nltk.data.path.insert(0, os.fspath(nltk_data))
    return [name for name, places in _DATA.items() if not any(_found(nltk, p) for p in places)]


def _found(nltk: Any, place: str) -> bool:
    try:
        nltk.data.find(place)
    except LookupError:
        return False
    return True


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for stop in _STOP.finditer(text):
        sentence = text[start : stop.end()]
        # A capital after a number begins a sentence all the same.
        number = sentence[-2:-1].isdigit() and text[stop.end() :].lstrip()[:1].isupper()
        if number or not _NO_STOP.search(sentence):
            yield start, sentence
            start = stop.end()
    yield start, text[start:]


def _align(tokens: list[str], text: str) -> Iterator[tuple[int, int, str]]:
    # The tokenizer only adds spaces and rewrites double quotes, so each token stands next in the
    # text.
    end = 0
    for token in tokens:
        start = end + len(text[end:]) - len(text[end:].lstrip())
        forms = (token, *_QUOTES) if token in _QUOTES else (token,)
        end = start + max((len(form) for form in forms if text.startswith(form, start)), default=0)
        yield start, end, token
