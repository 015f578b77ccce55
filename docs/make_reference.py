"""Write docs/reference.md, the help of every command, from the command itself.

python docs/make_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from app.cli import cli

PAGE = Path(__file__).with_name("reference.md")
WIDTH = 100
HEAD = """\
# The command

The help of each command, as `--help` prints it. Written by `docs/make_reference.py`; do not edit.
"""


def sections(command: click.Command, name: str, above: click.Context | None) -> Iterator[str]:
    """The help of a command and of those below it."""
    context = click.Context(
        command, info_name=name, parent=above, terminal_width=WIDTH, max_content_width=WIDTH
    )
    context.help_option_names = ["-h", "--help"]
    yield f"## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None:
                yield from sections(below, each, context)


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *sections(cli, "halluc", None)])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
