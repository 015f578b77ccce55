"""`halluc list`: what there is to choose from."""

from __future__ import annotations

from typing import Any

import click

from app.cli.text import say
from halluc.datasets.load import FORMS
from halluc.errors import HallucError
from halluc.mllm.load import MODELS
from halluc.plugins import GROUPS, Group, load_plugin, origin, plugins


@click.command("list")
@click.argument("what", required=False, type=click.Choice([*GROUPS, "models", "data"]))
def list_(what: Any) -> None:
    """Show the metrics, decodings, plans, revisers, forms of models or of data that there are.

    Without an argument, all six. Metrics, decodings, plans and revisers of other packages are
    among them once these are installed.
    """
    from app.cli.tables import print_table

    if what:
        rows = _rows(what)
        print_table(rows, rows[0])
        return
    for name in (*GROUPS, "models", "data"):
        rows = _rows(name)
        print_table(rows, rows[0], title=name)
        say()


def _rows(what: Any) -> list[list[str]]:
    """The table of one kind, its heads first."""
    if what in GROUPS:
        group: Group = what
        return [
            ["name", "what it does", "paper", "from"],
            *([name, *_told(group, name), origin(group, name)] for name in plugins(group)),
        ]
    return [["name", "what it is"], *map(list, (MODELS if what == "models" else FORMS).items())]


def _told(group: Group, name: str) -> list[str]:
    """What a plugin says of itself, or why it cannot be loaded."""
    try:
        found = load_plugin(group, name)
    except HallucError as error:
        return [str(error), ""]
    return [found.summary, found.paper]
