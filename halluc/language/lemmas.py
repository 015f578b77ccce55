"""The words of a text in their singular form, with the place where they stand.

Two ways to the same end: `vocabulary` needs no data and knows the plurals of the CHAIR vocabulary;
`wordnet` (`halluc.language.wordnet`) is the published one and needs NLTK's data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from halluc.language.vocabulary import coco_vocabulary

Lemmas = Literal["wordnet", "vocabulary"]

# Words with inner hyphens, dots, slashes and apostrophes stay whole, clitics stand alone, and so
# does every other sign: NLTK's tokens, near enough to count words.
_TOKEN = re.compile(
    r"\w+(?=n't\b)|n't\b|'(?:s|m|d|ll|re|ve)\b|\w+(?:[-/.,'’](?!(?:s|m|d|ll|re|ve)\b)\w+)*|\.{2,}|--|[^\w\s]"
)
_IRREGULAR = {
    "child": "children",
    "goose": "geese",
    "man": "men",
    "mouse": "mice",
    "ox": "oxen",
    "person": "persons",
    "sheep": "sheep",
    "woman": "women",
}


class Lemma(NamedTuple):
    """A word: its span in the text, half open, and its dictionary form in lower case."""

    start: int
    end: int
    text: str


Lemmatizer = Callable[[str], list[Lemma]]


def lemmatizer(
    lemmas: Lemmas | Literal["auto"] = "auto", nltk_data: str | Path | None = None
) -> tuple[Lemmas, Lemmatizer]:
    """The way to lemmas by its name, and the name that "auto" came to.

    Args:
        lemmas: "wordnet", "vocabulary", or "auto": wordnet where its data is found.
        nltk_data: a folder of NLTK data to search first.

    Raises:
        InputError: wordnet is asked for and its data is not found.
    """
    from halluc.language import wordnet

    if lemmas == "auto":
        lemmas = "wordnet" if wordnet.has_wordnet(nltk_data) else "vocabulary"
    if lemmas == "wordnet":
        return lemmas, wordnet.wordnet_lemmatizer(nltk_data)
    return lemmas, vocabulary_lemmas


def vocabulary_lemmas(text: str) -> list[Lemma]:
    """The words of a text; plurals of words of the CHAIR vocabulary become singular.

    >>> [lemma.text for lemma in vocabulary_lemmas("Two women's knives, and a dog.")]
    ['two', 'woman', "'s", 'knife', ',', 'and', 'a', 'dog', '.']
    """
    singular = _singulars()
    return [
        Lemma(match.start(), match.end(), singular.get(match.group(), match.group()))
        for match in _TOKEN.finditer(lower(text))
    ]


def lower(text: str) -> str:
    """The text in lower case, each character in its place (``"İ"`` would become two)."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(each if len(each.lower()) != 1 else each.lower() for each in text)


@cache
def _singulars() -> dict[str, str]:
    vocabulary = coco_vocabulary()
    words = {part for entry in (*vocabulary.nodes, *vocabulary.pairs) for part in entry.split()}
    # In reverse, so that "knives" is of "knife" and not of the list's "knive".
    ordered = sorted(words, reverse=True)
    plurals = {plural: word for word in ordered for plural in _plurals(word)}
    # A plural that is an entry by itself ("children", "skis") stays as it is.
    return {plural: word for plural, word in plurals.items() if plural not in words}


def _plurals(word: str) -> list[str]:
    for ending, plural in _IRREGULAR.items():
        if word.endswith(ending):
            return [word.removesuffix(ending) + plural]
    if re.search(r"(s|x|z|ch|sh)$", word):
        return [word + "es"]
    if re.search(r"[^aeiou]y$", word):
        return [word[:-1] + "ies"]
    if re.search(r"(kni|cal)fe?$", word):
        return [re.sub(r"fe?$", "ves", word)]
    return [word + "s", word + "es"] if word.endswith("o") else [word + "s"]
