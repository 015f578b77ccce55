"""What a text does not state as so: what is possible, supposed, wished or compared.

Scopes are taken from the parse where they hang on a verb, and from the order of words where a
sign or a conjunction bounds them, so that a wrong head does little harm.
"""

from __future__ import annotations

from halluc.language.claims.general import GENERAL_CUES, general
from halluc.language.pipeline.tree import (
    ADJECTIVES,
    FINITE,
    NOUNS,
    SUBJECTS,
    VERBS,
    Word,
    clause_end,
    clause_start,
    is_clause,
    known_phrases,
    subtree,
)

_HEDGES = frozenset(
    "possibly perhaps maybe probably likely might may could presumably potentially apparently"
    " supposedly seemingly".split()
)
_SEEMING = frozenset({"seem", "appear"})
_SUGGESTING = frozenset("suggest imply indicate hint assume".split())
_SUPPOSING = frozenset("imagine suppose wish want hope need require expect desire crave".split())
_IF = frozenset({"if", "unless", "whether"})
_INVERTED = frozenset({"had", "were", "should"})
_WOULD = frozenset({"would", "'d", "should"})
_SEEING = frozenset(
    "see find spot notice observe view glimpse detect recognize identify make count".split()
)
_SEEKING = frozenset("wait look search ask hope long call prepare wish hunt shop aim".split())
_THINKING = frozenset("dream think talk speak tell sing remind hear write know read".split())
_MEASURES = frozenset(
    "size shape form height length weight style color colour silhouette look outline".split()
)
_IDEAS = frozenset("invention idea concept history notion thought memory meaning".split())
_AS = frozenset("well such far long soon much many".split())
_LIKENESS = frozenset({"resemble", "mimic", "imitate"})
_INDEFINITE = frozenset({"a", "an", "any", "another"})
_CUES = (
    GENERAL_CUES
    | _IF
    | _INVERTED
    | _WOULD
    | _SUPPOSING
    | _LIKENESS
    | frozenset("for of about as like than unlike to with instead rather opposed".split())
)
_ENDS = frozenset({".", ";", ":", "!", "?"})


def find_possible(words: list[Word]) -> set[int]:
    """Places of the words that are said to be possible ("perhaps a dog")."""
    return {each for place in range(len(words)) for each in _hedged(words, place)}


def find_supposed(words: list[Word]) -> set[int]:
    """Places of the words that are supposed, wished, compared or general."""
    found: set[int] = set()
    for place, word in enumerate(words):
        if word.text not in _CUES and word.lemma not in _CUES and word.tag != "MD":
            continue  # nearly all words
        for rule in (_conditional, _sought, _compared, _replaced, general):
            found |= rule(words, place)
        for rule in (_would, _wished):  # "he needs a key to open *the box*"
            wished = rule(words, place)
            found |= wished - known_phrases(words, wished)
    return found


def _hedged(words: list[Word], place: int) -> set[int]:  # noqa: PLR0911 (one hedge each)
    word = words[place]
    if word.text in _HEDGES and not (word.text == "may" and word.tag in NOUNS):
        if word.text == "could" and _of_seeing(words, place):
            return set()
        scope = _scope(words, place, word.head if word.head != place else place)
        if word.tag == "MD":
            return scope | _vague_subject(words, place)
        return _to_comma(words, place, scope)
    if word.lemma in _SEEMING and word.tag in VERBS and _claims_more(words, place):
        return _scope(words, place, place)
    if word.lemma in _SUGGESTING and word.tag in VERBS:
        return _scope(words, place, place)
    if word.text == "as" and place + 1 < len(words) and words[place + 1].text in ("if", "though"):
        return _to_comma(words, place, _scope(words, place, word.head))
    if word.text == "to" and word.tag == "TO" and _is_purpose(words, word.head):
        return _purpose(words, place)
    if word.text == "or" and word.relation == "cc":
        other = words[word.head]
        if other.tag in NOUNS and other.relation == "conj" and words[other.head].tag in NOUNS:
            return {other.place, other.head}
    return set()


def _conditional(words: list[Word], place: int) -> set[int]:
    """A condition: "*if a dog were here*, …", "*had he a dog*, …", "… *whether there is one*"."""
    word = words[place]
    first = place == 0 or words[place - 1].sentence != word.sentence
    inverted = (
        first
        and word.text in _INVERTED
        and place + 1 < len(words)
        and words[place + 1].tag in ("DT", "PRP", "EX", "PRP$", "NNP")
        and not _is_question(words, place)
    )
    if not inverted and word.text not in _IF:
        return set()
    if not inverted and word.text == "if" and place and words[place - 1].text == "even":
        return set()
    end = clause_end(words, place)
    comma = [each for each in range(place, end) if words[each].text == ","]
    if comma and (first or words[place - 1].text in (",", "as")):
        end = comma[0]
    elif word.text == "whether" and first:
        verbs = [each for each in range(place, end) if words[each].tag in FINITE]
        end = verbs[1] if len(verbs) > 1 else end
    return set(range(place, end))


def _is_question(words: list[Word], place: int) -> bool:
    for each in range(place, len(words)):
        if words[each].sentence != words[place].sentence or words[each].text in _ENDS:
            return words[each].text == "?"
    return False


def _would(words: list[Word], place: int) -> set[int]:
    """What would be: "*a dog* would *look good here*"; "a truck can *carry a car*"."""
    word = words[place]
    if word.tag != "MD" or _of_seeing(words, place):
        return set()
    if word.text in _WOULD or word.text in ("can", "ca"):
        return _scope(words, place, word.head) | _vague_subject(words, place)
    return set()


def _of_seeing(words: list[Word], place: int) -> bool:
    """Whether a modal goes with a verb of seeing: "can be *seen*", "you could *spot*"."""
    for each in range(place + 1, min(place + 5, len(words))):
        word = words[each]
        if word.lemma in _SEEING or word.text in ("visible", "seen", "found", "not", "n't"):
            return True
        if word.tag not in ("RB", "VB", "PRP") or (word.tag == "VB" and word.lemma != "be"):
            return False
    return False


def _vague_subject(words: list[Word], place: int) -> set[int]:
    """The subject of a modal where it is any such thing: "*a dog* would …"."""
    start = clause_start(words, place)
    # "There may be", "in the room might be": what is there stands behind.
    if words[start].text in _INDEFINITE or words[start].tag == "NNS":
        nouns = [each for each in range(start, place) if words[each].tag in NOUNS]
        if nouns and words[nouns[0]].relation in (*SUBJECTS, "compound", "ROOT"):
            return set(range(start, place))
    return set()


def _wished(words: list[Word], place: int) -> set[int]:
    """What is wished or needed: "imagine *a dog*", "she wants *a cup*"."""
    word = words[place]
    after = words[place + 1].tag if place + 1 < len(words) else ""
    verb = (word.tag in VERBS and word.tag != "VBN") or (word.tag == "NNS" and after == "PRP")
    if word.lemma in _SUPPOSING and verb:
        subject = _vague_subject(words, place) if word.lemma in ("need", "require") else set()
        return subject | set(range(place + 1, clause_end(words, place)))
    return set()


def _sought(words: list[Word], place: int) -> set[int]:
    """What is looked for or thought of: "waiting for *the bus*", "dreams of *a cat*"."""
    word = words[place]
    if word.text in ("of", "about") and place and words[place - 1].lemma in _THINKING:
        return _noun_phrase(words, place)
    if word.text == "for" and place:
        before = words[place - 1]
        if before.lemma in _SEEKING:
            return _noun_phrase(words, place)
        phrase = _noun_phrase(words, place)
        bare = place + 1 in phrase and words[place + 1].tag in ("NNS", "JJ")
        plural = bool(phrase) and words[max(phrase)].tag == "NNS"
        return phrase if bare and plural else set()
    return set()


def _compared(words: list[Word], place: int) -> set[int]:
    """What something is compared to: "the size of *a cat*", "unlike *a cat*"."""
    word = words[place]
    before = words[place - 1] if place and words[place - 1].sentence == word.sentence else None
    if (
        word.text == "as"
        and before
        and before.text not in _AS
        and before.tag in ADJECTIVES | {"RB"}
    ):
        one = [each for each in range(max(0, place - 4), place - 1) if words[each].text == "as"]
        compared = _indefinite_phrase(words, place)
        return compared | set(range(one[-1], place)) if one and compared else set()
    like = (
        word.text in ("unlike", "than")
        or (
            word.text == "like"
            and (word.tag not in VERBS or (before and before.text == "just"))
            and not _gives_examples(words, place)
        )
        or (word.text == "to" and before and before.text in ("similar", "compared", "akin"))
        or (word.text == "with" and before and before.text == "compared")
        or (word.text == "of" and before and before.lemma in _MEASURES | {"reminiscent"})
        or (word.lemma in _LIKENESS and word.tag in VERBS)
    )
    if word.text == "of" and before and before.lemma in _IDEAS:
        return _noun_phrase(words, place)
    return _indefinite_phrase(words, place) if like else set()


def _gives_examples(words: list[Word], place: int) -> bool:
    """Whether "like" names some of what stands before it: "items like cups and forks"."""
    before = place - 1
    while before >= 0 and words[before].text == ",":
        before -= 1
    return before >= 0 and (words[before].tag in ("NNS", "NNPS") or words[before].text == "such")


def _replaced(words: list[Word], place: int) -> set[int]:
    """What is not so but might be: "instead of *a cat*", "rather than *sitting*"."""
    after = words[place + 1].text if place + 1 < len(words) else ""
    if (words[place].text, after) not in (("instead", "of"), ("rather", "than"), ("opposed", "to")):
        return set()
    start = place + 2
    if start < len(words) and words[start].tag in ("VBG", "VB", "VBN", "IN", "JJ"):
        end = clause_end(words, start)
        comma = [each for each in range(start, end) if words[each].text == ","]
        return set(range(start, comma[0] if comma else end))
    return _noun_phrase(words, place + 1)


def _noun_phrase(words: list[Word], place: int) -> set[int]:
    """The noun phrase after a place, with those that "and" and "or" join to it."""
    found: set[int] = set()
    for each in range(place + 1, len(words)):
        word = words[each]
        noun = each > place + 1 and words[each - 1].tag in NOUNS
        joins = word.text in ("and", "or") and noun and _names_more(words, each + 1)
        if word.sentence != words[place].sentence or not (
            joins
            or word.tag in NOUNS
            or (word.tag in ("DT", "CD", "PRP$", "POS", "VBN", "VBG", "HYPH") and not noun)
            or word.tag == "POS"
            or (word.tag in ADJECTIVES and not noun)
        ):
            break
        found.add(each)
    return found


def _names_more(words: list[Word], place: int) -> bool:
    """Whether a noun phrase follows that no verb follows: "like a cat and *a dog*"."""
    while place < len(words) and words[place].tag in ADJECTIVES | {"DT", "CD", "PRP$"}:
        place += 1
    if place >= len(words) or words[place].tag not in NOUNS:
        return False
    return place + 1 >= len(words) or words[place + 1].tag not in FINITE


def _indefinite_phrase(words: list[Word], place: int) -> set[int]:
    """The noun phrase after a place where it means any such thing."""
    phrase = _noun_phrase(words, place)
    if not phrase:
        return set()
    first = words[place + 1]
    vague = first.text in _INDEFINITE or (first.tag in ("NNS", "JJ", "NN") and max(phrase) >= place)
    return phrase if vague else set()


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
        aside = words[each].relation == "acl:relcl" and "," in [
            words[one].text for one in range(words[each].head, each)
        ]
        if each != head and each > place and (aside or is_clause(words, each)):
            hanging -= subtree(words, each)
    for each in range(place + 1, len(words)):
        if words[each].sentence != words[place].sentence or words[each].text in _ENDS:
            break
        if each in hanging:
            found.add(each)
    return found


def _to_comma(words: list[Word], place: int, scope: set[int]) -> set[int]:
    """The part of a scope before the next comma: "possibly a nurse, holding a cup" holds one."""
    for each in range(place + 1, max(scope, default=place)):
        if words[each].text == "," and each > place + 1:
            return {one for one in scope if one < each}
    return scope
