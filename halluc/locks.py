"""Locks that keep two processes from writing one run; the system lifts them when a process ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from halluc.errors import RunError
from halluc.jsonl import reason

if sys.platform != "win32":
    import fcntl


def lock(path: Path) -> FileIO:
    """Open the answers of a run for writing by this process alone.

    Raises:
        RunError: they cannot be opened, or another process writes them.
    """
    file = path / "responses.jsonl"
    try:
        handle = file.open("a+b", buffering=0)
    except OSError as error:
        raise RunError(f"{file}: {reason(error)}") from None
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            raise RunError(f"{path}: another process is at work on this run") from None
        except OSError as error:
            handle.close()
            raise RunError(f"{file} cannot be locked: {reason(error)}") from None
    return handle


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process is in this block for the same folder.

    Some network file systems lock no folders; there two processes must not score one run at once.

    Raises:
        RunError: the folder cannot be opened.
    """
    if sys.platform == "win32":
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise RunError(f"{folder}: {reason(error)}") from None
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
