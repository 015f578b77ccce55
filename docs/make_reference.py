"""Write docs/reference.md and docs/methods.md from the command and from what metrics say.

python docs/make_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from app.cli import cli
from halluc.options import Option, options_of
from halluc.plugins import Group, load_plugin, origin, plugins
from mitigation.inprocess import own_options

DOCS = Path(__file__).parent
WIDTH = 80
NOTE = "Written by `docs/make_reference.py`; do not edit.\n"
REFERENCE = f"# The command\n\nThe help of each command, as `--help` prints it. {NOTE}"
METHODS = f"""\
# Metrics and methods

What `halluc list` shows, with all options. The same classes make the commands, so ranges and
defaults are those of the command. A package of your own [adds to these tables](own/metric.md).

{NOTE}"""
GROUPS: dict[Group, tuple[str, str]] = {
    "metrics": ("Metrics", "`halluc score NAME`, `halluc compare --metric NAME`"),
    "decodings": ("Decodings", "`halluc generate --decode NAME`: correction during generation"),
    "plans": ("Plans", "`halluc generate --plan NAME`: correction by prompting"),
    "revisers": ("Revisers", "`halluc revise NAME`: correction after generation"),
}
PAGES = {
    "metrics": "metrics/{}.md",
    "decodings": "decoding.md",
    "plans": "prompting.md",
    "revisers": "revise.md",
}


def sections(command: click.Command, name: str, above: click.Context | None) -> Iterator[str]:
    """The help of a command and of those below it."""
    context = click.Context(
        command, info_name=name, parent=above, terminal_width=WIDTH, max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )  # fmt: skip
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None:
                yield from sections(below, each, context)


def own(group: Group) -> list[str]:
    """Names that halluc itself brings, whatever else is installed."""
    return [name for name in plugins(group) if origin(group, name).startswith("halluc ")]


def options(group: Group, name: str) -> list[Option]:
    """The options of a metric, decoding or reviser."""
    return own_options(name) if group == "decodings" else options_of(load_plugin(group, name))


def methods(group: Group) -> Iterator[str]:
    """A table of what there is, and one of its options."""
    title, command = GROUPS[group]
    yield f"## {title}\n\n{command}\n"
    names = own(group)
    rows = [_row("name", "what it does", "paper"), _row("---", "---", "---")]
    for name in names:
        found = load_plugin(group, name)
        page = PAGES[group].format(name)
        rows.append(_row(f"[{name}]({page})", found.summary, _paper(found.paper)))
    yield "\n".join(rows) + "\n"
    rows = [_row("name", "option", "meaning", "range", "default"), _row(*["---"] * 5)]
    for name in names:
        for each in options(group, name):
            meaning = each.help.removesuffix(".")
            default = "" if each.default is None else f"`{_short(each.default)}`"
            rows.append(_row(name, f"`{each.flag}`", meaning, each.range, default))
    yield "\n".join(rows) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"


def _paper(name: str) -> str:
    return f"[{name}](https://arxiv.org/abs/{name.removeprefix('arXiv:')})" if name else ""


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def pages() -> dict[Path, str]:
    """Both pages, by file."""
    return {
        DOCS / "reference.md": "\n".join([REFERENCE, *sections(cli, "halluc", None)]),
        DOCS / "methods.md": "\n".join([METHODS, *(x for group in GROUPS for x in methods(group))]),
    }


if __name__ == "__main__":
    for file, text in pages().items():
        file.write_text(text, "utf-8")
