"""`halluc list`: what there is to choose from."""

from __future__ import annotations

from typing import Any

import click

from halluc.datasets.load import FORMS
from halluc.errors import HallucError
from halluc.mllm.load import MODELS
from halluc.plugins import GROUPS, Group, load_plugin, origin, plugins


@click.command("list")
@click.argument("what", type=click.Choice([*GROUPS, "models", "data"]))
def list_(what: Any) -> None:
    """Show the metrics, decodings, revisers, forms of models or of data that there are.

    Metrics, decodings and revisers of other packages are among them once these are installed.
    """
    from app.cli.tables import print_table

    if what in GROUPS:
        group: Group = what
        rows = [["name", "what it does", "paper", "from"]]
        for name in plugins(group):
            rows.append([name, *_told(group, name), origin(group, name)])
        print_table(rows, rows[0])
    else:
        forms = MODELS if what == "models" else FORMS
        print_table([["name", "what it is"], *map(list, forms.items())], ("name", "what it is"))


def _told(group: Group, name: str) -> list[str]:
    """What a plugin says of itself, or why it cannot be loaded."""
    try:
        found = load_plugin(group, name)
    except HallucError as error:
        return [str(error), ""]
    return [found.summary, found.paper]
