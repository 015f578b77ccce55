"""The words of a text in their dictionary form, with the position where they stand.

`halluc.language.words.lemmatizer` names the ways to find them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate, chain
from typing import NamedTuple

_CLITIC = r"(?:s|m|d|ll|re|ve)\b"
# Signs that NLTK's tokenizer parts from words; all others, also "/", "+" and control characters,
# belong to the word that they touch.
_PART = r"[^\s,;:@#$%&*?!\[\](){}<>\"“”‘’„«»`–—'.]"
_TOKEN = re.compile(
    rf"(?:[^\W\d_]\.){{2,}}|n't\b|'{_CLITIC}|\.{{2,}}|--"
    rf"|(?!--){_PART}(?:(?!--|n't\b)(?:{_PART}|\.(?={_PART})|[,:](?=\d)|'(?!{_CLITIC})(?={_PART})))*|\S"
)
# Pieces of text that a tokenizer remembers; captions hold some ten thousand different ones.
_REMEMBERED = 100_000

Span = tuple[int, int]


class Words(NamedTuple):
    """Words of a text, in order.

    Attributes:
        forms: the dictionary form of each.
        spans: where each stands: start and end, half open.
    """

    forms: list[str]
    spans: list[Span]


class Lemmas(NamedTuple):
    """The words and signs of a text as CHAIR looks them up.

    Attributes:
        forms: the dictionary form of each, in lower case, in order.
        spans: where the words stand that CHAIR's vocabulary knows, by their position in `forms`, in
            order: start and end, half open. Others may be among them.
    """

    forms: list[str]
    spans: dict[int, Span]


Lemmatizer = Callable[[str], Lemmas]


class Tokenizer(dict[str, tuple[str, ...]]):
    """Cuts text into words and signs in lower case, nearly as NLTK's tokenizer does.

    It is made of pieces that stand between white space, with the tokens of each. No token reaches
    from one to the next, and captions have few different ones, so each is cut but once.

    Args:
        known: whether the place of a word is wanted.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        super().__init__()
        self._known = known
        self._marks: dict[str, list[tuple[int, int, int]]] = {}

    def __missing__(self, piece: str) -> tuple[str, ...]:
        """Cut a piece, and mark the known words in it."""
        if piece.isalpha():  # one word
            tokens: tuple[str, ...] = (piece,)
            marks = [(0, 0, len(piece))] if self._known(piece) else []
        else:
            found = list(_TOKEN.finditer(piece))
            tokens = tuple(each[0] for each in found)
            marks = [(n, *each.span()) for n, each in enumerate(found) if self._known(each[0])]
        if marks:
            self._marks[piece] = marks
        self[piece] = tokens
        return tokens

    def tokens(self, text: str) -> Lemmas:
        """The words and signs of a text as they stand, and the places of those that are known.

        >>> Tokenizer({"dog"}.__contains__).tokens("They don't see a dog.")
        Lemmas(forms=['they', 'do', "n't", 'see', 'a', 'dog', '.'], spans={5: (17, 20)})
        """
        if len(self) > _REMEMBERED:
            self.clear()
            self._marks.clear()
        lowered = lower(text)
        pieces = lowered.split()
        groups = list(map(self.__getitem__, pieces))
        firsts = accumulate(map(len, groups), initial=0)
        spans, end, marks = {}, 0, self._marks
        for first, piece in zip(firsts, pieces, strict=False):
            if piece not in marks:
                continue
            begin = lowered.find(piece, end)
            while not _alone(lowered, begin, begin + len(piece)):
                begin = lowered.find(piece, begin + 1)  # it was a part of another piece
            end = begin + len(piece)
            for place, start, stop in marks[piece]:
                spans[first + place] = begin + start, begin + stop
        return Lemmas(list(chain.from_iterable(groups)), spans)


def _alone(text: str, start: int, end: int) -> bool:
    """Whether white space or nothing is on both sides."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return (not before or before.isspace()) and (not after or after.isspace())


def lower(text: str) -> str:
    """The text in lower case, each character in its place (``"İ"`` would become two)."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(each if len(each.lower()) != 1 else each.lower() for each in text)
