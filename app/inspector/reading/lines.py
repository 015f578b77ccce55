"""Files of JSON lines: some fields of all rows at once, or one row in full when it is looked at."""

from __future__ import annotations

import glob
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from halluc.errors import InputError, said
from halluc.jsonl import BAD_JSON, open_plain, read_jsonl, reason

T = TypeVar("T", bound=msgspec.Struct)

_BLOCK = 4 << 20
_SOME = 10_000
_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class Lines:
    """The lines of a file that are not blank.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Where each line begins and where it ends, in bytes of the unpacked file (lines, 2).

        Raises:
            InputError: the file cannot be read.
        """
        ends, start, size = [], 0, 0
        with open_plain(self.path) as file:
            while block := file.read(_BLOCK):
                if not size and block.startswith(BOM_UTF8):
                    start = len(BOM_UTF8)
                ends.append(np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + size)
                size += len(block)
        every = np.concatenate([*ends, [size]]).astype(np.int64)
        places = np.column_stack((np.concatenate(([start], every[:-1] + 1)), every))
        kept: NDArray[np.int64] = places[places[:, 1] - places[:, 0] > 1]
        return kept  # "" and "\r" hold no record

    def read(self, row: int, type: type[T], decode: Callable[[bytes], T] | None = None) -> T:
        """The record of a row, from 0; `decode` reads its line, as JSON unless given.

        Raises:
            InputError: it is no such record, or the file cannot be read.
        """
        start, end = map(int, self.places[row])
        with open_plain(self.path) as file:
            file.seek(start)
            line = file.read(end - start)
        try:
            return decode(line) if decode else msgspec.json.decode(line, type=type)
        except BAD_JSON as error:
            raise InputError(str(error), self.path, row + 1) from None

    def columns(self, fields: list[Any], type: type[T], spread: str = "") -> pa.Table:
        """Some fields of all rows.

        Args:
            fields: names and Arrow types.
            type: what a line is, for the message where one is not.
            spread: one of them that is a record; its own fields stand in its place.

        Raises:
            InputError: a line is no such record; names it.
        """
        schema = pa.schema(fields)
        try:
            if not self.path.stat().st_size:
                return _spread(schema.empty_table(), spread)
        except OSError as error:
            raise InputError(reason(error), self.path) from None
        import duckdb

        with duckdb.connect(config=_ALONE) as connection:
            connection.execute("SET enable_progress_bar = false")
            try:
                rows = connection.read_json(
                    glob.escape(str(self.path)), format="newline_delimited", records="true",
                    columns={each.name: _sql(each.type) for each in schema},
                )  # fmt: skip
                return rows.select(", ".join(_selected(schema, spread))).to_arrow_table()
            except duckdb.Error:
                pass  # a line is damaged, or longer than 16 MiB
        table = pa.concat_tables([schema.empty_table(), *self._slowly(schema, type)])
        return _spread(table, spread)

    def _slowly(self, schema: pa.Schema, type: type[T]) -> Iterator[pa.Table]:
        """The same record by record, which tells the line of an error."""
        rows: list[dict[str, Any]] = []
        count = 0
        try:
            for _, each in read_jsonl(self.path, type):
                rows.append(
                    {name: msgspec.to_builtins(getattr(each, name)) for name in schema.names}
                )
                count += 1
                if len(rows) == _SOME:
                    yield self._table(rows, schema)
                    rows = []
        except InputError:
            # As elsewhere: what a crash cut short is left out, and it can only be the last line.
            if count < len(self.places) - 1 or self._ended():
                raise
        yield self._table(rows, schema)

    def _table(self, rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
        try:
            return pa.Table.from_pylist(rows, schema)
        except (pa.ArrowException, OverflowError) as error:
            raise InputError(
                f"a number that no text or picture has: {said(error)}", self.path
            ) from None

    def _ended(self) -> bool:
        """Whether the last line has its end."""
        last = b""
        with open_plain(self.path) as file:
            while block := file.read(_BLOCK):
                last = block
        return last.endswith(b"\n")


def _selected(schema: pa.Schema, spread: str) -> Iterator[str]:
    """The columns as DuckDB is asked for them."""
    for each in schema:
        if each.name == spread:
            yield from (f'"{spread}"."{inner.name}"' for inner in each.type.fields)
        else:
            yield f'"{each.name}"'


def _spread(table: pa.Table, name: str) -> pa.Table:
    """A table with a record's fields in its place."""
    if not name:
        return table
    flat = table.flatten()
    return flat.rename_columns([each.removeprefix(f"{name}.") for each in flat.column_names])


def _sql(type: pa.DataType) -> str:
    """An Arrow type as DuckDB names it.

    >>> _sql(pa.list_(pa.struct([("start", pa.int32()), ("name", pa.string())])))
    'STRUCT("start" INTEGER, "name" VARCHAR)[]'
    """
    if pa.types.is_struct(type):
        fields = [f'"{each.name}" {_sql(each.type)}' for each in type.fields]
        return f"STRUCT({', '.join(fields)})"
    if pa.types.is_list(type):
        return f"{_sql(type.value_type)}[]"
    return {"string": "VARCHAR", "int32": "INTEGER", "double": "DOUBLE"}[str(type)]
