"""Names of things: COCO's 80 classes with their synonyms, and those of a list of one's own.

The synonyms are those of CHAIR's list (`halluc.language.words.vocabulary`) without its
misspellings, and a few more. Captions use most names in the plural, too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from halluc.errors import InputError
from halluc.jsonl import read_json
from halluc.language.words.plurals import regular_plurals
from halluc.language.words.vocabulary import coco_class, coco_vocabulary

# "brindle" is a coat, "sub" hardly ever a sandwich; the others are misspellings.
_LEFT_OUT = frozenset("brindle knive phon sub solider televison".split())
_ADDED = {
    "person": "brother, pedestrian",
    "dining table": "coffee table",
    "remote": "remote control",
    "microwave": "microwave oven",
    "hair drier": "hair dryer",
}
# Another meaning: nothing in them is a thing.
_NOTHING = "bird's eye, bird's-eye, home plate, tie dye, table tennis, table cloth, bow and arrow"

ANIMALS = frozenset("bird cat dog horse sheep cow elephant bear zebra giraffe".split())
ANIMATE = ANIMALS | {"person"}
"""Classes that sit, walk and sleep."""

_IRREGULAR = {
    "aircraft": "aircraft",
    "cattle": "cattle",
    "child": "children",
    "children": "children",
    "doberman": "dobermans",
    "goose": "geese",
    "man": "men",
    "mouse": "mice",
    "ox": "oxen",
    "oxen": "oxen",
    "people": "people",
    "person": "people",
    "scissors": "scissors",
    "sheep": "sheep",
    "skis": "skis",
    "thief": "thieves",
    "watercraft": "watercraft",
}
_PLURAL = frozenset("cattle children oxen people scissors skis".split())
_TOKEN = re.compile(r"'s\b|\w+|[^\w\s]")


class Name(NamedTuple):
    """What some words name.

    Attributes:
        thing: the class; empty where the words only look like a thing.
        plural: they name several.
        length: how many words.
    """

    thing: str
    plural: bool
    length: int


@dataclass(frozen=True)
class Things:
    """A vocabulary of things.

    Attributes:
        name: of the vocabulary: "coco", or with the file added to it.
        names: words in lower case, as they follow each other, to what they name.
    """

    name: str
    names: Mapping[tuple[str, ...], Name]

    @cached_property
    def sha256(self) -> str:
        """Of all names and what they stand for."""
        rows = sorted((" ".join(words), *name) for words, name in self.names.items())
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    @cached_property
    def _lengths(self) -> dict[str, list[int]]:
        """First word to the lengths of names that begin with it, the longest first."""
        lengths: dict[str, set[int]] = {}
        for words in self.names:
            lengths.setdefault(words[0], set()).add(len(words))
        return {first: sorted(some, reverse=True) for first, some in lengths.items()}

    def class_of(self, name: str) -> str | None:
        """The class that a whole name stands for, None for other things.

        >>> things = coco_things()
        >>> [things.class_of(name) for name in ("Women", "wine glasses", "lamp post")]
        ['person', 'wine glass', None]
        """
        found = self.names.get(tuple(_TOKEN.findall(name.lower())))
        if found is None:
            return coco_class(name)
        return found.thing or None

    def at(self, words: Sequence[str], place: int) -> Name | None:
        """The longest name that begins at a place among words in lower case.

        >>> coco_things().at(["two", "hot", "dogs"], 1)
        Name(thing='hot dog', plural=True, length=2)
        """
        for length in self._lengths.get(words[place], ()):
            if found := self.names.get(tuple(words[place : place + length])):
                return found
        return None


@cache
def coco_things() -> Things:
    """COCO's 80 classes."""
    return Things("coco", _coco_names())


def load_things(path: Path | None) -> Things:
    """COCO's 80 classes, and those of a file.

    Args:
        path: JSON of classes and the words for them in singular, ``{"lamp": ["lamp", "floor
            lamp"]}``; a word that COCO's list has too changes its class. A class is also a word
            for itself. None: no file.

    Raises:
        InputError: the file is damaged, a class stands in it twice, or a word for two of them.
    """
    if path is None:
        return coco_things()
    classes: dict[str, str] = {}
    for thing, words in read_json(path, dict[str, list[str]], unique=True).items():
        for word in (each.lower() for each in [thing, *words]):
            if not _TOKEN.findall(word):
                raise InputError(f'"{thing}" has an empty name', path)
            other = classes.setdefault(word, thing)
            if other != thing:
                raise InputError(f'"{word}" stands for "{other}" and for "{thing}"', path)
    return Things(f"coco + {path.name}", {**_coco_names(), **dict(_forms(classes))})


def plurals(word: str) -> list[str]:
    """The ways in which a noun's plural is written.

    >>> plurals("wine glass"), plurals("woman"), plurals("bus")
    (['wine glasses'], ['women'], ['buses', 'busses'])
    """
    last = word.rsplit(maxsplit=1)[-1]
    for ending, plural in _IRREGULAR.items():
        if last == ending or (ending in ("man", "child") and last.endswith(ending)):
            return [word.removesuffix(ending) + plural]
    if word == "bus" or word.endswith("minibus"):
        return [word + "es", word + "ses"]
    return regular_plurals(word)


@cache
def _coco_names() -> dict[tuple[str, ...], Name]:
    vocabulary = coco_vocabulary()
    classes = {word: thing for word, thing in vocabulary.nodes.items() if word not in _LEFT_OUT}
    # Pairs that CHAIR reads as one; "baby elephant" is an elephant by its last word.
    classes |= {
        pair: vocabulary.nodes[word]
        for pair, word in vocabulary.pairs.items()
        if pair == word and word in vocabulary.nodes
    }
    classes |= {word: thing for thing, more in _ADDED.items() for word in more.split(", ")}
    nothing = {tuple(_TOKEN.findall(each)) for each in _NOTHING.split(", ")}
    names = {words: Name("", False, len(words)) for words in nothing}
    return {**names, **dict(_forms(classes))}


def _forms(classes: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], Name]]:
    """The words of each name in plural and singular."""
    for word, thing in classes.items():
        for form in plurals(word):
            words = tuple(_TOKEN.findall(form))
            yield words, Name(thing, True, len(words))
    for word, thing in classes.items():
        words = tuple(_TOKEN.findall(word))
        yield words, Name(thing, words[-1] in _PLURAL, len(words))
