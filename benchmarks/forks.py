"""Work in forks of this process: begun without any imports, and gone when it takes too long."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path


def begin(work: Callable[[], int], out: Path | None = None, err: Path | None = None) -> int:
    """Begin work in a fork, which leads a process group of its own.

    Args:
        work: gives the exit code; what it raises is written to its stderr, and its code is 1.
        out: where stdout goes; None: nowhere.
        err: where stderr goes.

    Returns:
        The number of the process.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, file in ((1, out), (2, err)):
            os.dup2(
                os.open(file or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), stream
            )
        code = work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return child


def wait(child: int, limit: float) -> int | None:
    """The exit code of a process that `begin` began, and the end of all that it began.

    Args:
        child: the process.
        limit: seconds after which it is killed.

    Returns:
        Below 0: the number of the signal that ended it. None: the limit did.
    """
    handle = os.pidfd_open(child)
    ended, _, _ = select.select([handle], [], [], limit)
    os.close(handle)
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:  # killed before it led a group
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ended else None


def halluc(command: Sequence[str], folder: Path) -> Callable[[], int]:
    """The work of a command of halluc, given in a folder."""

    def work() -> int:
        from app.cli import main

        os.chdir(folder)
        sys.argv = ["halluc", *command]
        main()
        return 0

    return work
