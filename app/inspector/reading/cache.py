"""Tables of large runs kept in the user's cache, so that a run opens at once the second time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread

import pandas as pd

from halluc import __version__

LARGE = 64 << 20
"""Bytes of a run's files from which its tables are kept."""

Tables = tuple[pd.DataFrame, pd.DataFrame]


def folder() -> Path:
    """Where tables are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "halluc"


def kept(files: Sequence[Path], read: Callable[[], Tables]) -> Tables:
    """What `read` gives, from the cache where the files are as they were then.

    Args:
        files: what is read; one that is missing counts as empty.
        read: reads it.
    """
    states = [(each, each.stat()) for each in files if each.exists()]
    if sum(state.st_size for _, state in states) < LARGE:
        return read()
    told = [f"{each.resolve()} {state.st_size} {state.st_mtime_ns}" for each, state in states]
    key = hashlib.sha256("\n".join([__version__, *told]).encode()).hexdigest()[:24]
    places = [folder() / f"{key}-{name}.parquet" for name in ("answers", "findings")]
    with contextlib.suppress(OSError, ValueError):
        return pd.read_parquet(places[0]), pd.read_parquet(places[1])
    tables = read()
    Thread(target=_keep, args=(tables, places)).start()  # nobody waits for it
    return tables


def _keep(tables: Tables, places: Sequence[Path]) -> None:
    """Write tables; a cache that cannot be written is none."""
    with contextlib.suppress(OSError):
        places[0].parent.mkdir(parents=True, exist_ok=True)
        for table, place in zip(tables, places, strict=True):
            handle, draft = tempfile.mkstemp(dir=place.parent, suffix=".draft")
            os.close(handle)
            table.to_parquet(draft, compression="lz4")
            Path(draft).replace(place)
