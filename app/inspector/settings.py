"""What `halluc inspect` tells the app, through the environment of its process."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

NAME = "HALLUC_INSPECT"


class Settings(msgspec.Struct, frozen=True):
    """What to inspect.

    Attributes:
        runs: folders of the runs.
        images: folder of the pictures; empty: where the runs' data sets have them.
        reviews: the database of reviews, a file of SQLite or a URL.
        models: that the page Live offers beside the embedded one.
        drafts: a folder for runs that are made of files, as long as the process lives.
    """

    runs: tuple[str, ...]
    images: str = ""
    reviews: str = ""
    models: tuple[str, ...] = ()
    drafts: str = ""

    def environment(self) -> dict[str, str]:
        """The variable that carries them."""
        return {NAME: msgspec.json.encode(self).decode()}


_opened: list[str] = []


def read_settings() -> Settings:
    """The settings of this process, with the runs that were opened since it began."""
    settings = msgspec.json.decode(os.environ[NAME], type=Settings)
    return msgspec.structs.replace(settings, runs=(*settings.runs, *_opened))


def add_run(folder: str) -> None:
    """Show one more run, to everybody, until the process ends."""
    _opened.append(folder)


def run_names(folders: tuple[str, ...]) -> dict[str, str]:
    """A short name for each folder, longer only where two would be the same.

    >>> run_names(("a/greedy", "b/greedy", "b/vcd"))
    {'a/greedy': 'a/greedy', 'b/greedy': 'b/greedy', 'vcd': 'b/vcd'}
    """
    short = [Path(each).resolve().name for each in folders]
    return {
        name if short.count(name) == 1 else folder: folder
        for name, folder in zip(short, folders, strict=True)
    }
