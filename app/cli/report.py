"""`halluc report`: what the inspector shows of a run, as a file or folder that needs no server."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.text import say
from halluc.errors import HallucError, InputError


@click.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the page goes: one file that holds everything.",
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Instead of one file a folder with an index, a page for each sample, and pictures.",
)
@click.option(
    "--view",
    default="",
    metavar="QUERY",
    help="What to show, as in the inspector's links: kind=relation&verdict=hallucinated.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Most samples that are shown.",
)
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
def report(
    *,
    run: Path,
    output: Path | None,
    bundle: Path | None,
    view: str,
    limit: int,
    images: Path | None,
) -> None:
    """Write samples of a run with pictures, boxes and marked words as HTML that needs no server.

    Of a folder of halluc arena it is the report of that.
    """
    from halluc.jsonl import open_plain, write_atomically

    if (output is None) == (bundle is None):
        raise InputError("say where it goes, with -o FILE or --bundle FOLDER, one of them")
    if output and output.is_file() and output.stat().st_size:
        with open_plain(output) as file:
            if not file.read(16).lower().startswith(b"<!doctype html"):
                raise InputError("holds something else than a page; use another -o", output)
    shown = None if bundle else _of_arena(run, view)
    html, what = shown or _of_run(run, bundle, view, limit, images)
    if output:
        write_atomically(output, [html.encode()])
    say(f"{output or (bundle and bundle / 'index.html')}: {what}", err=True)


def _of_arena(folder: Path, view: str) -> tuple[str, str] | None:
    """The report of an arena and what it shows; None if the folder is of none."""
    from app.workflows.arena.page import read_report, to_html
    from app.workflows.arena.running import is_arena

    if not is_arena(folder):
        return None
    if view:
        raise InputError("--view: an arena has one view; name one of its runs", folder)
    report = read_report(folder)
    return to_html(report, folder), f"{report.file} in {folder}"


def _of_run(
    run: Path, bundle: Path | None, view: str, limit: int, images: Path | None
) -> tuple[str, str]:
    """The page of what a view lets pass, or nothing where it went into a folder, and what it is."""
    from urllib.parse import parse_qsl

    try:
        from app.inspector.drawing.bundle import write_bundle
        from app.inspector.drawing.report import report_html
        from app.inspector.reading.columns import open_columns
        from app.inspector.reading.view import PLACES, View, known
    except ImportError as error:
        raise HallucError(
            f"reports need {error.name}; install it with: pip install 'halluc[inspector]'"
        ) from None
    columns = open_columns(run)
    query = dict(parse_qsl(view.lstrip("?"), keep_blank_values=True))
    wanted, strange = known(columns, query)
    strange += [each for each in query if each not in (*View.__dataclass_fields__, *PLACES)]
    if (view and not query) or strange:
        raise InputError(
            f"--view: {run} knows no {'; '.join(strange) or view!r}; copy the link of the "
            f"inspector, or give {', '.join(View.__dataclass_fields__)} as name=value, joined by &"
        )
    pictures = str(images) if images else ""
    if not bundle:
        return report_html(columns, wanted, pictures, limit), f"{wanted} of {run}"
    number = write_bundle(columns, wanted, bundle, pictures, limit)
    return "", f"{wanted} of {run}, samples: {number:,}"
