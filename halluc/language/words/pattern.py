"""Words as the original CHAIR scripts have them, which make every word singular with pattern.en.

``LisaAnne/Hallucination`` and ``Maxlinn/CHAIR-metric-standalone`` call pattern.en's
``singularize`` on each token, verbs and "is" too. pattern.en hardly installs any more, so what it
does is restated here, from ``pattern/text/en/inflect.py`` of https://github.com/clips/pattern, as
far as CHAIR's vocabulary can tell: endings that no plural of its words has are left out. Its slips
decide figures and are kept: "bus" becomes "bu", so one bus is no bus and two buses are one; "ties"
become "ty"; "glass" becomes "glas", for which the vocabulary knows "wine glas".
"""

from __future__ import annotations

import re
from functools import cache

from halluc.language.words.lemmas import Lemmas, Tokenizer
from halluc.language.words.vocabulary import coco_vocabulary

# Endings with a singular of their own ("women" too). They come before the rules.
_IRREGULAR = {
    "children": "child",
    "geese": "goose",
    "leaves": "leaf",
    "men": "man",
    "oxen": "ox",
    "people": "person",
}
# What pattern.en leaves alone; "doggies" and "collies" by a slip.
_LEFT = re.compile(r"scissors|series|news|species|corps|christmas|.*(dogg|coll|cook|bird|rook)ies")
# The first ending that fits is exchanged.
_RULES = (
    (re.compile(r"(bus|o|x|ch|ss|sh)es$"), r"\1"),
    (re.compile(r"([ml])ice$"), r"\1ouse"),
    (re.compile(r"([^aeiouy]|qu)ies$"), r"\1y"),
    (re.compile(r"([aeo]l|[lr])ves$"), r"\1f"),
    (re.compile(r"([nlw]i)ves$"), r"\1fe"),
    (re.compile(r"([aeo])ves$"), r"\1ve"),
    (re.compile(r"s$"), ""),
)


def pattern_words(text: str) -> Lemmas:
    """The words of a text, each made singular.

    >>> pattern_words("Two men, their ties, a bus and wine glasses").forms
    ['two', 'man', ',', 'their', 'ty', ',', 'a', 'bu', 'and', 'wine', 'glass']
    """
    words, spans = _tokenizer().tokens(text)
    return Lemmas([singular(word) for word in words], spans)


@cache
def singular(word: str) -> str:
    """A word of a caption, in lower case, as pattern.en makes it singular.

    >>> [singular(word) for word in ("knives", "mice", "tennis", "benches", "glass", "vases")]
    ['knife', 'mouse', 'tenni', 'bench', 'glas', 'vase']
    """
    if _LEFT.fullmatch(word):
        return word
    for ending, other in _IRREGULAR.items():
        if word.endswith(ending):
            return word.removesuffix(ending) + other
    for rule, other in _RULES:
        if rule.search(word):
            return rule.sub(other, word)
    return word


@cache
def _tokenizer() -> Tokenizer:
    known = coco_vocabulary().words
    return Tokenizer(lambda word: singular(word) in known)
