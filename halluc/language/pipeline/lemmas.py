"""Lemmas of English words by their Penn tags, from the tables of the embedded pipeline.

The tables are those of spaCy's rule lemmatizer: endings, known lemmas and exceptions by universal
part of speech. The tag tells the part, so none needs to be predicted, and each word is worked out
once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).with_name("model") / "lemmatizer" / "lookups"
# Parts of speech that a tag may stand for; of other tags each word is its own lemma.
_PARTS = {
    **dict.fromkeys(("NN", "NNS"), ("noun",)),
    **dict.fromkeys(("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"), ("verb", "aux")),
    **dict.fromkeys(("JJ", "JJR", "JJS"), ("adj",)),
    **dict.fromkeys(("RB", "RBR", "RBS"), ("adv", "part")),
    "MD": ("aux",),
}
_BARE = frozenset({"NN", "VB", "VBP", "JJ"})  # tags of forms without an ending


class _Tables(NamedTuple):
    rules: list[tuple[str, str]]
    known: frozenset[str]
    exceptions: dict[str, list[str]]


@lru_cache(maxsize=30_000)
def lemma(word: str, tag: str) -> str:
    """The lemma of a word.

    >>> lemma("sitting", "VBG"), lemma("women", "NNS"), lemma("is", "VBZ"), lemma("glass", "NN")
    ('sit', 'woman', 'be', 'glass')

    Args:
        word: in lower case.
        tag: of the Penn Treebank.
    """
    parts = [_tables()[part] for part in _PARTS.get(tag, ())]
    for part in parts:
        if found := part.exceptions.get(word):
            return found[0].lower()
    return word if tag in _BARE or not parts else by_rule(word, parts[0].rules, parts[0].known)


def by_rule(word: str, rules: Iterable[tuple[str, str]], known: Collection[str]) -> str:
    """The form that endings give: the last that is a known lemma, or else the first.

    Args:
        word: in lower case.
        rules: endings and what takes their place; the empty ending is among them.
        known: lemmas of that part of speech.
    """
    forms = [word.removesuffix(old) + new for old, new in rules if word.endswith(old)]
    right = [form for form in forms if form in known]
    return right[-1] if right else forms[0]


@cache
def _tables() -> dict[str, _Tables]:
    from spacy.lookups import Lookups

    lookups = Lookups().from_disk(_FOLDER)
    rules, index, exceptions = (
        lookups.get_table(f"lemma_{name}") for name in ("rules", "index", "exc")
    )
    return {
        part: _Tables(rules[part], frozenset(index[part]), exceptions[part])
        for parts in _PARTS.values()
        for part in parts
    }
