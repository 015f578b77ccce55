"""README.md and README.zh.md have the same commands, figures and links, and the commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from app.cli import cli

ROOT = Path(__file__).resolve().parents[1]
ENGLISH, CHINESE = (ROOT / name for name in ("README.md", "README.zh.md"))
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(page: Path) -> list[str]:
    """Code and tables, without the comments behind commands."""
    found = BLOCK.findall(page.read_text("utf-8"))
    return [re.sub(r"\s+# .*", "", each) for each in found]


def figures(page: Path) -> list[str]:
    """The numbers of the prose, in any order."""
    prose = LINK.sub("", BLOCK.sub("", page.read_text("utf-8")))
    return sorted(re.findall(r"\d[\d.,]*\d|\d", prose))


def links(page: Path) -> list[str]:
    return [each for each in LINK.findall(page.read_text("utf-8")) if not each.startswith("README")]


def test_both_have_the_same_commands_and_tables() -> None:
    assert blocks(ENGLISH) == blocks(CHINESE)


def test_both_have_the_same_figures() -> None:
    assert figures(ENGLISH) == figures(CHINESE)


def test_both_have_the_same_links_and_these_lead_somewhere() -> None:
    assert sorted(links(ENGLISH)) == sorted(links(CHINESE))
    for each in links(ENGLISH):
        if not each.startswith("http"):
            assert (ROOT / each.partition("#")[0]).exists(), each


def test_the_readme_stays_short() -> None:
    assert len(ENGLISH.read_text("utf-8").splitlines()) < 150


COMMANDS = [
    line for block in blocks(ENGLISH) for line in block.splitlines() if line.startswith("halluc ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_one(line: str) -> None:
    _, *arguments = shlex.split(line)
    command: click.Command = cli
    context = click.Context(cli, info_name="halluc", help_option_names=["-h", "--help"])
    while isinstance(command, click.Group):
        name, command, arguments = command.resolve_command(context, arguments)
        assert command is not None, line
        context = click.Context(command, info_name=name, parent=context)
    command.make_context(command.name, arguments, parent=context.parent)  # refuses what is wrong
