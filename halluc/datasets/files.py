"""Rows of JSON files with their line numbers, and facts about files for the result card."""

from __future__ import annotations

import hashlib
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from halluc.errors import InputError
from halluc.jsonl import BAD_JSON, read_jsonl, read_lines, reason

T = TypeVar("T")


def read_rows(path: str | Path, type: type[T]) -> Iterator[tuple[int, T]]:
    """Yield (line number from 1, record) of JSON lines, or of a file that is one JSON array.

    Raises:
        InputError: the file cannot be read, or a row is no JSON of that type; names its line.
    """
    _, first = next(read_lines(path), (0, b""))
    if not first.lstrip().startswith(b"["):
        yield from read_jsonl(path, type)  # line by line, however long the file
        return
    content = read_bytes(path)
    yield from number_rows(content, decode(content, list[msgspec.Raw], path), type, path)


def read_parquet(path: str | Path, type: type[T]) -> Iterator[tuple[int, T]]:
    """Yield (row number from 1, record) of a Parquet file, a few rows at a time.

    Fields that are null are as if they were not there: Parquet has all fields in every row.

    Raises:
        InputError: the file cannot be read, or a row is not of that type; names it.
    """
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64):
                for row in batch.to_pylist():
                    number += 1
                    yield number, msgspec.convert(_without_nulls(row), type)
    except msgspec.ValidationError as error:
        raise InputError(str(error), path, number) from None
    except OSError as error:
        raise InputError(reason(error), path) from None
    except pyarrow.ArrowException as error:
        raise InputError(f"no Parquet file that can be read: {error}", path) from None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return list(map(_without_nulls, value)) if isinstance(value, list) else value


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
            raise InputError(str(error), path, line) from None
        line, position = line + raw.count(b"\n"), start + len(raw)


def decode(content: bytes, type: type[T], path: str | Path) -> T:
    """Decode a JSON document that was read from `path`.

    Raises:
        InputError: it is no JSON of that type; names the line where it is malformed.
    """
    try:
        return msgspec.json.decode(content, type=type)
    except BAD_JSON as error:
        raise InputError(str(error), path, _line_of(error, content)) from None


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
    """The content of a file, without a byte order mark of UTF-8 at its start.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return Path(path).read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        raise InputError(reason(error), path) from None


def file_card(path: str | Path, rows: int) -> dict[str, Any]:
    """Name, SHA-256 and row count of a file.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(reason(error), path) from None
    return {"file": Path(path).name, "sha256": digest, "rows": rows}
