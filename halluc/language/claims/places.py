"""Phrases of place: where one begins, what it says, and the things that it names."""

from __future__ import annotations

from halluc.language.claims.lexicon import (
    FIRST_WORDS,
    LONGEST_PHRASE,
    OWN_SIDES,
    POSTURES,
    place_of,
)
from halluc.language.claims.phrases import Mention
from halluc.language.claims.referents import Referents
from halluc.language.pipeline.tree import ADJECTIVES, NOUNS, VERBS, Word, in_sentence

_BETWEEN_WORDS = frozenset(
    {"DT", "PRP$", "PDT", "CD", "RB", "RBR", "JJ", "JJR", "JJS", "VBN", "HYPH"}
)
_EACH_OTHER = ({"each", "one"}, {"other", "another"})
_AT = frozenset({"to", "on", "at", "by"})


def phrase_at(words: list[Word], place: int) -> tuple[int, str]:
    """Length and predicate of the longest phrase of place at a word; 0 if there is none."""
    if words[place].text not in FIRST_WORDS:
        return 0, ""
    if words[place].text == "with" and place and words[place - 1].text in ("along", "together"):
        return 0, ""  # a mere "and"
    if _own_side(words, place) is not None:
        return 1, "next to"
    texts: list[str] = []
    found = 0, ""
    for each in words[place : place + LONGEST_PHRASE]:
        if each.sentence != words[place].sentence:
            break
        texts.append(each.text)
        if texts == ["along", "with"]:
            return 0, ""
        if value := place_of(" ".join(texts)):
            found = len(texts), value
    if found[0] == 1 and words[place].tag not in ("IN", "RP", "RB", "TO", "VBG", "JJ"):
        return 0, ""
    return found


def phrase_after(words: list[Word], referents: Referents, last: int) -> int | None:
    """The head of the noun phrase after a place; -1 for "each other", None where there is none."""
    place = last + 1
    sentence = words[last].sentence
    found = None
    while in_sentence(words, place, sentence):
        word = words[place]
        after = words[place + 1].text if in_sentence(words, place + 1, sentence) else ""
        if word.text in _EACH_OTHER[0] and after in _EACH_OTHER[1]:
            return -1
        if place in referents.named:
            found = referents.named[place].head
            place = found
        elif word.tag in NOUNS or (word.tag in ("PRP", "WDT", "WP") and found is None):
            found = place
        elif word.tag == "POS":
            found = None
        elif found is not None or not (
            word.tag in _BETWEEN_WORDS
            or (word.tag == "VBG" and word.relation == "amod")
            or (word.text in (",", "and") and words[place - 1].tag in ADJECTIVES)
        ):
            break
        place += 1
    if found is None and place > last + 1 and words[place - 1].tag in ("CD", "DT", "JJ"):
        return place - 1  # "next to one of them"
    return found


def enumerated(words: list[Word], referents: Referents, head: int) -> list[Mention]:
    """The things named from a noun on, joined by commas and "and"."""
    found = referents.together(head)
    if words[head].tag == "PRP" or not found:
        return found
    place = head + 1
    while in_sentence(words, place, words[head].sentence):
        if words[place].text in (",", "and", "or"):
            place += 1
            continue
        if words[place - 1].text not in (",", "and", "or"):
            break
        after = phrase_after(words, referents, place - 1)
        if after is None or after < 0 or words[after].relation != "conj":
            break
        if not referents.alike(head, after):
            break
        found += [each for each in referents.things(after) if each not in found]
        place = after + 1
    return found


def at_own_side(
    words: list[Word], referents: Referents, first: int
) -> tuple[int, str, list[Mention]] | None:
    """Last place, predicate and thing of "to *its* left", "by *his* side"; None for others."""
    last = _own_side(words, first)
    if last is None:
        return None
    side = words[first + 2].text  # "on its left side" is left of it
    return last, OWN_SIDES[side], referents.things(first + 1)


def _own_side(words: list[Word], place: int) -> int | None:
    """The last word of "to its left", "on her right side"."""
    said = words[place : place + 4]
    if len(said) < 3 or said[0].text not in _AT or said[1].tag != "PRP$":
        return None
    if said[2].text not in OWN_SIDES or said[2].sentence != said[0].sentence:
        return None
    if place and said[0].text == "on" and said[2].text == "side" and _rests(words[place - 1]):
        return None  # "lying on its side": how, not where
    if len(said) > 3 and said[3].tag in NOUNS:
        return place + 3 if said[3].text == "side" else None
    return place + 2


def _rests(before: Word) -> bool:
    """Whether what is on its side after a word lies there."""
    return before.tag in VERBS or before.text in POSTURES or before.text in ("over", "down")
