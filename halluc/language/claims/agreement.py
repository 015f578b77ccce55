"""When a value that a text states agrees with a true one: shades, sizes, states and numbers.

Values on one scale exclude each other ("red" and "blue", "open" and "closed"); of values on
different scales ("tall" and "large", "wet" and "old") neither speaks of the other.
"""

from __future__ import annotations

from typing import NamedTuple

# Scales by family; the words of an inner tuple mean the same.
_SCALES: dict[str, tuple[tuple[tuple[str, ...], ...], ...]] = {
    "color": (
        (
            ("black",), ("white",), ("gray", "grey"), ("red",), ("green",), ("blue",), ("yellow",),
            ("orange",), ("purple",), ("pink",), ("brown",), ("beige",), ("tan",),
            ("gold", "golden"), ("silver",), ("blond", "blonde"), ("maroon",), ("turquoise",),
            ("teal",), ("navy",), ("cream",),
        ),
    ),
    "size": (
        (
            ("large", "big", "huge", "giant", "massive", "enormous"),
            ("medium", "medium-sized"),
            ("small", "little", "tiny", "miniature"),
        ),
        (("tall", "long"), ("short",)),
        (("wide",), ("narrow",)),
        (("thick",), ("thin",)),
    ),
    "material": (
        (
            ("wooden", "wood"), ("metal", "metallic"), ("plastic",), ("glass",), ("brick",),
            ("stone",), ("concrete",), ("leather",), ("ceramic",), ("porcelain",), ("paper",),
            ("cardboard",), ("steel",), ("marble",), ("rubber",),
        ),
    ),
    "pattern": (
        (
            ("striped",), ("dotted", "spotted"), ("plaid", "checkered"), ("floral",), ("plain",),
        ),
    ),
    "state": (
        (("open",), ("closed",)),
        (("empty",), ("full",)),
        (("dirty",), ("clean",)),
        (("wet",), ("dry",)),
        (("old", "vintage"), ("young",), ("new",)),
        (("sit", "seated"), ("stand",), ("lie", "lay"), ("lean",), ("walk",), ("run",), ("fly",),
         ("kneel",), ("crouch",), ("jump",)),
    ),
}  # fmt: skip

# A finer word to the plainer ones that it may pass for.
_SHADES: dict[str, frozenset[str]] = {
    "navy": frozenset({"blue"}),
    "teal": frozenset({"blue", "green", "turquoise"}),
    "turquoise": frozenset({"blue", "green"}),
    "maroon": frozenset({"red", "brown"}),
    "tan": frozenset({"brown", "beige"}),
    "beige": frozenset({"brown", "white"}),
    "cream": frozenset({"white", "beige", "yellow"}),
    "gold": frozenset({"yellow", "brown"}),
    "blond": frozenset({"yellow", "gold"}),
    "silver": frozenset({"gray"}),
    "steel": frozenset({"metal"}),
    "porcelain": frozenset({"ceramic"}),
    "cardboard": frozenset({"paper"}),
    "marble": frozenset({"stone"}),
    "brick": frozenset({"stone"}),
}

NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
"""Words for numbers, each at its place."""


class Amount(NamedTuple):
    """For which numbers of things a word is right, and for which it is wrong.

    Attributes:
        low, high: right from low to high; high None: and above.
        wrong_below, wrong_above: wrong below and above; None: never. Between wrong and right it
            is a matter of taste.
    """

    low: int
    high: int | None
    wrong_below: int
    wrong_above: int | None

    def holds(self, number: int) -> bool | None:
        """Whether the word is right of so many things; None where it is a matter of taste."""
        if number < self.wrong_below or (
            self.wrong_above is not None and number > self.wrong_above
        ):
            return False
        if number >= self.low and (self.high is None or number <= self.high):
            return True
        return None


_AMOUNTS = {
    # "One dog lies there and another sits" says one of two things, so "one" of more is not wrong.
    "one": Amount(1, 1, 1, None),
    "single": Amount(1, 1, 1, 1),
    "couple": Amount(2, 2, 2, 2),
    "multiple": Amount(2, None, 2, None),
    "few": Amount(3, 5, 2, None),
    "several": Amount(3, None, 2, None),
    "many": Amount(5, None, 3, None),
    "numerous": Amount(5, None, 3, None),
}

# Family to word to the scale that it is on, and the first of the words that mean the same.
_PLACES = {
    family: {
        word: (number, words[0])
        for number, scale in enumerate(scales)
        for words in scale
        for word in words
    }
    for family, scales in _SCALES.items()
}


def agree(family: str, stated: str, true: str) -> bool | None:
    """Whether a stated value holds of a thing that has the true one.

    A finer true value makes a plainer stated one right; whether a finer stated one is right, the
    plainer true one does not tell.

    >>> agree("color", "grey", "gray"), agree("color", "red", "blue"), agree("size", "big", "tall")
    (True, False, None)
    >>> agree("color", "blue", "navy"), agree("color", "navy", "blue")
    (True, None)

    Args:
        family: of both values.
        stated: what the text says, in lower case.
        true: what is so, in lower case.
    """
    places = _PLACES.get(family, {})
    one, other = places.get(stated, (-1, stated)), places.get(true, (-2, true))
    if one[1] == other[1] or one[1] in _SHADES.get(other[1], ()):
        return True
    if other[1] in _SHADES.get(one[1], ()):
        return None
    return False if one[0] == other[0] else None


def amount(word: str) -> Amount | None:
    """For which numbers a word of counting is right; None for other words.

    >>> several = amount("several")
    >>> [several.holds(number) for number in (1, 2, 3)]
    [False, None, True]
    >>> amount("three").holds(2), amount("12").holds(12)
    (False, True)
    """
    if word in _AMOUNTS:
        return _AMOUNTS[word]
    if word.isascii() and word.isdecimal() and len(word) < 10:
        number = int(word)
    elif word in NUMBERS:
        number = NUMBERS.index(word)
    else:
        return None
    return Amount(number, number, number, number)
