"""Tables: CSV, TSV, XLSX and Parquet files as rows of names and values.

A cell that is empty is as if it were not there, but for a text that a model gave: that is an empty
answer. Whole numbers that a spreadsheet holds as fractions (391895.0) are whole numbers again.
"""

from __future__ import annotations

import csv
import io
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile, ZipFile

from halluc.datasets.keys import IDS, TEXTS
from halluc.errors import InputError, said
from halluc.faults import NUL
from halluc.jsonl import open_plain, reason

Form = Literal["csv", "tsv", "xlsx", "parquet"]

_HEAD = 1 << 16
# What openpyxl and the libraries under it raise for a damaged file.
_DAMAGES = (
    *(BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, OSError, EOFError),
    *(RuntimeError, TypeError, AttributeError),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_UNPACKED = 1 << 30
# Columns of which one at least is in a table that is read here.
_COLUMNS = {*IDS, *TEXTS}


def form_of(path: str | Path) -> Form | None:
    """The kind of table that a file is, by its content; None: none of them.

    Raises:
        InputError: it cannot be read.
    """
    with open_plain(path) as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(_OLE):
        what = "a workbook with a password, or of Excel before 2007"
        raise InputError(f"{what}; save it as CSV, or as xlsx without a password", path)
    if head.startswith(b"PAR1"):
        return "parquet"
    line = head.removeprefix(BOM_UTF8).split(b"\n", 1)[0].strip()
    if not line or line[:1] in b"[{":
        return None
    kinds: tuple[tuple[Form, str], ...] = (("tsv", "\t"), ("csv", ","))
    for form, mark in kinds:
        try:
            names = next(csv.reader([line.decode("utf-8", "replace")], delimiter=mark), [])
        except csv.Error:  # a line end within the line
            return None
        if len(names) > 1 and _COLUMNS.intersection(map(str.strip, names)):
            return form
    return None


def read_table(path: str | Path, form: Form) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, row) of a table; the first line of all but Parquet has the names.

    Raises:
        InputError: the file cannot be read, or a row has more or fewer cells than there are names.
    """
    if form == "xlsx":
        return _read_xlsx(path)
    if form == "parquet":
        return _read_parquet(path)
    return _read_text(path, "\t" if form == "tsv" else ",")


def columns_of(path: str | Path, form: Form) -> list[str]:
    """The names of a table's columns.

    Raises:
        InputError: the file cannot be read.
    """
    if form in ("xlsx", "parquet"):
        return list(next((row for _, row in read_table(path, form)), {}))
    with open_plain(path) as file:
        line = file.readline().decode("utf-8-sig", "replace").strip()
    return next(csv.reader([line], delimiter="\t" if form == "tsv" else ","), [])


def _read_text(path: str | Path, mark: str) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(sys.maxsize)
    begin = 2
    with open_plain(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        rows = csv.DictReader(text, delimiter=mark)
        try:
            for row in rows:
                if None in row or None in row.values():
                    columns = len(rows.fieldnames or ())
                    what = f"not {columns} columns as in the first line"
                    how = "a text with the mark or a line end in it must stand in quotes"
                    raise InputError(f"{what}; {how}", path, begin)
                if any("\0" in cell for cell in row.values()):
                    raise InputError(NUL, path, begin)
                yield begin, _row(row)
                begin = rows.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            what = f"{error}; save the table as UTF-8 text"
            raise InputError(what, path, rows.line_num + 1) from None


def _read_xlsx(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    from openpyxl import load_workbook

    try:
        with open_plain(path) as file:
            # A file, not its path: openpyxl would go by the name's ending.
            content = io.BytesIO(file.read())
        with ZipFile(content) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
        if unpacked > _MOST_UNPACKED:
            what = f"unpacks to {unpacked / 2**30:.1f} GiB, and 1 GiB is read"
            raise InputError(f"{what}; save it as CSV", path)
        book = load_workbook(content, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        names = [str(name) for name in next(rows, ())]
        for line, row in enumerate(rows, 2):
            if any(cell is not None for cell in row):
                yield line, _row({**dict.fromkeys(names), **dict(zip(names, row, strict=False))})
        book.close()
    except _DAMAGES as error:
        raise InputError(f"not a whole xlsx file: {said(error)}", path) from None


def _read_parquet(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    parquet = needed("pyarrow.parquet", path)
    import pyarrow

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=64):
                for row in batch.to_pylist():
                    number += 1
                    yield number, _without_nulls(row)
    except OSError as error:
        raise InputError(reason(error), path) from None
    except (pyarrow.ArrowException, ValueError, LookupError, TypeError) as error:
        raise InputError(f"no Parquet file that can be read: {said(error)}", path) from None


def needed(module: str, path: str | Path) -> Any:
    """A module of pyarrow, which only these files need.

    Raises:
        InputError: it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        what = "Parquet and Arrow files need pyarrow: pip install pyarrow"
        raise InputError(what, path) from None


def _row(row: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in row.items():
        key = name.strip()
        if value is None or value == "":
            told |= {key: ""} if key in TEXTS else {}
        else:
            whole = isinstance(value, float) and value.is_integer()
            told[key] = int(value) if whole else value
    return told


def _without_nulls(value: Any) -> Any:
    """Fields that are null are as if they were not there: Parquet has all fields in every row."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return list(map(_without_nulls, value)) if isinstance(value, list) else value
