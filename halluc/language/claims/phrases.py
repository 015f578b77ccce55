"""Where a text names things, and the words before each name that describe it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from halluc.language.claims.lexicon import attribute_of
from halluc.language.claims.things import Things
from halluc.language.pipeline.tree import ADJECTIVES, BE, NOUNS, VERBS, Word, in_sentence

# After the name of a thing: portions are the thing, though they are nouns of their own.
_PORTIONS = frozenset(
    "slice slices piece pieces half halves portion portions chunk chunks wedge wedges floret"
    " florets stick sticks bunch bunches".split()
)
# Parts that are words for other things; what is said of them is not said of the thing. A car of a
# train is.
_PARTS = {
    "train": frozenset("car cars engine engines carriage carriages".split()),
    "truck": frozenset("bed beds cab cabs".split()),
    "toilet": frozenset("seat seats lid lids bowl bowls tank".split()),
    "broccoli": frozenset("stalk stalks head heads".split()),
}
# Words for things that are adjectives as often.
_ADJECTIVES = frozenset("orange male female adult remote patient canine feline equine".split())
_DETERMINERS = frozenset({"DT", "CD", "PRP$", "POS", "PDT", "JJ", "WP$"})
_LINKS = BE | frozenset(
    "look looks looked appear appears seem seems painted colored bright in".split()
)
_SOME = frozenset({"some", "most", "half"})
_LABELS = frozenset({":", "(", "=", "|"})
_MODIFIERS = frozenset({"compound", "amod", "nmod", "nummod", "flat"})


@dataclass(slots=True)
class Mention:
    """A name of a thing.

    Attributes:
        thing: its class.
        first, last: places of the name's first and last word.
        head: place of the word that the parser takes for it: a part's, in "*pizza* slice".
        plural: it names several.
        before: places of the words before it that belong to it and may describe it, the nearest
            first.
        begin: place of the first word of the noun phrase.
        part: what is said of the phrase is said of a part: "*toilet* seat", "*truck* bed".
        some: it stands for one or some of several ("*one* of the dogs"), not for all.
    """

    thing: str
    first: int
    last: int
    head: int
    plural: bool
    before: list[int]
    begin: int
    part: bool = False
    some: bool = False


def find_mentions(words: list[Word], things: Things, skip: Set[int] = frozenset()) -> list[Mention]:
    """All names of things that a text says are there, in order.

    Args:
        words: of the text.
        things: the vocabulary.
        skip: places of words that name nothing.
    """
    texts = ["" if word.place in skip else word.text for word in words]
    mentions: list[Mention] = []
    place = 0
    while place < len(words):
        name = things.at(texts, place)
        if name is None:
            place += 1
            continue
        last = place + name.length - 1
        following = last + 1
        if name.thing and _is_noun(words, place, last) and not _in_compound(words, last):
            part = _is_part(words, following, name.thing)
            if part or not _modifies(words, last):
                before, begin = _before(words, place, last + part)
                if part:  # "two pizza slices" are not two pizzas
                    before = [each for each in before if _family(words[each]) != "count"]
                some = any(words[each].text in _SOME for each in range(begin, place))
                own = part and name.thing != "train" and words[following].text not in _PORTIONS
                mentions.append(
                    Mention(
                        name.thing, place, last, last + part, name.plural, before, begin, own, some
                    )
                )
                following += part
        elif name.length > 1 and name.thing:
            following = place + 1
        place = following
    _find_teddies(mentions)
    return mentions


def _find_teddies(mentions: list[Mention]) -> None:
    """Where a teddy bear was named, "the bear" is it."""
    bears = [each for each in mentions if each.thing in ("bear", "teddy bear")]
    if bears and bears[0].thing == "teddy bear":
        for each in bears:
            each.thing = "teddy bear"


def _is_noun(words: list[Word], first: int, last: int) -> bool:
    """Whether a name is used as a noun, though the tagger may doubt it."""
    word = words[last]
    before = words[first - 1] if in_sentence(words, first - 1, word.sentence) else None
    after = words[last + 1] if in_sentence(words, last + 1, word.sentence) else None
    if word.text == "orange" and _is_color(words, last):
        return False
    if first < last or word.tag in NOUNS or (after is not None and after.text in _LABELS):
        return True
    determined = before is not None and before.tag in _DETERMINERS
    if word.tag in VERBS:
        return determined and (after is None or after.tag not in ("DT", "PRP$"))
    if after and after.tag in NOUNS:
        return False
    return determined or word.text not in _ADJECTIVES


def _is_color(words: list[Word], place: int) -> bool:
    """Whether "orange" stands alone as a color ("is orange", "white and orange")."""
    before = place - 1
    while before > 0 and words[before].text in (",", "and", "-"):
        before -= 1
    if before == place - 1:
        return before >= 0 and words[before].text in _LINKS
    return before >= 0 and _family(words[before]) == "color"


def _in_compound(words: list[Word], last: int) -> bool:
    """Whether a hyphen ties a name to the next word ("dog-shaped")."""
    return (
        last + 2 < len(words)
        and words[last + 1].text in ("-", "–")
        and words[last].end == words[last + 1].start
        and words[last + 1].end == words[last + 2].start
    )


def _is_part(words: list[Word], place: int, thing: str) -> bool:
    if place >= len(words) or words[place].tag not in NOUNS:
        return False
    return words[place].text in _PARTS.get(thing, ()) or words[place].text in _PORTIONS


def _modifies(words: list[Word], last: int) -> bool:
    """Whether a name only modifies the noun after it ("*train* station")."""
    word = words[last]
    after = words[last + 1] if last + 1 < len(words) else None
    if after and (after.text in _LABELS or (after.text in "-–" and word.end < after.start)):
        return False  # "cup - red"
    end = last
    while in_sentence(words, end + 1, word.sentence) and words[end + 1].tag in NOUNS:
        end += 1
    if end == last:
        # "Pizza cutting board": other words may be between.
        return (
            word.relation == "compound"
            and last < word.head <= last + 3
            and in_sentence(words, word.head, word.sentence)
            and all(
                words[each].tag in NOUNS | ADJECTIVES | {"VBG", "HYPH", "VBN"}
                for each in range(last + 1, word.head + 1)
            )
        )
    if last < word.head <= end:
        return word.relation not in ("nsubj", "nsubj:pass")
    return any(
        words[each].head == last and words[each].relation in (*_MODIFIERS, "appos", "dep")
        for each in range(last + 1, end + 1)
    ) or word.relation in ("compound", "amod")


def _family(word: Word) -> str:
    found = attribute_of(word.text)
    return found[0] if found else ""


def _before(words: list[Word], first: int, last: int) -> tuple[list[int], int]:
    """Places of the words that describe a name, and of the first word of its phrase."""
    found: list[int] = []
    place = first - 1
    while in_sentence(words, place, words[first].sentence):
        word = words[place]
        if not found and word.text == "of" and words[place - 1].text in ("pair", "pairs"):
            place -= 1  # "a black pair of scissors"
        elif word.text in ("-", "–") or (
            word.tag in ("RB", "RBR") and attribute_of(word.text) is None
        ):
            pass  # "very large", "black-and-white"
        elif word.text in (",", "and", "or", "/", "&"):
            if not _joins(words, place, found, last):
                break
        elif _describes(words, place, last):
            found.append(place)
        else:
            break
        place -= 1
    begin = found[-1] if found else first
    while in_sentence(words, begin - 1, words[first].sentence) and (
        words[begin - 1].tag in ("DT", "PDT", "PRP$", "POS", "RB", "WP$")
    ):
        begin -= 1
    return found, begin


def _describes(words: list[Word], place: int, last: int) -> bool:
    """Whether a word before a name can belong to its phrase."""
    word = words[place]
    inside = place < word.head <= last
    if word.tag in NOUNS:
        return (inside and word.relation in _MODIFIERS) or _family(word) == "color"
    if word.tag in VERBS:
        return (inside and word.relation in _MODIFIERS) or (
            place + 1 == last and word.tag in ("VBN", "VBG") and inside
        )
    return (
        word.tag in ADJECTIVES
        or word.tag == "CD"
        or (word.tag not in ("DT", "IN", "PRP", "TO") and attribute_of(word.text) is not None)
    )


def _joins(words: list[Word], place: int, found: list[int], last: int) -> bool:
    """Whether a comma or "and" stands between two words that describe the same name."""
    one = place - 1
    while one > 0 and words[one].text in ("-", "–"):
        one -= 1
    if not found or not in_sentence(words, one, words[place].sentence):
        return False
    before, after = words[one], words[found[-1]]
    if after.tag == "CD" or before.tag == "CD":
        return False
    said, also = attribute_of(before.text), attribute_of(after.text)
    if said and also and said[0] == also[0]:
        return True
    return (before.tag in ADJECTIVES or said is not None) and one < before.head <= last
