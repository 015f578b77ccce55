"""What is no statement in an answer: thoughts before it, chat tokens, Markdown.

Such parts become spaces, so every other character keeps its place. What thoughts stand between is
in `halluc.thoughts`.
"""

from __future__ import annotations

import re

from halluc.thoughts import TAGS

_BEGIN = "|".join(re.escape(begin) for begin, _ in TAGS)
_END = "|".join(re.escape(end) for _, end in TAGS)
# Thoughts without an end were cut off; those without a beginning had it in the prompt.
_THOUGHTS = re.compile(rf"(?:{_BEGIN}).*?(?:{_END}|\Z)|\A(?:(?!{_BEGIN}).)*(?:{_END})", re.I | re.S)

_TAGS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>(?:(?:system|user|assistant)\b)?|</?[a-z][\w-]{0,20}/?>", re.I
)
_ROLE = re.compile(r"^[ \t]*(?:assistant|ai|model|bot|gpt)[ \t]*:", re.I | re.M)
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$|^[ \t]*\|[\s|:-]*$", re.M)
_MARK = re.compile(
    r"^[ \t]*(?:(?:#{1,6}|>+|[-*+•‣◦·–—]|\(?(?:\d{1,2}|[a-z])[.)])(?=[ \t]+\S)[ \t]+)+", re.I | re.M
)
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)|~~")
_ROW = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.M)
_LABEL = re.compile(r"(?<=\w)\n(?=[^\n:=]{1,40}(?: [-–]|:|[ \t]*=)[ \t])")
_UNENDED = re.compile(r"(?<=[\w)])[ \t]*\n(?=[ \t]{2}|[ \t]*\n)")


def without_thoughts(text: str) -> str:
    """The text with spaces for thoughts.

    >>> without_thoughts("<think>A cat?</think>A dog.").strip()
    'A dog.'
    """
    if "<" not in text and "[" not in text and "◁" not in text:
        return text
    return _THOUGHTS.sub(_spaces, text)


def plain(text: str) -> str:
    r"""The text with spaces for thoughts, chat tokens and Markdown; lines of a list are sentences.

    >>> plain("- **Cup**: red\n- Fork: silver")
    '    Cup  : red,  Fork: silver'
    """
    text = _TAGS.sub(_spaces, without_thoughts(text))
    text = _ROLE.sub(_spaces, text)
    text = _RULE.sub(_spaces, text)
    text = _ROW.sub(_row, text)
    text = _MARK.sub(_spaces, text)
    text = _EMPHASIS.sub(_spaces, text)
    text = _LABEL.sub(",", text)  # "cup = red", "fork = blue" in a line each
    return _UNENDED.sub(lambda found: "." + " " * (len(found[0]) - 1), text)


def compact(text: str) -> tuple[str, list[int] | None]:
    """The plain text without the spaces that stand for markup, and where each character was.

    >>> compact("**Cup**: red")
    (' Cup : red', [1, 2, 3, 4, 6, 7, 8, 9, 10, 11])

    Returns:
        The text, and the place of each of its characters in the whole one; None: as it was.
    """
    changed = plain(text)
    if changed == text:
        return text, None
    kept = [
        place
        for place, each in enumerate(changed)
        if each != " " or text[place] == " " or changed[place + 1 : place + 2] not in (" ", "")
    ]
    return "".join(changed[place] for place in kept), kept


def _spaces(found: re.Match[str]) -> str:
    """As many spaces; a line still ends where one did."""
    return re.sub(r"[^\n]", " ", found[0])


def _row(found: re.Match[str]) -> str:
    """A row of a table as a label and what is said of it: "cup : red , large"."""
    first, *rest = found[1].split("|")
    row = first + (":" if rest else "") + ",".join(rest)
    start = found.start(1) - found.start()
    return "  ".ljust(start)[:start] + row + " " * (len(found[0]) - start - len(row))
