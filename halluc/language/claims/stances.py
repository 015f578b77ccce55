"""How a text states each of its words: as so, as not so, as possible, or as a question."""

from __future__ import annotations

from halluc.language.pipeline.tree import NOUNS, SUBJECTS, VERBS, Word, below, subtree
from halluc.records import Stance

_HEDGES = frozenset(
    "possibly perhaps maybe probably likely might may could presumably potentially apparently"
    " supposedly seemingly".split()
)
_SEEMING = frozenset({"seem", "appear"})
_SUGGESTING = frozenset("suggest imply indicate hint assume".split())
_DENYING = frozenset({"not", "n't", "never", "neither", "nor", "no"})
_LACKING = frozenset({"absence", "lack"})
_ENDS = frozenset({".", ";", ":", "!", "?"})


def find_stances(words: list[Word]) -> list[Stance]:
    """The stance of each word of a text."""
    stances: list[Stance] = ["asserted"] * len(words)
    # What stands behind the mark is no question, though the parser may see one sentence.
    asked = {word.sentence: place for place, word in enumerate(words) if word.text == "?"}
    for place in range(len(words)):
        for each in _hedged_by(words, place):
            stances[each] = "hedged"
    for place in range(len(words)):
        for each in _denied_by(words, place):
            stances[each] = "denied"
    return [
        "asked" if place < asked.get(words[place].sentence, -1) else each
        for place, each in enumerate(stances)
    ]


def _hedged_by(words: list[Word], place: int) -> set[int]:  # noqa: PLR0911 (one hedge each)
    word = words[place]
    if word.text in _HEDGES and not (word.text == "may" and word.tag in NOUNS):
        scope = _scope(words, place, word.head if word.head != place else place)
        return scope if word.tag == "MD" else _to_comma(words, place, scope)
    if word.lemma in _SEEMING and word.tag in VERBS and _claims_more(words, place):
        return _scope(words, place, place)
    if word.lemma in _SUGGESTING and word.tag in VERBS:
        return _scope(words, place, place)
    if word.text == "as" and place + 1 < len(words) and words[place + 1].text in ("if", "though"):
        return _scope(words, place, word.head)
    if word.text == "to" and word.tag == "TO" and _is_purpose(words, word.head):
        return _purpose(words, place)
    if word.text == "or" and word.relation == "cc":
        other = words[word.head]
        if other.tag in NOUNS and other.relation == "conj" and words[other.head].tag in NOUNS:
            return {other.place, other.head}
    return set()


def _claims_more(words: list[Word], place: int) -> bool:
    """Whether "appears" says how something is, rather than that it can be seen."""
    return any(
        words[each].relation in ("xcomp", "ccomp", "advcl") for each in words[place].below
    ) or (place + 1 < len(words) and words[place + 1].text == "to")


def _is_purpose(words: list[Word], verb: int) -> bool:
    """Whether "to" says what is to be: "a seat *to sit on*", "ready *to catch*"."""
    word = words[verb]
    if word.relation in ("acl", "advcl"):
        return True
    return word.relation == "xcomp" and words[word.head].lemma not in _SEEMING


def _purpose(words: list[Word], place: int) -> set[int]:
    """The words of "(for people) to sit"."""
    verb = words[place].head
    last = place - 1
    is_whom = last >= 0 and any(words[each].text == "for" for each in words[last].below)
    for_whom = subtree(words, last) if is_whom else set()
    return _scope(words, place, verb) | for_whom


def _scope(words: list[Word], place: int, head: int) -> set[int]:
    """What hangs on a word and stands after a hedge, up to the end of the clause."""
    found = set()
    hanging = subtree(words, head)
    for each in list(hanging):
        if each != head and each > place and _is_clause(words, each):
            hanging -= subtree(words, each)
    for each in range(place + 1, len(words)):
        if words[each].sentence != words[place].sentence or words[each].text in _ENDS:
            break
        if each in hanging:
            found.add(each)
    return found


def _is_clause(words: list[Word], place: int) -> bool:
    """Whether a joined verb or adjective begins anew ("… and *is sleeping*", "…, as it runs")."""
    word = words[place]
    if word.relation not in ("conj", "parataxis", "advcl"):
        return False
    finite = ("VBZ", "VBP", "VBD", "MD")
    return word.tag in finite or any(
        words[each].tag in finite or words[each].relation in SUBJECTS for each in word.below
    )


def _to_comma(words: list[Word], place: int, scope: set[int]) -> set[int]:
    """The part of a scope before the next comma: "possibly a nurse, holding a cup" holds one."""
    for each in range(place + 1, max(scope, default=place)):
        if words[each].text == "," and each > place + 1:
            return {one for one in scope if one < each}
    return scope


def _denied_by(words: list[Word], place: int) -> set[int]:
    word = words[place]
    if word.text == "without":
        return _phrase_after(words, place)
    if word.text in _LACKING:
        return {each for one in below(words, place, "nmod") for each in subtree(words, one)}
    if word.text == "no" and word.relation in ("det", "advmod"):
        return _phrase_after(words, place) | {word.head}
    if word.text in _DENYING and word.relation in ("advmod", "neg", "cc:preconj", "dep", "cc"):
        return _negated(words, place)
    return set()


def _phrase_after(words: list[Word], place: int) -> set[int]:
    """The noun phrase after a place, with the nouns that "or" and commas join to it."""
    found: set[int] = set()
    for each in range(place + 1, len(words)):
        word = words[each]
        if word.sentence != words[place].sentence:
            break
        if (
            word.text in ("and", "or", "nor", ",")
            or word.tag in ("DT", "CD", "JJ", "HYPH")
            or word.tag in NOUNS
            or word.relation in ("amod", "compound")
        ):
            found.add(each)
        else:
            break
    return found


def _negated(words: list[Word], place: int) -> set[int]:
    """What "not" denies: the verb or adjective, and what it says of things not known."""
    head = words[place].head
    found = {head}
    for each in subtree(words, head):
        if each > place and words[each].sentence == words[place].sentence:
            found.add(each)
    known = set()
    for each in found:
        # "Not on the bench" denies no bench, "not on a bench" does.
        if words[each].tag in NOUNS and any(
            words[one].text in ("the", "this", "that", "his", "her", "its", "their")
            for one in words[each].below
        ):
            known.add(each)
    return found - known
