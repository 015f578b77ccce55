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
from collections import Counter
from collections.abc import Iterator, Sequence
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
    *(RuntimeError, TypeError, AttributeError, ArithmeticError),
)
VALUES = (ValueError, LookupError, TypeError, ArithmeticError)
"""What pyarrow raises beside its own for a value that Python has not, such as the year 100,000."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_UNPACKED = 1 << 30
# Columns of which one at least is in a table that is read here.
_COLUMNS = {*IDS, *TEXTS}


def form_of(path: str | Path) -> Form | None:
    """The kind of table that a file is, by its content; None: none of them.

    Raises:
        InputError: it cannot be read, or is a table of another kind.
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
    line = _first_line(head)
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
    for mark in ";|":
        names = line.decode("utf-8", "replace").split(mark)
        if len(names) > 1 and _COLUMNS.intersection(each.strip('" ') for each in names):
            what = f"its columns are divided by {mark!r}; save it with commas or tabs"
            raise InputError(what, path, 1)
    return None


def read_table(path: str | Path, form: Form) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, row) of a table; the first line of all but Parquet has the names.

    Raises:
        InputError: the file cannot be read, two columns have the same name, a row has more or fewer
            cells than there are names, several sheets hold rows, or a cell holds an error.
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
        line = _first_line(file.read(_HEAD)).decode("utf-8", "replace")
    return next(csv.reader([line], delimiter="\t" if form == "tsv" else ","), [])


def _first_line(head: bytes) -> bytes:
    """The first line of a text, which Macs of old end with a carriage return."""
    return next(iter(head.removeprefix(BOM_UTF8).splitlines()), b"").strip()


def _check_names(names: Sequence[str], path: str | Path) -> None:
    """Refuse a name that two columns have: nobody can tell which of them is meant.

    Raises:
        InputError: names it.
    """
    told = Counter(name.strip() for name in names)
    if twice := [name for name, number in told.items() if name and number > 1]:
        raise InputError(f"two columns are called {twice[0]!r}; rename or remove one", path, 1)


def _read_text(path: str | Path, mark: str) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(sys.maxsize)
    begin = 2
    with open_plain(path) as file:
        text = io.TextIOWrapper(file, "utf-8-sig", newline="")
        # Strict: else a quote that is not closed takes the rows behind it into its cell.
        rows = csv.DictReader(text, delimiter=mark, strict=True)
        try:
            _check_names(rows.fieldnames or (), path)
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
        except UnicodeDecodeError as error:
            what = f"{error}; save the table as UTF-8 text"
            raise InputError(what, path, rows.line_num + 1) from None
        except csv.Error as error:
            how = 'a quote within quotes is written twice (""), and each is closed'
            raise InputError(f"{error}; {how}", path, begin) from None


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
        sheet = _sheet_of(book, path)
        names = _names_of(sheet)
        _check_names([name for name in names if name != "None"], path)
        # No wider than the names: one forgotten cell far out would make every row as wide.
        rows = sheet.iter_rows(min_row=2, max_col=len(names))
        for line, row in enumerate(rows, 2):
            if any(cell.value is not None for cell in row):
                if bad := next((cell for cell in row if cell.data_type == "e"), None):
                    what = f"the cell {bad.coordinate} holds the error {bad.value}, not a value"
                    raise InputError(f"{what}; write in it what it stands for", path, line)
                cells = (cell.value for cell in row)
                yield line, _row({**dict.fromkeys(names), **dict(zip(names, cells, strict=False))})
        book.close()
    except _DAMAGES as error:
        raise InputError(f"not a whole xlsx file: {said(error)}", path) from None


def _sheet_of(book: Any, path: str | Path) -> Any:
    """The sheet with the rows: the one that has the columns, among those that are not hidden.

    Raises:
        InputError: several have them.
    """
    seen = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    fitting = [sheet for sheet in seen if _COLUMNS.intersection(_names_of(sheet))]
    if len(fitting) > 1:
        named = " and ".join(repr(sheet.title) for sheet in fitting[:2])
        raise InputError(f"rows stand in the sheets {named}; keep one, or save it as CSV", path)
    return (fitting or seen or book.worksheets)[0]


def _names_of(sheet: Any) -> list[str]:
    """What the first row of a sheet names, up to the last cell that is not empty."""
    names = [str(name) for name in next(sheet.iter_rows(max_row=1, values_only=True), ())]
    while names and names[-1] == "None":
        names.pop()
    return names


def _read_parquet(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    parquet = needed("pyarrow.parquet", path)
    import pyarrow

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            _check_names(file.schema_arrow.names, path)
            for batch in file.iter_batches(batch_size=64):
                for row in batch.to_pylist():
                    number += 1
                    yield number, _without_nulls(row)
    except OSError as error:
        raise InputError(reason(error), path) from None
    except (pyarrow.ArrowException, *VALUES) as error:
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
