"""Rows of JSON files with their line numbers, and facts about files for the result card."""

from __future__ import annotations

import hashlib
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from halluc.datasets import tables
from halluc.datasets.keys import IDS, TEXTS, WRAPPERS
from halluc.errors import InputError
from halluc.faults import BAD_JSON, explain, values_in, without_nan
from halluc.jsonl import check_plain, open_plain, read_lines, reason, refuse_double

T = TypeVar("T")

# An object with one of these is a row itself.
_OF_ROWS = {*IDS, *TEXTS}


def read_rows(path: str | Path, type: type[T]) -> Iterator[tuple[int, T]]:
    """Yield (line number from 1, record) of a file of rows in any form, gzipped or not.

    Read are JSON lines; a JSON array; objects one behind the other, over any number of lines; rows
    under one of the names `WRAPPERS` of a JSON document (``{"annotations": [...]}``,
    ``{"imgToEval": {id: {...}}}``); and tables: CSV, TSV, XLSX, Parquet. NaN and Infinity, as
    Python writes them, are null.

    Raises:
        InputError: the file cannot be read, or a row is not of that type; names its line.
    """
    if form := tables.form_of(path):
        yield from _converted(tables.read_table(path, form), type, path)
        return
    _, first = next(read_lines(path), (0, b""))
    start = first.lstrip()
    if start.startswith(b"["):
        content = without_nan(read_bytes(path))
        yield from number_rows(content, decode(content, list[msgspec.Raw], path), type, path)
    elif start.startswith(b"{") and _is_document(start):
        yield from _read_document(without_nan(read_bytes(path)), type, path)
    else:
        yield from _read_lines(path, type)  # line by line, however long the file


def _is_document(start: bytes) -> bool:
    """Whether an object goes on behind the first line, or holds the rows."""
    try:
        row = msgspec.json.decode(without_nan(start), type=dict[str, msgspec.Raw])
    except BAD_JSON as error:
        return "truncated" in str(error)
    return bool(_wrapped(row))


def _wrapped(row: Mapping[str, msgspec.Raw]) -> list[str]:
    """The names under which an object holds rows: lists of them, or else one object of them."""
    if row.keys() & _OF_ROWS:
        return []
    named = [key for key in WRAPPERS if key in row]
    lists = [key for key in named if re.match(rb"\[\s*\{", bytes(row[key]))]
    whole = [key for key in named if bytes(row[key])[:1] in (b"[", b"{")]
    return lists or (whole or named)[:1]


def _read_lines(path: str | Path, type: type[T]) -> Iterator[tuple[int, T]]:
    decoder = msgspec.json.Decoder(type)
    for number, line in read_lines(path):
        try:
            yield number, decoder.decode(line)
            continue
        except BAD_JSON as error:
            pieces = [without_nan(line)]
            if "trailing characters" in str(error):
                pieces = [piece for _, piece in values_in(pieces[0])]
            if pieces == [line]:
                raise InputError(explain(error, line), path, number) from None
        for piece in pieces:
            try:
                yield number, decoder.decode(piece)
            except BAD_JSON as error:
                raise InputError(explain(error, piece), path, number) from None


def _read_document(content: bytes, type: type[T], path: str | Path) -> Iterator[tuple[int, T]]:
    pieces = list(values_in(content))
    row = decode(content, dict[str, msgspec.Raw], path) if len(pieces) == 1 else {}
    if not (names := _wrapped(row)):
        yield from number_rows(content, [msgspec.Raw(piece) for _, piece in pieces], type, path)
        return
    if len(names) > 1:
        raise InputError(f'rows stand under "{names[0]}" and "{names[1]}"; keep one of them', path)
    within = bytes(row[names[0]])
    if not within.startswith(b"{"):
        yield from number_rows(content, decode(within, list[msgspec.Raw], path), type, path)
        return
    found = decode(within, dict[str, dict[str, Any]], path)
    refuse_double(content, path, "picture ", content.index(within))
    for id, each in found.items():
        yield from _converted([(1, {"image_id": id, **each})], type, path)


def _converted(
    rows: Iterable[tuple[int, dict[str, Any]]], type: type[T], path: str | Path
) -> Iterator[tuple[int, T]]:
    for number, row in rows:
        try:
            yield number, msgspec.convert(row, type, strict=False)
        except msgspec.ValidationError as error:
            told = msgspec.json.encode(dict.fromkeys(row))
            raise InputError(explain(error, told), path, number) from None


def number_rows(
    content: bytes, rows: list[msgspec.Raw], type: type[T], path: str | Path
) -> Iterator[tuple[int, T]]:
    """Yield (line number from 1, record) of consecutive parts of a JSON document.

    Raises:
        InputError: a part is not of that type; names its line.
    """
    decoder = msgspec.json.Decoder(type)
    line, position = 1, 0
    for row in rows:
        raw = bytes(row)
        start = content.index(raw, position)
        line += content.count(b"\n", position, start)
        try:
            yield line, decoder.decode(raw)
        except BAD_JSON as error:
            raise InputError(explain(error, raw), path, line) from None
        line, position = line + raw.count(b"\n"), start + len(raw)


def decode(content: bytes, type: type[T], path: str | Path) -> T:
    """Decode a JSON document that was read from `path`.

    Raises:
        InputError: it is no JSON of that type; names the line where it is malformed.
    """
    try:
        return msgspec.json.decode(content, type=type)
    except BAD_JSON as error:
        raise InputError(explain(error, content), path, _line_of(error, content)) from None


def _line_of(error: Exception, content: bytes) -> int | None:
    """The line where a JSON document is malformed; None if it only has another type."""
    place = re.search(r"\(byte (\d+)\)", str(error))
    at = int(place[1]) if place else None
    if isinstance(error, UnicodeDecodeError):  # counts from the text's start
        try:
            content.decode()
        except UnicodeDecodeError as whole:
            at = whole.start
    return None if at is None else content.count(b"\n", 0, at) + 1


def read_bytes(path: str | Path) -> bytes:
    """The content of a file, unpacked if gzipped, without a byte order mark of UTF-8 at its start.

    Raises:
        InputError: the file cannot be read.
    """
    with open_plain(path) as file:
        return file.read().removeprefix(BOM_UTF8)


def file_card(path: str | Path, rows: int) -> dict[str, Any]:
    """Name, SHA-256 and row count of a file.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        check_plain(path)
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(reason(error), path) from None
    return {"file": Path(path).name, "sha256": digest, "rows": rows}
