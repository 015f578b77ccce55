"""`halluc score`: a run or files of answers, scored with a metric."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from app.cli.options import (
    ALLOW_MISSING,
    AS_JSON,
    ENGINE,
    KEEP_THINKING,
    SCORES,
    TRUTHS,
    chosen,
    struct_options,
)
from app.cli.text import say
from halluc.options import options_of
from halluc.plugins import load_plugin, plugins

if TYPE_CHECKING:
    from app.workflows.score import Scored
    from metrics.protocol import Metric


class Metrics(click.Group):
    """A command for each metric that is installed, built from what the metric says of itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the metrics."""
        return list(plugins("metrics"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of a metric."""
        return _command(load_plugin("metrics", name)) if name in plugins("metrics") else None


@click.group(cls=Metrics)
def score() -> None:
    """Score a run or files of answers with a metric.

    halluc list metrics shows each with its paper.
    """


def _command(metric: type[Metric]) -> click.Command:
    def run(
        *,
        answers: tuple[str, ...],
        truth: tuple[str, ...],
        allow_missing: bool,
        keep_thinking: bool,
        as_json: bool,
        output: Path | None,
        **options: Any,
    ) -> None:
        engine = {name: options.pop(name, None) for name in ("engine", "workers", "gpus")}
        given = chosen(options)
        if given.get("show") and as_json:
            raise click.UsageError("--show lists words under the table; with --json use -o")
        scored = _score(
            metric(**given), answers, truth,
            allow_missing=allow_missing, keep_thinking=keep_thinking, output=output, **engine,
        )  # fmt: skip
        if as_json:
            say(msgspec.json.format(msgspec.json.encode(scored.document()), indent=2))
        else:
            _show(scored)

    paper = f" ({metric.paper})" if metric.paper else ""
    summary = f"{metric.title}: {metric.summary[:1].lower()}{metric.summary[1:]}"
    run.__doc__ = f"{summary.removesuffix('.')}{paper}."
    if metric.spreads:
        run = ENGINE(run)
    run = SCORES(AS_JSON(ALLOW_MISSING(KEEP_THINKING(struct_options(options_of(metric))(run)))))
    run = click.argument("answers", nargs=-1, required=True, metavar="RUN_OR_FILE...")(TRUTHS(run))
    return click.command(metric.name, short_help=metric.summary)(run)


def _score(
    metric: Metric,
    answers: tuple[str, ...],
    truth: tuple[str, ...],
    *,
    allow_missing: bool,
    keep_thinking: bool,
    output: Path | None,
    engine: str | None,
    workers: int | None,
    gpus: float | None,
) -> Scored:
    from functools import partial

    from app.engine.cluster import spread
    from app.engine.connect import open_cluster
    from app.workflows.score import score as work

    # A cluster starts while the answers are read.
    with open_cluster(engine or "local", workers, gpus) as cluster:
        return work(
            answers, metric, truth=truth, allow_missing=allow_missing,
            keep_thinking=keep_thinking, output=output,
            spread=partial(spread, cluster),
        )  # fmt: skip


def _show(scored: Scored) -> None:
    """The figures, how they were made, and what else the metric has to list."""
    from app.cli.tables import print_table

    for table in scored.tables():
        print_table(table.rows, table.left, title=table.title)
        say()
    for line in _made(scored.how):
        say(line)
    for table in scored.metric.lists(scored.measured, scored.given):
        say(f"\n{table.title}")
        if table.rows:
            print_table(table.rows, table.left)
    for line in scored.measured.lines:
        say(line)


def _made(how: dict[str, Any]) -> Iterator[str]:
    """How the figures were made, line by line."""
    from app.workflows.score import brief

    for name, value in how.items():
        for part in value if isinstance(value, list) else [value]:
            yield f"{name}: {brief(part)}"
