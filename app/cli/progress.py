"""Bars for the progress of workflows, on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.text import harmless

if TYPE_CHECKING:
    from app.workflows.progress import Progress


@contextmanager
def bars() -> Iterator[Progress]:
    """A bar a task, with counts, the time left and a note; nothing where no person reads it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        known: dict[str, TaskID] = {}

        def report(task: str, done: int, total: int, note: str = "") -> None:
            if task not in known:
                known[task] = progress.add_task(
                    harmless(task), total=total, completed=done, note=note
                )
            progress.update(known[task], completed=done, total=total, note=note)

        yield report
