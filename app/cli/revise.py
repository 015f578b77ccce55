"""`halluc revise`: the captions of a run revised, by a reviser that is installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.options import (
    DEVICE,
    DTYPE,
    ENGINE,
    IMAGES,
    VOCABULARY,
    chosen,
    struct_options,
    together,
)
from app.cli.text import say
from halluc.options import options_of
from halluc.plugins import load_plugin, plugins

if TYPE_CHECKING:
    from halluc.runs import Run
    from mitigation.postcorrection.protocol import Reviser

_OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN2",
    help="Folder of the revised run. If it holds this run already, it is continued.",
)
_BATCH = click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True)


class Revisers(click.Group):
    """A command for each reviser that is installed, built from what it says of itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the revisers."""
        return list(plugins("revisers"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of a reviser."""
        return _command(load_plugin("revisers", name)) if name in plugins("revisers") else None


@click.group(cls=Revisers)
def revise() -> None:
    """Revise finished captions: post-correction.

    RUN2 holds the revised captions, and revisions.jsonl: what was asked or masked, what was changed
    and why.
    """


def _command(reviser: type[Reviser]) -> click.Command:
    def run(*, run: Path, output: Path, **options: Any) -> None:
        shared = {
            name: options.pop(name)
            for name in ("vocabulary", "batch_size", "dtype", "device", "images")
        }
        engine = tuple(options.pop(name) for name in ("engine", "workers", "gpus"))
        _revise(run, reviser(**chosen(options)), output, engine, **shared)

    run.__doc__ = f"{reviser.summary}\n\nAfter {reviser.title} ({reviser.paper})."
    add = together(
        click.argument("run", type=click.Path(path_type=Path), metavar="RUN"),
        _OUTPUT, struct_options(options_of(reviser)), VOCABULARY, _BATCH, DTYPE, DEVICE, IMAGES,
        ENGINE,
    )  # fmt: skip
    return click.command(reviser.name, short_help=reviser.summary)(add(run))


def _revise(
    original: Path,
    reviser: Reviser,
    output: Path,
    engine: tuple[str, int | None, float | None],
    **how: Any,
) -> None:
    from app.cli.progress import bars
    from app.engine.connect import open_cluster
    from app.workflows.revise import revise as work
    from app.workflows.revise import summary
    from mitigation.postcorrection.revisions import read_revisions

    def started(run: Run) -> None:
        if run.note:
            say(f"halluc: {run.note}", err=True)

    with open_cluster(*engine) as cluster, bars() as progress:
        work(
            original, reviser, output,
            cluster=cluster, progress=progress, started=started, **how,
        )  # fmt: skip
    for line in summary(list(read_revisions(output).values())):
        say(line)
    say(f"next: halluc compare {original} {output}", err=True)
