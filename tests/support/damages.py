"""What goes wrong with files on their way: cut, packed, converted, swapped, or not files at all."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# What another program or a broken disk made of a file. The content stays the same.
CONVERTED: dict[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda whole: b"\xef\xbb\xbf" + whole,
    "line ends of Windows": lambda whole: whole.replace(b"\n", b"\r\n"),
    "blank lines at the end": lambda whole: whole + b"\n\n",
    "no line end": lambda whole: whole.rstrip(b"\n"),
    "gzipped": lambda whole: gzip.compress(whole, mtime=0),
}

# It does not.
BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda whole: b"",
    "blank": lambda whole: b" \n\t\n",
    "cut in the middle of a row": lambda whole: whole[: _inside(whole)],
    "the last block is zeros": lambda whole: whole[: _inside(whole)] + bytes(512),
    "all zeros": lambda whole: bytes(len(whole)),
    "the first block is missing": lambda whole: whole[_inside(whole) :],
    "a block is foreign": lambda whole: whole[: _inside(whole)] + bytes(range(256)) + whole[-9:],
    "one bit": lambda whole: bytes([whole[0] ^ 0x80]) + whole[1:],
    "UTF-16": lambda whole: whole.decode("latin-1").encode("utf-16"),
    "UTF-16 without its mark": lambda whole: whole.decode("latin-1").encode("utf-16-le"),
    "UTF-32": lambda whole: whole.decode("latin-1").encode("utf-32"),
    "gzip, cut": lambda whole: gzip.compress(whole * 20, mtime=0)[:-12],
    "gzip, a wrong checksum": lambda whole: gzip.compress(whole, mtime=0)[:-8] + bytes(8),
    "gzip in gzip": lambda whole: gzip.compress(gzip.compress(whole, mtime=0), mtime=0),
    "gzip that is none": lambda whole: b"\x1f\x8b" + whole,
    "bzip2": lambda whole: b"BZh91AY&SY" + whole,
    "a zip": lambda whole: b"PK\x03\x04" + bytes(26) + whole,
    "a tar": lambda whole: b"file\0".ljust(257, b"\0") + b"ustar\x0000" + whole,
    "a page": lambda whole: b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n",
    "an error of a server": lambda whole: b'{"error": {"message": "Not Found", "code": 404}}\n',
    "a pointer of Git LFS": lambda whole: b"version https://git-lfs.github.com/spec/v1\nsize 9\n",
    "marks of a merge": lambda whole: b"<<<<<<< HEAD\n" + whole + b"=======\n>>>>>>> x\n",
    "a picture": lambda whole: b"\x89PNG\r\n\x1a\n" + bytes(40),
    "a pickle": lambda whole: b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00.",
    "a line of 3 MB": lambda whole: b"x" * 3_000_000 + b"\n" + whole,
    "a NUL in each line": lambda whole: whole.replace(b"\n", b"\x00\n"),
    "a number": lambda whole: b"7\n",
    "null": lambda whole: b"null\n",
    "a list of lists": lambda whole: b"[[[]]]\n",
    "nested too deep": lambda whole: b"[" * 100_000 + b"]" * 100_000,
    "objects nested too deep": lambda whole: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}


def _inside(whole: bytes) -> int:
    """The middle, but not between two rows; of a table, within a first cell.

    The last cell of a table that was cut cannot be told from a whole one.
    """
    middle = len(whole) // 2
    if whole[:1] not in b"{[PK\x1f\x8b" and (start := whole.rfind(b"\n", 0, middle) + 1):
        return start + 1
    while whole[middle : middle + 1].isspace() or whole[middle - 1 : middle].isspace():
        middle -= 1
    return middle


def _socket(path: Path) -> None:
    import socket

    here = Path.cwd()
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def _elsewhere(path: Path) -> None:
    path.symlink_to(path.with_name("gone"))


# No file where one is wanted.
PLACES: dict[str, Callable[[Path], Any]] = {
    "missing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a pipe that nobody writes": os.mkfifo,
    "a socket": _socket,
    "a link to nothing": _elsewhere,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a link to an empty device": lambda path: path.symlink_to("/dev/null"),
    "a link to a folder": lambda path: path.symlink_to("."),
}

# Values that none expects where a text, a number or a list stands.
ODD: dict[str, Any] = {
    "null": None,
    "true": True,
    "a negative number": -1,
    "a fraction": 0.5,
    "a huge number": 10**30,
    "a number beyond all": 1e300,
    "no text": "",
    "white space": " \n\t",
    "a long text": "dog " * 12_500,
    "controls": "\x00\x1b[31m\x9b2J\u202e\u2028\ufeff",
    "half a surrogate": "\ud83d",
    "a path": "../../../etc/passwd",
    "a formula": "=1+1",
    "a template": "{0} %s {{7*7}} ${x}",
    "an empty list": [],
    "an empty object": {},
    "a list of null": [None],
    "a list in a list": [[[]]],
    "an object of another kind": {"name": {"id": [None]}},
}


def odd_rows(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """A document or JSON lines with an odd value in each place in turn, and with each key gone.

    Yields:
        Place and value in words, and the content.
    """
    rows = [json.loads(line) for line in whole.splitlines()] if _is_lines(whole) else None
    document = json.loads(whole) if rows is None else rows
    for place in _ways(document if rows is None else rows[:1]):
        for name, value in ODD.items():
            yield f"{_told(place)}: {name}", _written(_put(document, place, value), rows)
        yield f"{_told(place)}: left out", _written(_put(document, place, _GONE), rows)
        for name, number in (("NaN", b"NaN"), ("1e400", b"1e400"), ("400 digits", b"9" * 400)):
            content = _written(_put(document, place, "@"), rows)
            yield f"{_told(place)}: {name}", content.replace(b'"@"', number)


_GONE = object()


def _is_lines(whole: bytes) -> bool:
    try:
        json.loads(whole.splitlines()[0])
    except ValueError:
        return False
    return True


def _ways(node: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each place, of a list to its first."""
    keys = node if isinstance(node, dict) else range(min(len(node), 1)) if _list(node) else ()
    found = [way for key in keys for way in ((*before, key), *_ways(node[key], (*before, key)))]
    return [way for way in found if way]


def _list(node: Any) -> bool:
    return isinstance(node, list)


def _put(whole: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = json.loads(json.dumps(whole))
    node = changed
    for key in place[:-1]:
        node = node[key]
    if value is _GONE:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return changed


def _written(document: Any, rows: Any) -> bytes:
    if rows is None:
        return json.dumps(document, indent=1).encode() + b"\n"
    return "".join(json.dumps(row) + "\n" for row in document).encode()


def _told(place: tuple[Any, ...]) -> str:
    return ".".join(map(str, place))
