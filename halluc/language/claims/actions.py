"""Relations that verbs state: who holds, wears or rides what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from halluc.language.claims.doubt import Reading
from halluc.language.claims.lexicon import place_of, predicate_of
from halluc.language.claims.phrases import Mention
from halluc.language.claims.places import phrase_after
from halluc.language.claims.referents import Referents
from halluc.language.claims.things import ANIMATE
from halluc.language.pipeline.tree import SUBJECTS, Word, below, in_sentence

# Verbs that have no object, whatever the parser says, and verbs of what a picture shows.
_WITHOUT_OBJECT = frozenset("sit stand lie sleep kneel crouch be appear seem rest".split())
_SHOWING = frozenset("show feature depict capture display portray include present see".split())
_CAUSING = frozenset("make let allow enable help cause give provide".split())
# What only persons and animals do.
_ALIVE = frozenset("carry hold wear ride eat drink use throw catch kick hug pet feed read".split())
_HOLDING = frozenset({"hold", "carry", "have"})
_GIVING = frozenset("offer give hand show pass bring throw feed serve".split())


class Relation(NamedTuple):
    """Two things and what links them.

    Attributes:
        first, last: places of the predicate's first and last word.
        value: the canonical predicate.
        subject, object: the things.
        reading: how it was read, where that is told; else by what stands between.
    """

    first: int
    last: int
    value: str
    subject: Mention
    object: Mention
    reading: Reading | None = None


def of_verb(words: list[Word], referents: Referents, place: int) -> Iterator[Relation]:
    """A verb and its direct object: "*holding* an umbrella"."""
    word = words[place]
    objects = [
        each
        for one in below(words, place, "obj") or _shared(words, place)
        if word.lemma not in _GIVING or not _is_recipient(words, one)
        for each in referents.together(one)
    ]
    objects += _in_other_hand(words, referents, place)
    if word.relation == "acl:relcl" and not below(words, place, "obj"):
        own = below(words, place, *SUBJECTS)
        if own and words[own[0]].text not in ("which", "that", "who") and own[0] < place:
            objects = _object_before(words, referents, place)
    if not objects or place_of(word.text) or word.lemma in _WITHOUT_OBJECT | _SHOWING:
        return
    if word.lemma in _CAUSING and any(
        words[each].tag == "PRP" for each in below(words, place, "obj")
    ):
        return  # "making it cosy"
    value = predicate_of(word.text) or word.lemma
    for subject in referents.subjects(place):
        if word.lemma in _ALIVE and subject.thing not in ANIMATE:
            continue
        for object in objects:
            same = subject.thing == object.thing and subject.thing not in ANIMATE
            if subject is not object and not same:
                yield Relation(place, place, value, subject, object)


def _in_other_hand(words: list[Word], referents: Referents, place: int) -> list[Mention]:
    """What is held besides: "holding a kite in one hand and *a cup* in the other"."""
    if words[place].lemma not in _HOLDING:
        return []
    for hand in range(place + 1, min(place + 12, len(words) - 2)):
        joined = words[hand].text in ("hand", "arm") and words[hand + 1].text == "and"
        if joined and words[hand].sentence == words[place].sentence:
            named = phrase_after(words, referents, hand + 1)
            if named is None or named < 0:
                return []
            held = in_sentence(words, named + 1, words[place].sentence)
            return referents.things(named) if held and words[named + 1].text == "in" else []
    return []


def _shared(words: list[Word], place: int) -> list[int]:
    """The object of the verb that is joined to one: "pushing or *pulling* a cart"."""
    after = place + 2
    if not in_sentence(words, after, words[place].sentence) or words[place + 1].tag != "CC":
        return []
    alike = words[after].tag == words[place].tag and words[after].relation == "conj"
    return below(words, after, "obj") if alike else []


def _is_recipient(words: list[Word], place: int) -> bool:
    """Whether what is given is named behind a verb's object: "offers *the dog* a treat"."""
    after = place + 1
    return in_sentence(words, after, words[place].sentence) and (
        words[after].tag in ("DT", "PRP$", "CD")
    )


def of_wearing(words: list[Word], referents: Referents, place: int) -> Iterator[Relation]:
    """Who wears what, where the parser takes "wearing" for a preposition."""
    clothes = words[place].head
    for subject in referents.modified(words[clothes].head, place):
        for object in referents.together(clothes):
            if subject is not object and subject.thing in ANIMATE:
                yield Relation(place, place, "wear", subject, object)


def _object_before(words: list[Word], referents: Referents, place: int) -> list[Mention]:
    """The object of "the umbrella that a woman is holding"."""
    if any(words[each].text in ("where", "when") for each in words[place].below):
        return []
    if below(words, place, "obl") and words[place].tag != "VBG":
        return []
    return referents.things(words[place].head)
