"""Sentences of a Universal Dependencies treebank, as spaCy is trained on them.

The format is CoNLL-U (https://universaldependencies.org/format.html), plain or gzipped. Words are
laid out as they stand in the text: with a space after them or without, and with the parts of a
contraction ("do" + "n't") together.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from halluc.errors import InputError

SPLITS = ("train", "dev", "test")

# spaCy's English lemmatizer asks these of a word; they follow from its Penn tag.
_FEATURES = {
    "NN": "Number=Sing",
    "NNP": "Number=Sing",
    "NNS": "Number=Plur",
    "NNPS": "Number=Plur",
    "JJ": "Degree=Pos",
    "JJR": "Degree=Cmp",
    "JJS": "Degree=Sup",
    "VB": "VerbForm=Inf",
    "VBP": "Number=Plur|Tense=Pres|VerbForm=Fin",
    "VBZ": "Number=Sing|Person=3|Tense=Pres|VerbForm=Fin",
    "VBD": "Tense=Past|VerbForm=Fin",
    "VBG": "Tense=Pres|VerbForm=Part",
    "VBN": "Tense=Past|VerbForm=Part",
}


@dataclass(slots=True)
class Word:
    """A word of a sentence.

    Attributes:
        text: as it is written.
        lemma: its dictionary form.
        part: its universal part of speech ("NOUN").
        tag: its Penn tag ("NNS").
        head: the position of its head in the sentence, counted from 0; its own for the root.
        relation: to its head ("nsubj"); "ROOT" for the root.
        space: whether a space follows.
    """

    text: str
    lemma: str
    part: str
    tag: str
    head: int
    relation: str
    space: bool = True

    @property
    def features(self) -> str:
        """Number, degree and form, so far as its tag tells them."""
        return _FEATURES.get(self.tag, "")


@dataclass(slots=True)
class Sentence:
    """A sentence of a treebank.

    Attributes:
        words: in order.
        begins: whether a text begins with it, or a paragraph; None inside a paragraph.
    """

    words: list[Word]
    begins: str | None


def find_split(folder: Path, split: str) -> Path:
    """The file of a treebank's split: ``*-train.conllu`` or ``*-train.conllu.gz``.

    Raises:
        InputError: the folder or the file is missing, or there are several.
    """
    if not folder.is_dir():
        raise InputError("is no folder; give the one that holds the treebank's files", folder)
    found = sorted(folder.glob(f"*-{split}.conllu")) or sorted(folder.glob(f"*-{split}.conllu.gz"))
    if len(found) != 1:
        what = "no" if not found else "more than one"
        raise InputError(f"has {what} file *-{split}.conllu or *-{split}.conllu.gz", folder)
    return found[0]


def read_treebank(path: Path) -> list[Sentence]:
    """All sentences of a CoNLL-U file, in order.

    Raises:
        InputError: it is not CoNLL-U, with the line; or it has no sentence.
    """
    try:
        sentences = list(_sentences(path))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path) from None
    if not sentences:
        raise InputError("has no sentence", path)
    return sentences


def _sentences(path: Path) -> Iterator[Sentence]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        words: list[Word] = []
        begins: str | None = None
        joined = 0, True  # the last word of a contraction, and whether a space follows it
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\n").split("\t")
            if line.startswith("# newdoc"):
                begins = "text"
            elif line.startswith("# newpar"):
                begins = begins or "paragraph"
            elif not line.strip():
                if words:
                    _check(words, path, number)
                    yield Sentence(words, begins)
                    words, begins, joined = [], None, (0, True)
            elif line.startswith("#"):
                continue
            elif len(fields) != 10:
                raise InputError("is no CoNLL-U: wanted 10 fields with tabs between", path, number)
            elif "-" in fields[0]:
                joined = _number(fields[0].split("-")[1], path, number), _space(fields)
            elif "." not in fields[0]:  # those are words that are not in the text
                word = _word(fields, path, number)
                if len(words) + 1 <= joined[0]:
                    word.space = len(words) + 1 == joined[0] and joined[1]
                words.append(word)
        if words:
            _check(words, path, number)
            yield Sentence(words, begins)


def _word(fields: list[str], path: Path, line: int) -> Word:
    place, head = _number(fields[0], path, line), _number(fields[6], path, line)
    return Word(
        text=fields[1],
        lemma=fields[2],
        part=fields[3],
        tag=fields[4],
        head=(head or place) - 1,
        relation=fields[7] if head else "ROOT",
        space=_space(fields),
    )


def _check(words: list[Word], path: Path, line: int) -> None:
    if any(word.head >= len(words) for word in words):
        raise InputError("a word of the sentence before has a head that is not there", path, line)


def _space(fields: list[str]) -> bool:
    return "SpaceAfter=No" not in fields[9].split("|")


def _number(field: str, path: Path, line: int) -> int:
    if not field.isdecimal():
        raise InputError(f"is no CoNLL-U: wanted a number instead of {field!r}", path, line)
    return int(field)
