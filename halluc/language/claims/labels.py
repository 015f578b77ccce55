"""Attributes that the form of a text gives to things: labels and "respectively".

"Bowl: red", "spoon (silver)", rows of a table, and "the cup and the fork are red and silver,
respectively".
"""

from __future__ import annotations

from itertools import pairwise

from halluc.language.claims.lexicon import attribute_of
from halluc.language.claims.phrases import Mention
from halluc.language.pipeline.tree import Word, in_sentence

_OPENING = frozenset({"(", "[", ":", "–", "—", "-", "="})
_CLOSING = {"(": ")", "[": "]"}
_WITHIN = frozenset({",", "and", "/", "&", "-"})
_COLOR = frozenset({"color", "colour", "is", "in", "very", "mostly", "mainly"})
_RESPECTIVE = frozenset({"respectively", "respective"})


def labelled(words: list[Word], mentions: list[Mention]) -> dict[int, Mention]:
    """Places of attributes that stand in the label of a thing, with the thing."""
    found: dict[int, Mention] = {}
    for mention in mentions:
        place = mention.head + 1
        if place >= len(words) or words[place].text not in _OPENING:
            continue
        sign = words[place].text
        if sign == "-" and words[place].start == words[place - 1].end:
            continue  # "dog-shaped"
        values = _values(words, place + 1)
        end = (values[-1] if values else place) + 1
        after = words[end].text if end < len(words) else ""
        if sign in _CLOSING and after not in (_CLOSING[sign], "with", ";", ",", "on"):
            continue
        if sign not in _CLOSING and end < len(words) and not _is_over(words, end):
            continue
        found |= dict.fromkeys(values, mention)
    return found


def _values(words: list[Word], place: int) -> list[int]:
    """Places of the attributes that follow each other."""
    found: list[int] = []
    while place < len(words):
        known = attribute_of(words[place].text)
        if known and known[0] != "count":
            found.append(place)
        elif words[place].text == ":" and words[place - 1].text in _COLOR:
            pass  # "(color: red)"
        elif words[place].text not in _WITHIN | _COLOR or (
            words[place].text in _WITHIN
            and not (place + 1 < len(words) and _is_value(words[place + 1]))
        ):
            break
        place += 1
    return found


def _is_value(word: Word) -> bool:
    known = attribute_of(word.text)
    return known is not None and known[0] != "count"


def _is_over(words: list[Word], place: int) -> bool:
    """Whether a label ends there: a sign, a new sentence, or a word that adds to it."""
    word = words[place]
    return (
        word.text in (",", ";", ".", "|", "with", "and", "on", "in")
        or word.sentence != words[place - 1].sentence
    )


def paired(words: list[Word], mentions: list[Mention]) -> dict[int, Mention | None]:
    """Places of attributes in sentences with "respectively", each with its thing or None."""
    found: dict[int, Mention | None] = {}
    marks = [word.place for word in words if word.text in _RESPECTIVE]
    if not marks:
        return found
    inside = {
        place for each in mentions for place in (*each.before, *range(each.first, each.head + 1))
    }
    for mark in marks:
        sentence = words[mark].sentence
        listed = _listed(words, mark, inside)
        values = listed or [
            each.place
            for each in words
            if each.sentence == sentence and each.place not in inside and _is_value(each)
        ]
        named = [each for each in mentions if words[each.head].sentence == sentence]
        found |= _pairs(words, values, named)
    return found


def _listed(words: list[Word], mark: int, inside: set[int]) -> list[int]:
    """Places of the values that stand together, right before "respectively" or behind it."""
    for step in (-1, 1):
        values = []
        place = mark + step
        while in_sentence(words, place, words[mark].sentence):
            if place not in inside and _is_value(words[place]):
                values.append(place)
            elif words[place].text not in (",", "and"):
                break
            place += step
        if len(values) > 1:
            return sorted(values)
    return []


def _pairs(
    words: list[Word], values: list[int], mentions: list[Mention]
) -> dict[int, Mention | None]:
    """Each value with the thing that has its number in the list of things; None if unclear."""
    named = [each for each in mentions if values and each.head < values[0]]
    if len(named) > len(values) and _is_list(words, named[-len(values) :]):
        named = named[-len(values) :]  # "on the table, a cup and a fork are red and blue"
    if len(named) != len(values):  # "the cup is red and the fork is blue, respectively"
        named = mentions
        ordered = sorted([*values, *(each.head for each in named)])
        first = [each.head for each in named] + values == ordered
        last = values + [each.head for each in named] == ordered
        if ordered[1::2] != values and not first and not last:
            named = []
    same = len(named) == len(values)
    return {place: named[number] if same else None for number, place in enumerate(values)}


def _is_list(words: list[Word], named: list[Mention]) -> bool:
    """Whether only commas and "and" stand between names and their words."""
    return all(
        all(each.text in (",", "and") for each in words[one.head + 1 : other.begin])
        for one, other in pairwise(named)
    )
