"""Known failures. The command line prints each as one line and exits with code 2.

Anything else that is raised is a bug and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class HallucError(Exception):
    """A failure that the user can correct; its text says what, where and how."""


class InputError(HallucError):
    """A file, a line of it, or a picture cannot be used.

    Args:
        what: what is wrong, and how to correct it, in one sentence without a full stop.
        path: the file.
        line: the line in it, counted from 1.
    """

    def __init__(self, what: str, path: str | Path | None = None, line: int | None = None) -> None:
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + " ".join(what.split()))
        self.path, self.line = path, line

    def with_hint(self, hint: str) -> InputError:
        """The same error with more behind it, if there is more to say."""
        if hint:
            self.args = (f"{self}; {hint}",)
        return self


class ModelError(HallucError):
    """A model cannot be named, found, loaded or run."""


class SampleError(ModelError):
    """One sample cannot be answered, while others may be.

    Args:
        id: of the sample; the text names it, too.
        what: what is wrong, and how to mend it, in one sentence without a full stop.
    """

    def __init__(self, id: str, what: str) -> None:
        super().__init__(" ".join(what.split()))
        self.id = id

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """So that it comes whole from another process."""
        return type(self), (self.id, str(self))


def said(error: Exception) -> str:
    r"""What an error of other code says, in a line of at most 250 characters.

    >>> said(ValueError("\n  no such\n  file"))
    'ValueError: no such file'
    """
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


class RunError(HallucError):
    """A run on disk and the command that would continue or read it disagree."""
