"""`halluc arena`: models, benchmarks, methods, controls and seeds from one file, in one report."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.cli.options import ENGINE
from app.cli.text import say


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Where the runs and the report go. If it holds this arena already, it is continued.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Ask the first N samples of each benchmark only, whatever FILE says.",
)
@click.option("--batch-size", type=click.IntRange(min=1), default=8, show_default=True)
@ENGINE
def arena(
    *,
    file: Path,
    output: Path,
    limit: int | None,
    batch_size: int,
    engine: str,
    workers: int | None,
    gpus: float | None,
) -> None:
    """Run all arms of FILE, score and compare them, and write one report.

    FILE is TOML and names models, benchmarks and arms: decodings, plans, their controls and seeds.
    What is there already is not run again; an arm that is refused is a row of the report. The
    report is FOLDER/report.html, report.md and report.json; halluc report writes the page anew.
    """
    from app.cli.progress import bars
    from app.engine.connect import open_cluster
    from app.workflows.arena import arena as work

    with open_cluster(engine, workers, gpus) as cluster:
        try:
            with bars() as progress:
                report = work(file, output, limit=limit, cluster=cluster, batch_size=batch_size,
                              progress=progress)  # fmt: skip
        except KeyboardInterrupt:
            say("\nstopped; the same command continues", err=True)
            sys.exit(130)
    for part in report.sections:
        if part.level == 2:
            say("\n  ".join([part.title, *part.lines]) + "\n")
    refused = (f"{e.model}, {e.benchmark}, {e.arm}: {e.reason}" for e in report.refused)
    for each in dict.fromkeys(refused):  # once for all seeds
        say(f"refused: {each}", err=True)
    say(f"report: {output / 'report.html'}", err=True)
