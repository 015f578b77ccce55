"""Parsed words as plain data, with what stands beside and below them in the sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halluc.language.pipeline.lemmas import lemma

if TYPE_CHECKING:
    from spacy.tokens import Doc

NOUNS = frozenset({"NN", "NNS", "NNP", "NNPS"})
ADJECTIVES = frozenset({"JJ", "JJR", "JJS"})
VERBS = frozenset({"VB", "VBD", "VBG", "VBN", "VBP", "VBZ"})
BE = frozenset("is are was were be been being 's 're isn't aren't".split())
FINITE = frozenset({"VBZ", "VBP", "VBD", "MD"})
_LONGEST_CLAUSE = 40
_CLAUSE_ENDS = frozenset({".", ";", ":", "!", "?", "–", "—"})
_CLAUSE_JOINS = frozenset({"and", "but", "while", "whereas", "though", "although", "so", "yet"})
KNOWN = frozenset({"the", "this", "that", "his", "her", "its", "their", "these", "those"})
"""Words before a noun whose thing is taken as known."""
SUBJECTS = frozenset({"nsubj", "nsubj:pass", "csubj"})


@dataclass(slots=True)
class Word:
    """A word or sign of a text.

    Attributes:
        place: its position among the words of the text; white space is none.
        text, lemma: in lower case, with straight apostrophes.
        tag, relation: Penn Treebank tag; relation to its head (Universal Dependencies).
        head: the position of its head, its own for the root of a sentence.
        start, end: where it stands in the text.
        sentence: number of its sentence.
        title: its first letter alone is a capital.
        below: places of its dependents, in order.
    """

    place: int
    text: str
    lemma: str
    tag: str
    relation: str
    head: int
    start: int
    end: int
    sentence: int
    title: bool = False
    below: list[int] = field(default_factory=list)


def read_words(doc: Doc) -> list[Word]:
    """The words of a parsed text."""
    from spacy import attrs

    columns = (
        attrs.LOWER, attrs.TAG, attrs.DEP, attrs.HEAD, attrs.IDX, attrs.LENGTH, attrs.SENT_START,
        attrs.IS_SPACE, attrs.IS_TITLE,
    )  # fmt: skip
    # Heads are told by their distance, sentence starts as 1 and -1.
    rows = doc.to_array(columns).astype("int64").tolist() if len(doc) else []
    strings = doc.vocab.strings
    said = [place for place, row in enumerate(rows) if not row[7]]
    places = {token: place for place, token in enumerate(said)}
    words: list[Word] = []
    sentence = 0
    begun = False
    for token, (lower, tag, relation, head, start, length, begins, space, title) in enumerate(rows):
        begun = begun or begins == 1
        if space:
            continue
        place = len(words)
        sentence += begun and place > 0
        begun = False
        text = strings[lower % 2**64].replace("’", "'")
        tagged = strings[tag % 2**64]
        words.append(
            Word(
                place,
                text,
                lemma(text, tagged),
                tagged,
                strings[relation % 2**64],
                places.get(token + head, place),
                start,
                start + length,
                sentence,
                bool(title),
            )
        )
    for word in words:
        if word.head != word.place:
            words[word.head].below.append(word.place)
        if word.relation == "compound" and word.tag in NOUNS and words[word.head].tag in FINITE:
            word.relation = "nsubj"  # no noun makes a compound with a verb
    for word in words:
        if word.tag == "VBN":
            _turn_participle(words, word)
    return words


def _turn_participle(words: list[Word], verb: Word) -> None:
    """Hang a participle on the noun before it: of "a horse *ridden* by a man", no compound."""
    noun, after = words[verb.place - 1], words[verb.place + 1 : verb.place + 2]
    led = noun.relation == "compound" or (
        verb.relation in SUBJECTS and noun.relation in SUBJECTS  # "the truck *seen* from … is …"
    )
    if not led or noun.head != verb.place or not after or after[0].tag != "IN":
        return
    noun.head = verb.head
    noun.relation = "nsubj" if verb.relation == "csubj" else verb.relation
    if verb.head == verb.place:
        noun.head = noun.place
    else:
        words[verb.head].below.remove(verb.place)
        words[verb.head].below = sorted([*words[verb.head].below, noun.place])
    before = [each for each in verb.below if each < noun.place]
    for each in before:
        words[each].head = noun.place
    noun.below = sorted([*before, *noun.below, verb.place])
    verb.below = [each for each in verb.below if each > verb.place]
    verb.head, verb.relation = noun.place, "acl"


def below(words: list[Word], place: int, *relations: str) -> list[int]:
    """The dependents of a word that have one of some relations."""
    return [each for each in words[place].below if words[each].relation in relations]


def ancestors(words: list[Word], place: int) -> Iterator[int]:
    """The heads above a word, from the nearest to the root."""
    while words[place].head != place:
        place = words[place].head
        yield place


def subtree(words: list[Word], place: int) -> set[int]:
    """A word and all that hangs on it."""
    found, todo = {place}, [place]
    while todo:
        for each in words[todo.pop()].below:
            if each not in found:
                found.add(each)
                todo.append(each)
    return found


def conjuncts(words: list[Word], place: int) -> list[int]:
    """A word and those that are joined to it ("a *fork* and a *knife*"), in order."""
    found = [place]
    for each in found:
        found += [one for one in below(words, each, "conj") if one not in found]
    return sorted(found)


def in_sentence(words: list[Word], place: int, sentence: int) -> bool:
    """Whether there is such a place, and it is in a sentence."""
    return 0 <= place < len(words) and words[place].sentence == sentence


def clause_end(words: list[Word], place: int) -> int:
    """The place after the last word of the clause that a word is in.

    A clause ends with its sentence, at a semicolon, colon or dash, and before a comma or "and",
    "but", "while" after which a subject and its verb follow.

    Args:
        words: of the text.
        place: of a word in the clause.
    """
    for each in range(place + 1, len(words)):
        word = words[each]
        if word.sentence != words[place].sentence or word.text in _CLAUSE_ENDS:
            return each
        if _joins_clauses(words, each):
            return each
    return len(words)


def _joins_clauses(words: list[Word], place: int) -> bool:
    """Whether a comma or conjunction stands between two clauses, each with its verb."""
    if words[place].text not in _CLAUSE_JOINS and words[place].text != ",":
        return False
    after = words[place + 1 : place + 3]
    if len(after) > 1 and after[0].tag == "PRP" and after[1].tag in FINITE:
        return after[0].sentence == words[place].sentence
    return _clause_begins(words, place + 1) and any(
        each.tag in FINITE and each.sentence == words[place].sentence
        for each in words[max(0, place - _LONGEST_CLAUSE) : place]
    )


def _clause_begins(words: list[Word], place: int) -> bool:
    """Whether a subject and a finite verb follow, with no other sign between."""
    nouns = False
    for each in range(place, min(place + 12, len(words))):
        word = words[each]
        if word.sentence != words[place].sentence or word.text in _CLAUSE_ENDS | {","}:
            return False
        if word.tag in FINITE:
            return nouns
        if word.text in _CLAUSE_JOINS and each > place:
            return False
        nouns = nouns or word.tag in NOUNS or word.tag in ("PRP", "EX", "DT", "CD")
    return False


def clause_start(words: list[Word], place: int) -> int:
    """The place of the first word of the clause that a word is in; see `clause_end`."""
    for each in range(place - 1, -1, -1):
        word = words[each]
        if word.sentence != words[place].sentence or word.text in _CLAUSE_ENDS:
            return each + 1
        if word.tag in ("WDT", "WP"):
            return each
        if _joins_clauses(words, each):
            return each + 1
    return 0


def known_phrases(words: list[Word], places: set[int]) -> set[int]:
    """Those of some places that are in a noun phrase whose thing is taken as known: "the dog"."""
    found: set[int] = set()
    for each in places:
        if words[each].tag in NOUNS and any(words[one].text in KNOWN for one in words[each].below):
            found.add(each)
            for one in below(words, each, "amod", "nummod", "compound", "det"):
                found |= subtree(words, one)
    return found & places


def is_clause(words: list[Word], place: int) -> bool:
    """Whether a joined verb or adjective begins anew ("… and *is sleeping*", "…, as it runs")."""
    word = words[place]
    if word.relation not in ("conj", "parataxis", "advcl"):
        return False
    return word.tag in FINITE or any(
        words[each].tag in FINITE
        or words[each].relation in SUBJECTS
        or (words[each].relation == "mark" and words[each].text in ("while", "when"))
        for each in word.below
    )
