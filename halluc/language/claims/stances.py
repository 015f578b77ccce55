"""How a text states each of its words: as so, as not so, as possible, or as a question.

Denials are here; `halluc.language.claims.suppositions` has what is only supposed, compared or said
in general.
"""

from __future__ import annotations

from halluc.language.claims.suppositions import find_possible, find_supposed
from halluc.language.pipeline.tree import (
    KNOWN,
    NOUNS,
    SUBJECTS,
    VERBS,
    Word,
    below,
    clause_end,
    conjuncts,
    known_phrases,
    subtree,
)
from halluc.records import Stance

_DENYING = frozenset(
    {"not", "n't", "never", "neither", "nor", "no", "hardly", "barely", "scarcely"}
)
_NO = frozenset({"no", "zero", "0", "neither", "nor"})
_LACKING = frozenset({"absence", "lack"})
_FREE = frozenset({"free", "devoid", "empty", "bare", "clear"})
_WITHOUT_VERBS = frozenset({"lack", "miss", "omit", "exclude"})
_GONE = frozenset({"absent", "missing", "nowhere", "gone", "invisible", "unseen", "nonexistent"})
_SEEN = frozenset("see find spot notice visible present there here shown show include".split())
# After these what "not" denies is over: "not a cat *but* a dog", "no cat, *just* a dog".
_TURNS = frozenset("but just only except rather instead merely simply other".split())
_PICTURE = frozenset("picture image photo photograph scene".split())
_LABELS = frozenset({":", "–", "—", "-", "="})
_ANSWERS = frozenset({"no", "none", "absent", "nope"})


def find_stances(words: list[Word]) -> list[Stance]:
    """The stance of each word of a text."""
    stances: list[Stance] = ["asserted"] * len(words)
    # What stands behind the mark is no question, though the parser may see one sentence.
    asked = {word.sentence: place for place, word in enumerate(words) if word.text == "?"}
    for each in find_possible(words):
        stances[each] = "hedged"
    for place in range(len(words)):
        for each in _denied_by(words, place):
            stances[each] = "denied"
    for each in find_supposed(words):  # "if there were no dog" denies none
        stances[each] = "hedged"
    return [
        "asked" if place < asked.get(words[place].sentence, -1) else each
        for place, each in enumerate(stances)
    ]


def _denied_by(words: list[Word], place: int) -> set[int]:  # noqa: PLR0911 (one denial each)
    word = words[place]
    after = words[place + 1].text if place + 1 < len(words) else ""
    if word.text == "without":
        return _phrase_after(words, place)
    if word.text in _LACKING:
        return {each for one in below(words, place, "nmod") for each in subtree(words, one)}
    if after == "of" and (word.text in _FREE or word.text == "none"):
        if word.text == "none":
            return _none_of(words, place)
        return _phrase_after(words, place + 1)
    if word.lemma in _WITHOUT_VERBS and (word.tag in VERBS or word.tag in NOUNS):
        return _phrase_after(words, place)
    if word.text in _GONE:
        return _subjects_of(words, place)
    if word.text in _LABELS and after in _ANSWERS and place and not _goes_on(words, place + 1):
        return _phrase_before(words, place)
    if word.text in ("no", "zero") and after in ("other", "others"):
        return set()  # "no other dog" tells of one
    if word.text in _NO and word.relation in ("det", "advmod", "nummod", "cc:preconj", "cc"):
        if word.text == "neither" and after == "of":
            return _none_of(words, place)
        return _no_such(words, place)
    if word.text in _DENYING and word.relation in ("advmod", "neg", "cc:preconj", "dep", "cc"):
        return _negated(words, place)
    if word.text in ("nobody", "noone", "nothing") or (
        word.text == "one" and _no_before(words, place)
    ):
        return _predicate_of(words, place)
    return set()


def _goes_on(words: list[Word], place: int) -> bool:
    """Whether more than a sign follows in the sentence: "Cup: no *handle*"."""
    follows = place + 1 < len(words) and words[place + 1].text.isalnum()
    return follows and words[place + 1].tag in NOUNS | {"JJ", "DT", "VBG", "VBN"}


def _no_before(words: list[Word], place: int) -> bool:
    return place > 0 and words[place - 1].text == "no"


def _no_such(words: list[Word], place: int) -> set[int]:
    """What "no" denies: a noun phrase; with "neither … nor" what is said of both things."""
    word = words[place]
    if word.text in ("neither", "nor"):
        # Of things that are known something is denied, others are denied themselves.
        if place + 1 < len(words) and words[place + 1].tag in ("VBG", "VBN", "JJ", "IN"):
            end = clause_end(words, place)
            nor = [each for each in range(place + 1, end) if words[each].text == "nor"]
            return set(range(place + 1, nor[0] if nor else end))
        named = _phrase_after(words, place)
        known = any(words[each].text in KNOWN for each in named)
        verb = _finite_after(words, place)
        if known and verb is not None:
            return set(range(verb, clause_end(words, verb)))
        return named
    head = {word.head} if word.relation in ("det", "advmod", "nummod") else set()
    return _phrase_after(words, place) | {each for each in head if abs(each - place) < 6}


def _finite_after(words: list[Word], place: int) -> int | None:
    for each in range(place + 1, len(words)):
        if words[each].sentence != words[place].sentence or words[each].text == ";":
            return None
        if words[each].tag in ("VBZ", "VBP", "VBD", "MD"):
            return each
    return None


def _none_of(words: list[Word], place: int) -> set[int]:
    """What "none of the dogs" denies: what is said of them."""
    verb = _finite_after(words, place)
    return set() if verb is None else set(range(verb, clause_end(words, verb)))


def _predicate_of(words: list[Word], place: int) -> set[int]:
    """What is said of nobody: "nobody *holds a cup*"; but not "nobody is in *the room*"."""
    verb = _finite_after(words, place)
    if verb is None:
        return set()
    end = clause_end(words, verb)
    turn = [each for each in range(verb, end) if words[each].text in _TURNS]
    return _without_known(words, set(range(verb, turn[0] if turn else end)))


def _subjects_of(words: list[Word], place: int) -> set[int]:
    """The things that are said to be gone."""
    word = words[place]
    own = below(words, place, *SUBJECTS)
    if not own and word.relation in ("xcomp", "advmod", "acl", "amod", "conj"):
        own = below(words, word.head, *SUBJECTS)
    if not own and place > 0 and words[place - 1].tag in ("VBZ", "VBP", "VBD"):
        before = [each for each in range(place) if words[each].sentence == word.sentence]
        own = [each for each in before if words[each].tag in NOUNS][-1:]
    found: set[int] = set()
    for each in own:
        found |= _noun_phrase(words, each)
    return found


def _noun_phrase(words: list[Word], place: int) -> set[int]:
    """A noun with its adjectives and those joined to it, but not what it is of or in."""
    found: set[int] = set()
    for each in conjuncts(words, place):
        found |= {each, *below(words, each, "amod", "nummod", "det")}
    return found


def _phrase_before(words: list[Word], place: int) -> set[int]:
    """The noun phrase that ends before a place."""
    found: set[int] = set()
    for each in range(place - 1, -1, -1):
        word = words[each]
        if word.tag not in NOUNS and word.tag not in ("JJ", "DT", "CD", "VBN"):
            break
        found.add(each)
    return found


def _phrase_after(words: list[Word], place: int) -> set[int]:
    """The noun phrase after a place, with the nouns that "or" and commas join to it."""
    found: set[int] = set()
    for each in range(place + 1, len(words)):
        word = words[each]
        if word.sentence != words[place].sentence or word.text in _TURNS - {"other"}:
            break
        if word.text in (",", "and") and _turns(words, each + 1):
            break
        if word.text == "and" and each + 1 < len(words) and words[each + 1].tag in ("CD", "DT"):
            break  # "no horse and two cats"
        if (
            word.text in ("and", "or", "nor", ",")
            or word.tag in ("DT", "CD", "JJ", "HYPH", "PRP$")
            or word.tag in NOUNS
            or word.relation in ("amod", "compound")
        ):
            found.add(each)
        else:
            break
    return found


def _turns(words: list[Word], place: int) -> bool:
    """Whether something else begins there: "no cat, *just* a dog", "no cat and *the dog is* …"."""
    if place >= len(words) or words[place].text in _TURNS:
        return True
    for each in range(place, min(place + 6, len(words))):
        word = words[each]
        if word.sentence != words[place].sentence or word.text in (",", ";"):
            return False
        if word.tag in ("VBZ", "VBP", "VBD", "MD"):
            return True
    return False


def _negated(words: list[Word], place: int) -> set[int]:
    """What "not" denies: the verb or adjective, and what it says of things not known."""
    word, head = words[place], words[place].head
    after = words[place + 1].text if place + 1 < len(words) else ""
    if after == "one" and place + 2 < len(words) and words[place + 2].text == "of":
        return _none_of(words, place)  # "not one of the dogs is …"
    if after in ("only", "just", "merely", "simply") or (word.text == "no" and after == "longer"):
        return set()
    if word.text in ("hardly", "barely", "scarcely"):
        return _phrase_after(words, place)
    end = clause_end(words, place)
    for each in range(place + 1, min(end, len(words) - 1)):
        turns = words[each].text in _TURNS and words[each].text != "other"
        if turns or (words[each].text in ("this", "the") and words[each + 1].text in _PICTURE):
            end = each
            break
    hanging = subtree(words, head) | {head}
    if words[head].lemma in _SEEN or words[head].tag in NOUNS:
        hanging |= set(range(place + 1, end))
    found = {each for each in hanging if place < each < end}
    if place < head < end or words[head].tag not in NOUNS:
        found.add(head)
    if words[head].lemma in _SEEN and head > place and not _has_object(words, place, end):
        found |= {
            each for one in below(words, head, *SUBJECTS) for each in _noun_phrase(words, one)
        }
    return {each for each in _without_known(words, found) if each < end}


def _has_object(words: list[Word], place: int, end: int) -> bool:
    """Whether a noun stands in a clause after a place, and so is what is not seen."""
    return any(
        words[each].tag in NOUNS and words[each].relation in ("obj", "nsubj")
        for each in range(place, end)
    )


def _without_known(words: list[Word], found: set[int]) -> set[int]:
    """Without known things: "not on the bench" denies no bench, "not on a bench" does."""
    return found - known_phrases(words, found)
