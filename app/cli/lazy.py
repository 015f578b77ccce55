"""A group of commands that imports each one only when it runs."""

from __future__ import annotations

import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands are modules of one package, each named as its command.

    Args:
        package: the package.
        commands: name → one line of help, in the order a newcomer needs them. The help stands here
            so that ``--help`` imports nothing.
        settings: what `click.Group` takes.
    """

    def __init__(self, *, package: str, commands: dict[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._package, self._commands = package, commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order a newcomer needs them."""
        return list(self._commands)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of one command."""
        if name not in self._commands:
            return None
        module = importlib.import_module(f"{self._package}.{name}")
        command = getattr(module, name, None) or getattr(module, f"{name}_")
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._commands.items()))
