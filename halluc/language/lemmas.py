"""The words of a text in their dictionary form, with the place where they stand.

CHAIR looks words up in a list of singular nouns, and its published scripts disagree on how a word
gets there. Three ways are kept apart by name:

* ``offline`` (`halluc.language.offline`) needs no data and predicts what ``wordnet`` gives;
* ``wordnet`` (`halluc.language.wordnet`) is the published one of OPERA and its descendants,
  exactly, with NLTK's data;
* ``pattern`` (`halluc.language.pattern`) is that of the original scripts, without pattern.en.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Literal, NamedTuple, cast

Compat = Literal["offline", "wordnet", "pattern"]

_CLITIC = r"(?:s|m|d|ll|re|ve)\b"
# Words with inner hyphens, dots, slashes and apostrophes stay whole, clitics stand alone, and so
# does every other sign: NLTK's tokens, near enough to count words. The first two cases are of the
# others; they stand alone because most words and signs of a caption end there, at half the time.
_TOKEN = re.compile(
    r"[a-z]++(?=\s)|[.,](?=\s)|"
    rf"\w+(?=n't\b)|n't\b|'{_CLITIC}|\w+(?:[-/.,'’](?!{_CLITIC})\w+)*|\.{{2,}}|--|[^\w\s]"
)


class Words(NamedTuple):
    """The words and signs of a text, in order.

    Attributes:
        forms: the dictionary form of each, in lower case.
        spans: where each stands: start and end, half open.
    """

    forms: list[str]
    spans: list[tuple[int, int]]


Lemmatizer = Callable[[str], Words]


def lemmatizer(compat: Compat = "offline", nltk_data: str | Path | None = None) -> Lemmatizer:
    """The way from a text to its words, by its name.

    Args:
        compat: "offline", "wordnet" or "pattern".
        nltk_data: a folder of NLTK data, which only "wordnet" needs, to search first.

    Raises:
        InputError: wordnet is asked for and its data is not found.
    """
    if compat == "wordnet":
        from halluc.language.wordnet import wordnet_lemmatizer

        return wordnet_lemmatizer(nltk_data)
    module = import_module(f"halluc.language.{compat}")
    return cast(Lemmatizer, getattr(module, f"{compat}_words"))


def tokenize(text: str) -> Words:
    """The words and signs of a text in lower case, nearly as NLTK's tokenizer cuts them.

    >>> tokenize("They don't see the man's dog.").forms
    ['they', 'do', "n't", 'see', 'the', 'man', "'s", 'dog', '.']
    """
    lowered = lower(text)
    forms: list[str] = _TOKEN.findall(lowered)
    # Only white space lies between two tokens, so each is found where it stands, and looking for
    # them is quicker than a match object for each.
    spans, end, find = [], 0, lowered.find
    for form in forms:
        start = find(form, end)
        end = start + len(form)
        spans.append((start, end))
    return Words(forms, spans)


def lower(text: str) -> str:
    """The text in lower case, each character in its place (``"İ"`` would become two)."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(each if len(each.lower()) != 1 else each.lower() for each in text)
