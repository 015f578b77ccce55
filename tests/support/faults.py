"""Storage that fails at one chosen step: opening, writing, syncing, naming."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def each_fault(
    monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], T]
) -> Iterator[tuple[int, T]]:
    """Each step in turn that fails, and what the act gives then; in the end one without a fault.

    Args:
        monkeypatch: undoes everything.
        number: the error, such as ``errno.ENOSPC``.
        act: what changes the disk.
    """
    for step in range(200):
        with monkeypatch.context() as patched:
            faults = Faults(patched, step, number)
            done = act()
        if not faults.met:
            return
        yield step, done


class Faults:
    """Lets the n-th step that changes the disk fail; a write that fails is half done.

    Args:
        monkeypatch: undoes everything.
        at: which step fails, from 0.
        number: the error, such as ``errno.ENOSPC``.

    Attributes:
        met: whether that step was reached.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, number: int) -> None:
        self.met = False
        self._left, self._number = at, number
        faults, real_open = self, io.open

        class Raw(io.FileIO):
            def write(self, content: Any) -> int:
                if faults.fails():
                    super().write(bytes(content)[: len(content) // 2])
                    raise faults.error()
                return super().write(content)

        def opened(
            file: Any, mode: str = "r", buffering: int = -1, *more: Any, **named: Any
        ) -> Any:
            if "b" not in mode or not set(mode) & set("wxa"):
                return real_open(file, mode, buffering, *more, **named)
            faults.step()
            raw = Raw(file, mode.replace("b", ""))
            return raw if buffering == 0 else io.BufferedWriter(raw)

        monkeypatch.setattr(io, "open", opened)
        for name in ("fsync", "replace", "rename", "mkdir"):
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name)))

    def fails(self) -> bool:
        """Count a step; True for the one that fails."""
        self._left -= 1
        self.met = self.met or self._left < 0
        return self._left == -1

    def error(self) -> OSError:
        """What the system would say."""
        return OSError(self._number, os.strerror(self._number))

    def step(self) -> None:
        """Count a step that fails without doing anything."""
        if self.fails():
            raise self.error()

    def _wrapped(self, function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self.step()
            return function(*arguments, **named)

        return call
