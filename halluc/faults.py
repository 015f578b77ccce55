"""What is wrong with a piece of JSON, in words of this project, and pieces that need a second look.

Python's ``json`` writes NaN and Infinity, which are no JSON, and some tools write one object behind
the other without a line between them. Both are read; all else is refused in words that say how to
mend it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are no JSON of the type wanted."""

NUL = "a NUL, which no text has: the file is damaged, or not UTF-8"
"""What is said of it where it is not JSON that refuses it."""

_STRING = rb'"(?:[^"\\]|\\.)*"'
_NO_NUMBER = re.compile(_STRING + rb"|-?\bInfinity\b|\bNaN\b", re.DOTALL)
_MARK = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_NAME_OR_MARK = re.compile(rb"(" + _STRING + rb")(\s*:)?|[{}\[\]]", re.DOTALL)
_SHOWN = 40
_MOST_KEYS = 8
# What msgspec calls the types of JSON, and what a person does.
_TYPES = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number with a fraction",
    "bool": "true or false",
    "array": "a list [...]",
    "object": "an object {...}",
    "null": "null",
}
_SIGNS = (
    (b"<!doctype", "this is a web page, not data: download the file itself"),
    (b"<html", "this is a web page, not data: download the file itself"),
    (b"version https://git-lfs", "this is a pointer of Git LFS, not the file: run git lfs pull"),
    (b"\x89png", "this is a picture"),
    (b"\xff\xd8\xff", "this is a picture"),
    (b"pk\x03\x04", "this is a zip archive: unpack it"),
    (b"%pdf", "this is a PDF"),
    (b"\xff\xfe", "this is UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "this is UTF-16: save it as UTF-8"),
    (b"\x80\x02", "this is a pickle, which is not read: save it as JSON"),
    (b"\x80\x04", "this is a pickle, which is not read: save it as JSON"),
)

_MEANINGS = (
    ("Invalid enum value", "what stands there has no meaning here"),
    (
        "truncated",
        "the file ends before its JSON does: it was cut off, or a quote or bracket is missing",
    ),
    ("trailing comma", "take out the comma before } or ]"),
    (
        "trailing characters",
        "something stands behind the end of the JSON: one object a line, nothing else",
    ),
    ("recursion", "nothing that is read here is nested so deep"),
)


def without_nan(content: bytes) -> bytes:
    """The content with null for the NaN and Infinity that Python writes.

    >>> without_nan(b'{"a": NaN, "b": "NaN"}')
    b'{"a": null, "b": "NaN"}'
    """
    if b"NaN" not in content and b"Infinity" not in content:
        return content
    return _NO_NUMBER.sub(lambda m: m[0] if m[0].startswith(b'"') else b"null", content)


def values_in(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (position, text) of the objects that stand one behind the other, and what is left over.

    >>> list(values_in(b'{"a": 1} {"b": "}"}'))
    [(0, b'{"a": 1}'), (9, b'{"b": "}"}')]
    """
    depth, start = 0, 0
    for match in _MARK.finditer(content):
        if match[0] in b"{[":
            depth += 1
        elif match[0] in b"}]":
            depth -= 1
            if depth <= 0:
                piece = content[start : match.end()].lstrip()
                yield match.end() - len(piece), piece
                depth, start = 0, match.end()
    if content[start:].strip():
        yield start, content[start:]


def second_name(content: bytes, start: int = 0) -> tuple[str, int, int] | None:
    r"""A name that stands twice in a JSON object, of which readers keep the last alone.

    Args:
        content: JSON that was read before.
        start: where the object begins.

    Returns:
        The name, and where it stands first and again; None if there is none.

    >>> second_name(b'{"a": {"b": 1}, "b": 2, "\\u0061": 3}')
    ('a', 1, 24)
    """
    seen: dict[bytes, int] = {}
    depth = 0
    for match in _NAME_OR_MARK.finditer(content, start):
        if match[1] is None:
            depth += 1 if match[0] in b"{[" else -1
            if depth == 0:
                break
        elif depth == 1 and match[2]:
            name = match[1]
            if b"\\" in name:
                name = msgspec.json.encode(msgspec.json.decode(name))
            if (first := seen.setdefault(name, match.start())) != match.start():
                return msgspec.json.decode(name), first, match.start()
    return None


def explain(error: Exception, content: bytes = b"") -> str:
    """What a reader of JSON said, and behind it what that means and how to mend it.

    Args:
        error: one of `BAD_JSON`.
        content: what was read.
    """
    said = str(error)
    return f"{said}; {_meaning(said, content)}"


def _meaning(said: str, content: bytes) -> str:
    if missing := re.match(r"Object missing required field `(\w+)`", said):
        keys = ", ".join(_keys(content)) or "nothing"
        return f'"{missing[1]}" is wanted here, and this row has {keys}'
    at = re.search(r"at `\$((?:\.\w+|\[[^`]*\])*)`", said)
    where = f'"{at[1].lstrip(".")}"' if at and at[1] else "this"
    if types := re.match(r"Expected `([^`]+)`, got `(\w+)`", said):
        wanted = " or ".join(_TYPES.get(each.strip(), each) for each in types[1].split("|"))
        return f"{where} must be {wanted}, not {_TYPES.get(types[2], types[2])}"
    if "utf-8" in said.lower():
        return _sign(content) or "save the file as UTF-8"
    if known := next((meaning for words, meaning in _MEANINGS if words in said), None):
        return known
    place = re.search(r"\(byte (\d+)\)", said)
    return _place(content, int(place[1])) if place else "this is not what is read here"


def _place(content: bytes, at: int) -> str:
    if not content[:at].strip():
        return _sign(content) or f"this is no JSON but {_short(content)}"
    if content[at : at + 1] == b"'" or "'" in _short(content[max(at - 1, 0) : at + 1]):
        return "JSON has double quotes around names and texts, not single ones"
    if content[:at].rstrip().endswith(b","):
        return f"take out the comma before {_short(content[at:])}"
    return f"no JSON from here on: {_short(content[at:])}"


def _sign(content: bytes) -> str:
    head = content[:64].lstrip().lower()
    return next((words for sign, words in _SIGNS if head.startswith(sign)), "")


def _short(content: bytes) -> str:
    text = " ".join(content[:_SHOWN].decode("utf-8", "replace").split())
    return "".join(each if each.isprintable() else "?" for each in text) or "nothing"


def _keys(content: bytes) -> list[str]:
    try:
        row = msgspec.json.decode(content, type=dict[str, Any])
    except BAD_JSON:
        return []
    names = [f'"{_short(name.encode())}"' for name in row]
    return names[:_MOST_KEYS] + (["…"] if len(names) > _MOST_KEYS else [])
