"""Relations between things that a text states: prepositions and phrases of place; see `actions`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from halluc.language.claims.actions import Relation, of_verb, of_wearing
from halluc.language.claims.doubt import reading_of_place
from halluc.language.claims.phrases import Mention
from halluc.language.claims.places import at_own_side, enumerated, phrase_after, phrase_at
from halluc.language.claims.referents import Referents
from halluc.language.claims.things import ANIMATE
from halluc.language.pipeline.tree import (
    FINITE,
    NOUNS,
    SUBJECTS,
    VERBS,
    Word,
    ancestors,
    below,
    clause_start,
    conjuncts,
    in_sentence,
)

_CONTAINERS = frozenset({"bowl", "cup", "bottle", "vase", "wine glass", "suitcase", "sink"})
_PLACED = frozenset(
    "parked seated located placed positioned situated set standing sitting lying stopped".split()
)
# A thing is where one puts it.
_PUTTING = frozenset(
    "load put place set lay keep leave position mount hang show see find spot".split()
)
_BEFORE_VERB = frozenset({",", "there", "you", "we", "one", "also", "here"})
_TOOLS = frozenset({"scissors", "knife", "fork", "spoon", "baseball bat", "tennis racket"})
_USING = frozenset("cut slice eat hit chop spread open stir feed trim carve poke swing".split())
_NEXT_CLAUSE = frozenset({"and", "but", "while"})
_NEW = frozenset("a an another two three four five six several some".split())


def find_relations(words: list[Word], referents: Referents) -> Iterator[Relation]:
    """All relations between things in a text."""
    place = 0
    while place < len(words):
        length, value = phrase_at(words, place)
        if not length:
            place += 1
            continue
        last = place + length - 1
        yield from _of_phrase(words, referents, place, last, value)
        place = last + 1
    for place, word in enumerate(words):
        if word.text == "wearing" and word.relation == "case":
            yield from of_wearing(words, referents, place)
        elif word.tag in VERBS and word.relation not in ("aux", "aux:pass", "cop"):
            yield from of_verb(words, referents, place)
        elif word.text == "of":
            yield from _of_container(words, referents, place)


def _of_phrase(
    words: list[Word], referents: Referents, first: int, last: int, value: str
) -> Iterator[Relation]:
    head = phrase_after(words, referents, last)
    if head is None:
        yield from _stranded(words, referents, first, last, value)
        return
    if head < 0:
        yield from _each_other(words, referents, first, last, value)
        return
    if words[first].text == "by":
        verb = words[words[head].head]
        if verb.tag in ("VBN", "VBD") and verb.text not in _PLACED and verb.place < first:
            value = f"{verb.text} by"
            first = verb.place if verb.place == first - 1 else first
    if value == "with" and words[head].text in referents.SOME:
        return  # "with one on the left and another on the right"
    if words[head].tag in ("WDT", "WP") and head == last + 1:
        yield from _of_which(words, referents, first, last, value)
        return
    objects = enumerated(words, referents, head)
    if own := at_own_side(words, referents, first):
        last, value, objects = own
        head = first + 1
    subjects: list[Mention] = []
    if value == "with" and first - 1 in referents.named:
        objects, subjects = _with(words, referents, first, head, objects)
    if not objects:
        return
    subjects = (
        subjects
        or _with_tool(words, referents, first, objects)
        or _fronted(words, referents, first, head)
        or _behind(words, referents, first, head)
        or _linked(words, referents, first, last, head)
        or _before_verb(words, referents, first)
    )
    reading = reading_of_place(words, referents, first, head, subjects)
    for subject in subjects:
        for object in objects:
            if subject not in objects:
                yield Relation(first, last, value, subject, object, reading)


def _of_which(
    words: list[Word], referents: Referents, first: int, last: int, value: str
) -> Iterator[Relation]:
    """What is at the thing named before: "the bench *on which* a man sits", "… there is a cup"."""
    before = first - 1 - (words[first - 1].text == ",")
    if before not in referents.named or referents.named[before].head != before:
        return
    place = last + 1
    while in_sentence(words, place + 1, words[first].sentence) and (
        words[place + 1].tag in FINITE | {"EX"}
    ):
        place += 1
    named = phrase_after(words, referents, place)
    for subject in enumerated(words, referents, named) if named is not None and named >= 0 else []:
        if subject is not referents.named[before]:
            yield Relation(first, last, value, subject, referents.named[before])


def _with(
    words: list[Word], referents: Referents, first: int, head: int, objects: list[Mention]
) -> tuple[list[Mention], list[Mention]]:
    """Things after "with", and the one right before it where that must have them."""
    if _is_at_it(words, head):
        return objects, referents.things(first - 1)  # "beside *a boat* with a man in it"
    if not objects:  # "a table with a tray and a bottle of tea on it"
        return referents.joined_things(head), referents.things(first - 1)
    return objects, []


def _is_at_it(words: list[Word], head: int) -> bool:
    """Whether what a thing is with is said to be at it: "with *a man* in it"."""
    place = head + 1
    while in_sentence(words, place, words[head].sentence) and words[place].tag in (
        "IN",
        "RB",
        "TO",
    ):
        place += 1
    return (
        place > head + 1
        and in_sentence(words, place, words[head].sentence)
        and (words[place].text == "it")
    )


def _with_tool(
    words: list[Word], referents: Referents, first: int, objects: list[Mention]
) -> list[Mention]:
    """Who does something with a tool: "a *man* cutting a cake with a knife"."""
    if words[first].text != "with" or any(each.thing not in _TOOLS for each in objects):
        return []
    for place in range(first - 1, clause_start(words, first) - 1, -1):
        if words[place].tag in VERBS and words[place].lemma in _USING:
            return [each for each in referents.subjects(place) if each.thing in ANIMATE]
    return []


def _fronted(words: list[Word], referents: Referents, first: int, head: int) -> list[Mention]:
    """What a sentence names after its verb: "left of the fork *is* a cup", "… one sees a cup"."""
    sentence = words[first].sentence
    if in_sentence(words, first - 1, sentence) and not (
        words[first - 1].text in _NEXT_CLAUSE
        and in_sentence(words, head + 2, sentence)
        and words[head + 1].tag in FINITE
        and words[head + 2].text in _NEW
    ):
        return []
    place = head + 1
    joined = set(conjuncts(words, head))
    while in_sentence(words, place, sentence) and words[place].tag not in VERBS | {"MD"}:
        if words[place].text not in _BEFORE_VERB and not (
            place in joined or words[place].head in joined
        ):
            return []
        place += 1
    while in_sentence(words, place, sentence) and words[place].tag in VERBS | {"MD", "RB"}:
        place += 1
    if not in_sentence(words, place, sentence):
        return []
    named = phrase_after(words, referents, place - 1)
    return enumerated(words, referents, named) if named is not None and named >= 0 else []


def _behind(words: list[Word], referents: Referents, first: int, head: int) -> list[Mention]:
    """What is named right behind a joined phrase of place: "… and next to it *a cup*"."""
    after = head + 1
    if (
        not in_sentence(words, after, words[first].sentence)
        or not in_sentence(words, first - 1, words[first].sentence)
        or words[first - 1].text not in ("and", ",", "while")
        or words[after].text not in _NEW
    ):
        return []
    named = phrase_after(words, referents, head)
    if named is None or named < 0:
        return []
    verb = named + 1
    if in_sentence(words, verb, words[first].sentence) and words[verb].tag in FINITE:
        return []
    return enumerated(words, referents, named)


def _linked(  # noqa: PLR0911 (one reading after the other)
    words: list[Word], referents: Referents, first: int, last: int, head: int
) -> list[Mention]:
    """What a phrase of place and its object say where it is."""
    if (other := _joined_phrase(words, first)) is not None:
        length, _ = phrase_at(words, other)
        named = phrase_after(words, referents, other + length - 1)
        if named is not None and 0 <= named < first:
            return _linked(words, referents, other, other + length - 1, named)
    if owner := _owner(words, referents, first):
        return owner
    top = head
    while first <= words[top].head <= head and words[top].head != top:
        top = words[top].head
    if _is_part(words, referents, first - 1 - (words[first - 1].tag == "VBG")):
        return []
    if own := below(words, top, *SUBJECTS):
        outside = [each for each in own if not first <= each <= head]
        if outside:
            return referents.together(outside[-1], first if outside[-1] < first else None)
    if words[top].head == top:
        return referents.subjects(top)
    before = referents.named.get(first - 1)
    if (
        before
        and before.head == first - 1
        and (
            words[first].tag == "VBN"  # "a table filled with pizza"
            or words[head].tag == "PRP"  # "with a bird on it"
            or (words[first].text == "with" and before.thing in ANIMATE)
        )
    ):
        return referents.modified(before.head, first)
    above = words[top].head
    if above == first - 1 and words[above].text in referents.SOME and words[above].tag == "CD":
        return referents.things(above)  # "two gloves, *one* near the boy"
    if above in referents.named or words[above].tag in NOUNS:
        return referents.modified(above, first) if above < first else referents.together(above)
    if words[above].lemma in _PUTTING and (put := below(words, above, "obj")):
        return referents.together(put[0])
    return referents.subjects(above, above=True)


def _owner(words: list[Word], referents: Referents, first: int) -> list[Mention]:
    """Whose thing "with" names: "a *man* at a table with his dog"."""
    whose = first + 1
    if words[first].text != "with" or not in_sentence(words, whose, words[first].sentence):
        return []
    return referents.things(whose) if words[whose].text in ("his", "her") else []


def _is_part(words: list[Word], referents: Referents, place: int) -> bool:
    """Whether a part is told of: "with *its head* on a cushion"."""
    return (
        place > 1
        and words[place].tag in NOUNS
        and place not in referents.named
        and words[place - 1].tag == "PRP$"
        and words[place - 2].text == "with"
    )


def _joined_phrase(words: list[Word], first: int) -> int | None:
    """The phrase of place that another is joined to: "not *on* the table but on the chair"."""
    if first < 2 or words[first - 1].text not in ("but", "and", "or") or words[first].tag != "IN":
        return None
    for place in range(first - 2, clause_start(words, first - 1) - 1, -1):
        if words[place].tag in FINITE:
            return None
        if words[place].tag == "IN" and phrase_at(words, place)[0]:
            return place
    return None


def _before_verb(words: list[Word], referents: Referents, first: int) -> list[Mention]:
    """The thing before a verb, without the parser: "a *cup* can be seen on the table"."""
    place = first - 1
    while (
        place > 0
        and place not in referents.named
        and words[place].tag in VERBS | {"MD", "RB", "JJ"}
    ):
        place -= 1
    if place in referents.named and words[place].sentence == words[first].sentence:
        return referents.modified(place, first)
    return []


def _each_other(
    words: list[Word], referents: Referents, first: int, last: int, value: str
) -> Iterator[Relation]:
    subjects = _linked(words, referents, first, last, last + 2)
    if len(subjects) == 1 and subjects[0].plural:
        subjects = subjects * 2
    for one, other in pairwise(subjects):
        yield Relation(first, last, value, one, other)


def _stranded(
    words: list[Word], referents: Referents, first: int, last: int, value: str
) -> Iterator[Relation]:
    """A phrase without its object: "the bench that a man is sitting *on*"."""
    for verb in ancestors(words, last):
        if words[verb].relation in ("acl:relcl", "acl") and words[verb].head < verb <= first:
            own = below(words, verb, *SUBJECTS)
            if own and words[own[0]].tag not in ("WDT", "WP"):
                for subject in referents.together(own[0]):
                    for object in referents.things(words[verb].head):
                        yield Relation(first, last, value, subject, object)
            return


def _of_container(words: list[Word], referents: Referents, place: int) -> Iterator[Relation]:
    """What a container holds: "a bowl *of* oranges"."""
    holder = referents.named.get(place - 1)
    if holder is None or holder.thing not in _CONTAINERS:
        return
    head = phrase_after(words, referents, place)
    if head is None or head < 0:
        return
    for each in referents.together(head):
        yield Relation(place, place, "contain", holder, each)
