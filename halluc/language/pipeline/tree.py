"""Parsed words as plain data, with what stands beside and below them in the sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc

NOUNS = frozenset({"NN", "NNS", "NNP", "NNPS"})
ADJECTIVES = frozenset({"JJ", "JJR", "JJS"})
VERBS = frozenset({"VB", "VBD", "VBG", "VBN", "VBP", "VBZ"})
BE = frozenset("is are was were be been being 's 're isn't aren't".split())
SUBJECTS = frozenset({"nsubj", "nsubj:pass", "csubj"})


@dataclass(slots=True)
class Word:
    """A word or sign of a text.

    Attributes:
        place: its position among the words of the text; white space is none.
        text, lemma: in lower case.
        tag, relation: Penn Treebank tag; relation to its head (Universal Dependencies).
        head: the position of its head, its own for the root of a sentence.
        start, end: where it stands in the text.
        sentence: number of its sentence.
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
    below: list[int] = field(default_factory=list)


def read_words(doc: Doc) -> list[Word]:
    """The words of a parsed text."""
    tokens = list(doc)
    said = (each.i for each in tokens if not each.is_space)
    places = {token: place for place, token in enumerate(said)}
    words: list[Word] = []
    sentence = 0
    begun = False
    for token in tokens:
        begun = begun or bool(token.is_sent_start)
        if token.i not in places:
            continue
        place = len(words)
        sentence += begun and place > 0
        begun = False
        words.append(
            Word(
                place,
                token.lower_,
                token.lemma_.lower(),
                token.tag_,
                token.dep_,
                places.get(token.head.i, place),
                token.idx,
                token.idx + len(token),
                sentence,
            )
        )
    for word in words:
        if word.head != word.place:
            words[word.head].below.append(word.place)
    return words


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
