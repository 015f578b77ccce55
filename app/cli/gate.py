"""`halluc gate`: fail a pipeline where a new run is worse than its base by more than is allowed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from app.cli.options import ALLOW_MISSING, TRUTHS, chosen, union_options
from halluc.options import options_of
from halluc.plugins import load_plugin, plugins


@click.command()
@click.argument("base", metavar="BASE")
@click.argument("new", metavar="NEW")
@click.option(
    "--max-rise",
    multiple=True,
    metavar="FIGURE=SIZE",
    help="How far a figure may rise: chair_i=1pp (percentage points), len=5 (in its unit). May "
    "repeat.",
)
@click.option(
    "--max-drop",
    multiple=True,
    metavar="FIGURE=SIZE",
    help="How far a figure may drop: recall=2pp. May repeat.",
)
@click.option(
    "--confidence",
    type=float,
    default=0.95,
    show_default=True,
    help="With which a run that keeps all limits is not failed.",
)
@TRUTHS
@ALLOW_MISSING
@union_options(
    {name: options_of(load_plugin("metrics", name)) for name in plugins("metrics")},
    without=["show"],
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write JUnit XML: a test for each limit.",
)
@click.option(
    "--summary",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Append a Markdown summary, as to GitHub's $GITHUB_STEP_SUMMARY.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def gate(
    *,
    base: str,
    new: str,
    max_rise: tuple[str, ...],
    max_drop: tuple[str, ...],
    confidence: float,
    truth: tuple[str, ...],
    allow_missing: bool,
    junit: Path | None,
    summary: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Hold a new run to limits against a base run on the same ids.

    A limit is exceeded only if the interval of the change lies above it as a whole. Exit code: 0
    all limits are kept, 1 one is exceeded, 3 too few pictures to tell, 2 bad input.
    """
    from app.workflows.gate import gate as work
    from halluc.errors import InputError
    from halluc.jsonl import reason, write_atomically

    found = work(
        base, new, max_rise=max_rise, max_drop=max_drop, confidence=confidence, truth=truth,
        allow_missing=allow_missing, **chosen(options),
    )  # fmt: skip
    if junit is not None:
        write_atomically(junit, [found.to_junit()])
    if summary is not None:
        try:
            with summary.open("a", encoding="utf-8") as file:
                file.write(found.to_markdown())
        except OSError as error:
            raise InputError(reason(error), summary) from None
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(found.document()), indent=2))
    else:
        click.echo("\n".join([found.verdict, *(f"  {each.sentence}" for each in found.checks)]))
    sys.exit(found.code)
