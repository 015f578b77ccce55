"""Attributes that a text gives to things: which word, of which thing, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from halluc.language.claims.counts import of_a_part
from halluc.language.claims.doubt import Reading
from halluc.language.claims.labels import labelled, paired
from halluc.language.claims.lexicon import POSTURES, attribute_of
from halluc.language.claims.phrases import Mention
from halluc.language.claims.postures import is_state, tells_how
from halluc.language.claims.referents import Referents
from halluc.language.claims.things import ANIMATE
from halluc.language.pipeline.tree import (
    ADJECTIVES,
    BE,
    NOUNS,
    SUBJECTS,
    VERBS,
    Word,
    ancestors,
    below,
    conjuncts,
    in_sentence,
)

_COUNTS_OF = frozenset({"couple"})
_WAYS = frozenset("down up along across through over past around".split())


class Attribute(NamedTuple):
    """A word that describes a thing.

    Attributes:
        first, last: places of its first and last word ("medium-sized" has three).
        family, value: what it says.
        of: the thing.
        reading: how it is known to be of the thing; None: by the parse.
    """

    first: int
    last: int
    family: str
    value: str
    of: Mention
    reading: Reading | None = None


def find_attributes(words: list[Word], referents: Referents) -> Iterator[Attribute]:
    """All attributes of things in a text."""
    inside = [each for mention in referents.mentions for each in _before(words, mention)]
    counted = [(each.first, each.value, each.of) for each in inside if each.family == "count"]
    parts = of_a_part(words, counted)
    for found in inside:
        if not found.of.part:
            yield found._replace(reading="vague" if found.first in parts else "phrase")
    taken = {place for found in inside for place in range(found.first, found.last + 1)}
    taken |= {place for each in referents.mentions for place in range(each.first, each.head + 1)}
    by_form = paired(words, referents.mentions) | labelled(words, referents.mentions)
    for place, word in enumerate(words):
        if place in taken or (known := attribute_of(word.text)) is None:
            continue
        family, value = known
        reading: Reading | None
        if family == "count" or _in_hyphens(words, place) or _is_of_part(words, place, referents):
            continue
        if place in by_form:
            thing = by_form[place]
            things, reading = [thing] if thing else [], "form"
        elif things := _of_some(words, place, referents):
            reading = "some"
        else:
            things, reading = _described(words, place, family, referents), None
            if len(things) > 1 and _is_one_of(words, place, family):
                reading = (
                    "clause"  # "the cup and the fork are red and blue" leaves open which is which
                )
            elif any(words[each].text == "one" for each in below(words, place, *SUBJECTS)):
                reading = "some"  # "the one on the left is *red*"
        for thing in things:
            if not thing.part and (word.text not in POSTURES or is_state(words, place, thing)):
                yield Attribute(place, place, family, value, thing, reading)


def _before(words: list[Word], mention: Mention) -> Iterator[Attribute]:
    """Attributes in the noun phrase of a name."""
    for place in mention.before:
        word = words[place]
        if word.text == "lean" or (
            word.text in POSTURES and mention.thing not in ANIMATE and POSTURES[word.text] != "fly"
        ):
            continue
        if word.text == "sized" and place > 1 and words[place - 2].text == "medium":
            yield Attribute(place - 2, place, "size", "medium-sized", mention)
        elif _in_hyphens(words, place):
            continue
        elif known := attribute_of(word.text):
            yield Attribute(place, place, *known, mention)
        elif word.tag == "CD" and word.text.isascii() and word.text.isdecimal():
            yield Attribute(place, place, "count", word.text, mention)
    of = mention.begin - 1
    if of > 0 and words[of].text == "of" and words[of - 1].text in _COUNTS_OF:
        yield Attribute(of - 1, of - 1, "count", words[of - 1].text, mention)


def _in_hyphens(words: list[Word], place: int) -> bool:
    """Whether a hyphen ties a word to another that is no attribute ("red-haired")."""
    if not (
        in_sentence(words, place + 2, words[place].sentence)
        and words[place + 1].text in ("-", "–")
        and words[place].end == words[place + 1].start
    ):
        return False
    after = words[place + 2].text
    return after not in ("and", "n") and attribute_of(after) is None


def _is_one_of(words: list[Word], place: int, family: str) -> bool:
    """Whether other values of the same family are joined to one."""
    top = place
    while words[top].relation == "conj" and not below(words, top, *SUBJECTS):
        top = words[top].head
    return any(
        each != place and (known := attribute_of(words[each].text)) and known[0] == family
        for each in conjuncts(words, top)
    )


def _of_some(words: list[Word], place: int, referents: Referents) -> list[Mention]:
    """The things of which a word describes some: "one *red*", "the other *red*", "a *red* one"."""
    sentence = words[place].sentence
    after = place + 1
    while (
        in_sentence(words, after, sentence)
        and attribute_of(words[after].text)
        and (words[after].text not in referents.SOME)
    ):
        after += 1
    joined = in_sentence(words, after + 2, sentence) and words[after].text in ("and", "or")
    value = after + 1 + (joined and words[after + 1].tag == "DT")
    if joined and attribute_of(words[value].text) and words[value].text not in referents.SOME:
        after = value  # "a red and a blue one"
        while (
            in_sentence(words, after, sentence)
            and attribute_of(words[after].text)
            and (words[after].text not in referents.SOME)
        ):
            after += 1
    if in_sentence(words, after, sentence) and words[after].text in ("one", "ones"):
        return referents.some(after) or referents.alike_one(after)
    before = place - 1
    while in_sentence(words, before, sentence) and (
        words[before].text in BE or words[before].tag == "RB"
    ):
        before -= 1
    if before > 1 and words[before].tag == "PRP" and words[before - 1].text == "of":
        before -= 2  # "three of them *red*"
    if in_sentence(words, before, sentence) and words[before].text in referents.SOME:
        if (
            before == place - 1
            and in_sentence(words, place + 1, sentence)
            and (words[place + 1].tag in NOUNS | ADJECTIVES)
        ):
            return []  # "some red cups"
        return referents.some(before) or (
            referents.alike_one(before) if words[before].text in ("one", "other") else []
        )
    return []


def _described(  # noqa: PLR0911 (one reading after the other)
    words: list[Word], place: int, family: str, referents: Referents
) -> list[Mention]:
    """The things that a word outside of their noun phrase describes."""
    word = words[place]
    if word.text in POSTURES:
        return _posed(words, place, referents)
    before = words[place - 1].text if place else ""
    if (family == "state" and word.tag in VERBS - {"VBN", "VBD"}) or word.tag == "RB":
        return []
    if _in_or_of(words, place, family):
        head = word.head
        if head in referents.named and family == "color":
            return referents.modified(head, place)
        return referents.subjects(head, above=True)
    first = _first_joined(words, place)
    if first != place and attribute_of(words[first].text) and first not in referents.named:
        return _described(words, first, family, referents)
    joined = word.relation == "conj" and not below(words, place, *SUBJECTS)
    if joined and word.tag in ADJECTIVES and words[word.head].tag in NOUNS:
        # "It is the size of a horse and *brown*": what the clause is about.
        for above in ancestors(words, place):
            if own := below(words, above, *SUBJECTS):
                return referents.together(own[-1], place)
    if word.relation in ("amod", "compound", "nummod", "nmod", "advmod", "obl"):
        # Words before other nouns are theirs; "a cup red as wine" stands behind.
        if word.head > place or word.head not in referents.named or word.relation != "amod":
            return []
        return referents.modified(word.head, place)
    if word.tag in NOUNS and family not in ("color", "material"):
        return []
    if word.relation in ("obj", "nsubj", "nsubj:pass") or before in ("a", "an", "the"):
        return []
    return referents.subjects(place) or _colored(words, place, referents)


def _is_of_part(words: list[Word], place: int, referents: Referents) -> bool:
    """Whether a word tells of a part: "with his eyes *closed*", "has its doors *open*"."""
    if place < 2:
        return False
    part, before = words[place - 1], words[place - 2]
    return (
        part.tag in NOUNS
        and place - 1 not in referents.named
        and part.lemma not in ("color", "colour")
        and (before.tag == "PRP$" or before.text == "with")
    )


def _colored(words: list[Word], place: int, referents: Referents) -> list[Mention]:
    """The thing whose color a clause tells: "its color is *red*"."""
    for subject in below(words, place, *SUBJECTS):
        if words[subject].lemma in ("color", "colour"):
            of = below(words, subject, "nmod:poss", "nmod")
            return [each for one in of for each in referents.together(one)]
    return []


def _in_or_of(words: list[Word], place: int, family: str) -> bool:
    """Whether a noun is what something is in or of: "a woman in *red*", "made of *wood*"."""
    word = words[place]
    if word.tag not in NOUNS | {"JJ"}:
        return False
    if word.relation not in ("obl", "nmod", "obj", "amod", "xcomp"):
        return False
    cases = [words[each].text for each in below(words, place, "case")]
    if family == "color":
        return "in" in cases
    return family == "material" and "of" in cases and words[word.head].text == "made"


def _first_joined(words: list[Word], place: int) -> int:
    """The first of the words that "and" joins to a word after them, in the same clause."""
    while (
        words[place].relation == "conj"
        and words[place].head < place
        and not below(words, place, *SUBJECTS, "expl")
    ):
        place = words[place].head
    return place


def _posed(words: list[Word], place: int, referents: Referents) -> list[Mention]:
    word = words[place]
    verb = word.tag in VERBS or word.text.endswith("ing") or word.text == "seated"
    if not verb and not (word.text.endswith("s") and tells_how(words, place)):
        return []
    if any(
        _is_object(words, each, referents) and words[min(place + 1, each)].text not in _WAYS
        for each in below(words, place, "obj")
    ):
        return []
    if word.relation in ("amod", "compound") and word.head > place:
        return []
    if word.text.startswith("st") and words[min(place + 1, len(words) - 1)].text == "out":
        return []  # what stands out is noticed
    return referents.subjects(place)


def _is_object(words: list[Word], place: int, referents: Referents) -> bool:
    """Whether a verb's object is one: "flying high" has none."""
    if words[place].text in ("high", "low"):
        return False
    return place in referents.named or bool(words[place].below) or words[place].tag != "NN"
