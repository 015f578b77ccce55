"""`halluc compare`: do two runs really differ?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from app.cli.options import ALLOW_MISSING, TRUTHS, chosen, union_options
from app.cli.text import harmless, say
from halluc.options import options_of
from halluc.plugins import load_plugin, plugins

if TYPE_CHECKING:
    from app.workflows.compare import ComparedRuns

Form = Literal["json", "markdown", "csv", "brief"]


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="[NAME=]RUN_OR_FILES...")
@TRUTHS
@click.option(
    "--control",
    "controls",
    multiple=True,
    metavar="NAME",
    help="A run that the others must beat, such as greedy or mask-only. May repeat.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="Compare by this metric; may repeat. Default: those of the runs' task.",
)
@click.option(
    "--equal-length",
    is_flag=True,
    help="Of captions: how much of each difference goes with length. Both texts of a pair are cut "
    "to the words of the shorter, and rates are adjusted by a model.",
)
@click.option(
    "--frontier",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PICTURE",
    help="Draw hallucination over coverage: intervals, the Pareto front, dials as curves.",
)
@ALLOW_MISSING
@union_options(
    {name: options_of(load_plugin("metrics", name)) for name in plugins("metrics")},
    without=["show"],
)
@click.option("--brief", "form", flag_value="brief", help="Print the verdict in ten lines at most.")
@click.option("--json", "form", flag_value="json", help="Print JSON instead of tables.")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown.")
@click.option("--csv", "form", flag_value="csv", help="Print a line for each difference.")
def compare(
    *,
    runs: tuple[str, ...],
    truth: tuple[str, ...],
    controls: tuple[str, ...],
    metrics: tuple[str, ...],
    equal_length: bool,
    frontier: Path | None,
    allow_missing: bool,
    form: Form | None,
    **options: Any,
) -> None:
    """Compare runs, or files of answers, pair by pair on the same ids.

    Each is a folder of a run, or files with commas between them, and may have a name:
    greedy=a.jsonl,b.jsonl. Each is compared with the first, with 95 % intervals and paired
    tests, and in words.
    """
    from app.workflows.compare import compare as work

    compared = work(
        runs, truth=truth, controls=controls, metrics=metrics, allow_missing=allow_missing,
        equal_length=equal_length, **chosen(options),
    )  # fmt: skip
    if frontier is not None:
        from app.workflows.compare.frontier import save_frontier

        save_frontier(compared, frontier)
    _print(compared, form)


def _print(compared: ComparedRuns, form: Form | None) -> None:
    from app.workflows.compare.tables import as_csv, as_markdown, document
    from app.workflows.compare.words import headlines

    if form == "json":
        import msgspec

        say(msgspec.json.format(msgspec.json.encode(document(compared)), indent=2))
    elif form == "csv":
        say(as_csv(compared), nl=False)
    elif form == "markdown":
        say(as_markdown(compared))
    elif form == "brief":
        say("\n".join(headlines(compared)))
    else:
        _print_tables(compared)


def _print_tables(compared: ComparedRuns) -> None:
    """The report for a person at a terminal."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from app.cli.tables import print_table
    from app.workflows.compare import where
    from app.workflows.compare.tables import HEAD, notes, sections

    console = Console()

    def block(title: str, lines: list[str]) -> None:
        console.print(Text(harmless(title), "bold"))
        for line in lines:
            console.print(Padding(Text(harmless(line)), (0, 0, 0, 2), expand=False))
        console.print()

    block("Verdict", [f"• {line}" for line in compared.verdicts])
    for title, rows in sections(compared):
        print_table([HEAD, *rows], HEAD[:2], title=title)
        console.print()
    # Of many pairs the parts by object, position and so on are for a page.
    for title, rows in where.sections(compared.where, whole=len(compared.where) == 1):
        print_table(rows, rows[0][:2], title=title)
        console.print()
    for title, lines in notes(compared):
        block(title, lines)
