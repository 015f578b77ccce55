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


_IRREGULAR = {
    "men": "man",
    "children": "child",
    "people": "person",
    "geese": "goose",
    "mice": "mouse",
}


def singulars(word: str) -> list[str]:
    """The words that a noun may be the plural of, by its ending.

    >>> singulars("wine glasses"), singulars("women"), singulars("knives")
    (['wine glasse', 'wine glass', 'wine glas'], ['woman'], ['knive', 'kniv', 'knife', 'knif'])
    """
    found = [word.removesuffix(end) + one for end, one in _IRREGULAR.items() if word.endswith(end)]
    endings = (("s", ""), ("es", ""), ("ses", ""), ("ies", "y"), ("ves", "fe"), ("ves", "f"))
    found += [word.removesuffix(end) + one for end, one in endings if word.endswith(end)]
    return found
