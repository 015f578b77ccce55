"""Verbs of posture: whether they tell of a thing how it is, or just where."""

from __future__ import annotations

from halluc.language.claims.lexicon import FIRST_WORDS, POSTURES
from halluc.language.claims.phrases import Mention
from halluc.language.claims.places import phrase_at
from halluc.language.claims.things import ANIMATE
from halluc.language.pipeline.tree import FINITE, Word, below, clause_start, in_sentence

_RESTING = frozenset({"stand", "lie", "lay", "lean"})
_HOW = frozenset("upright flat straight still".split())
_WHERE = frozenset("there here tall out idle next".split())
_OWN = frozenset("its their his her".split())


def is_state(words: list[Word], place: int, thing: Mention) -> bool:
    """Whether a verb of posture tells of a thing's state.

    "A cup sits on the table" tells where, and "a ladder leans against the wall"; "the cup is
    lying", "it stands upright" and "it lies on its side" tell of its state. People and animals are
    in a state in any place, except that they lean against something.

    Args:
        words: of the text.
        place: of the verb.
        thing: its subject.
    """
    value = POSTURES[words[place].text]
    alive = thing.thing in ANIMATE
    if value == "fly" or (alive and value != "lean"):
        return True
    rests = value in _RESTING or (value == "sit" and thing.thing == "teddy bear")
    return rests and _is_predicate(words, place, thing) and not _is_where(words, place)


def tells_how(words: list[Word], place: int) -> bool:
    """Whether "upright", "flat" or "on its side" follows: a posture, whatever its tag says."""
    after = place + 1
    if not in_sentence(words, after, words[place].sentence):
        return False
    return words[after].text in _HOW or _on_its_side(words, after)


def _is_predicate(words: list[Word], place: int, thing: Mention) -> bool:
    """Whether the verb is said of what stands before it: not "a hot dog stand"."""
    word = words[place]
    if thing.head > place or words[clause_start(words, place)].text in FIRST_WORDS:
        return False  # "on the shelf stands a vase"
    if below(words, place, "aux"):
        return True
    if word.text == POSTURES[word.text]:
        return word.tag in FINITE and words[thing.head].tag != "NN"
    return word.tag in FINITE or tells_how(words, place)


def _is_where(words: list[Word], place: int) -> bool:
    """Whether a phrase of place follows the verb, and nothing that tells how."""
    after = _after(words, place)
    if tells_how(words, place) or not in_sentence(words, after, words[place].sentence):
        return False
    return words[after].text in _WHERE or bool(phrase_at(words, after)[0])


def _after(words: list[Word], place: int) -> int:
    """The place after a verb and its adverbs."""
    after = place + 1
    while in_sentence(words, after, words[place].sentence) and (
        words[after].text in _HOW or (words[after].tag == "RB" and not phrase_at(words, after)[0])
    ):
        after += 1
    return after


def _on_its_side(words: list[Word], place: int) -> bool:
    on, own, side, *_ = *(each.text for each in words[place : place + 3]), "", "", ""
    return on == "on" and own in _OWN and side in ("side", "sides")
