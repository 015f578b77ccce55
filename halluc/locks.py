"""Locks that keep two processes from writing one place, and folders that appear when whole.

The system lifts a lock when its process ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from halluc.errors import InputError, RunError
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
def alone(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Be the only process in this block for the same folder.

    Some network file systems lock no folders; there two processes must not score one run at once.

    Args:
        folder: must be there.
        wait: for another process, until it has left the block.

    Raises:
        RunError: the folder cannot be opened, or another process is in the block.
    """
    try:
        handle = _locked(folder, wait=wait)
    except BlockingIOError:
        raise RunError(f"{folder}: another process is at work on it") from None
    except OSError as error:
        raise RunError(f"{folder}: {reason(error)}") from None
    try:
        yield
    finally:
        _let_go(handle)


def _locked(folder: Path, *, wait: bool = True) -> int | None:
    """A folder opened and locked, where the system can do that."""
    if sys.platform == "win32":
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        raise
    except OSError:  # there are no locks
        pass
    return handle


def _let_go(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


@contextlib.contextmanager
def whole_folder(folder: Path, option: str = "-o") -> Iterator[Path]:
    """A folder to write in; it stands at `folder` once the block ends, and nowhere if that fails.

    What a crash left of it is removed by the next call, and another process that makes it is waited
    for.

    Args:
        folder: new or empty.
        option: that named it.

    Raises:
        InputError: it holds something, or cannot be written.
    """
    whole = folder.absolute()
    draft = whole.with_name(f".{whole.name}.draft")
    check_empty(folder, option)
    try:
        while True:
            draft.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                handle = _locked(draft)
                break
        try:
            check_empty(folder, option)  # meanwhile another process may have made it
            for each in draft.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            yield draft
            draft.replace(whole)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        finally:
            _let_go(handle)
    except OSError as error:
        raise InputError(reason(error), folder) from None


def check_empty(folder: Path, option: str = "-o") -> None:
    """See that nothing is overwritten.

    Raises:
        InputError: the folder holds something, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"holds other files; use another {option}", folder)
