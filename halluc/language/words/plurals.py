"""How the plural of an English noun is written, where it is regular."""

from __future__ import annotations

import re


def regular_plurals(word: str) -> list[str]:
    """The plurals that a noun's last letters call for; both where there are two ways.

    >>> regular_plurals("glass"), regular_plurals("knife"), regular_plurals("potato")
    (['glasses'], ['knives'], ['potatos', 'potatoes'])
    """
    if re.search(r"(s|x|z|ch|sh)$", word):
        return [word + "es"]
    if re.search(r"[^aeiou]y$", word):
        return [word[:-1] + "ies"]
    if re.search(r"(kni|cal)fe?$", word):
        return [re.sub(r"fe?$", "ves", word)]
    return [word + "s", word + "es"] if word.endswith("o") else [word + "s"]
