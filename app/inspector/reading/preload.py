"""A run that is read before anybody asks for it: while the server starts, and the browser comes."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.inspector.reading.columns import Columns

_FILES = ("run.json", "samples.jsonl", "responses.jsonl", "findings.jsonl")

States = tuple[int, ...]
_ahead: dict[tuple[str, States], Future[Columns]] = {}


def states_of(folder: str) -> States:
    """When each file of a run was last written; 0 where it is missing."""
    files = [Path(folder) / name for name in _FILES]
    return tuple(each.stat().st_mtime_ns if each.exists() else 0 for each in files)


def read_ahead(folder: str) -> None:
    """Begin to read a run."""
    pool = ThreadPoolExecutor(1)
    _ahead[folder, states_of(folder)] = pool.submit(_read, folder)
    pool.shutdown(wait=False)


def read(folder: str, states: States) -> Columns:
    """A run; what was read ahead is handed over once, if the files are still as they were.

    Raises:
        RunError: the folder is no run, or it has no answers.
        InputError: a file of it is damaged; names file and line.
    """
    begun = _ahead.pop((folder, states), None)
    return begun.result() if begun else _read(folder)


def _read(folder: str) -> Columns:
    from app.inspector.reading.columns import open_columns  # late: it would hold up the server

    return open_columns(folder)
