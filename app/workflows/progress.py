"""How far a workflow is, for whoever wants to know."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as a workflow goes on: a terminal shows bars, a notebook or a test may ignore it."""

    def __call__(self, task: str, done: int, total: int, note: str = "") -> None:
        """Take note.

        Args:
            task: what is being done; each has a bar of its own.
            done: how much of it is done.
            total: how much there is to do.
            note: figures on the way, such as a loss.
        """


def silent(task: str, done: int, total: int, note: str = "") -> None:
    """Show nothing."""
