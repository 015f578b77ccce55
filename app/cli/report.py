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
    """Write samples of a run with pictures, boxes and marked words as HTML that needs no server."""
    from urllib.parse import parse_qsl

    if (output is None) == (bundle is None):
        raise InputError("say where it goes, with -o FILE or --bundle FOLDER, one of them")
    try:
        from app.inspector.drawing.bundle import write_bundle
        from app.inspector.drawing.report import report_html
        from app.inspector.reading.columns import open_columns
        from app.inspector.reading.view import PLACES, View, known
    except ImportError as error:
        raise HallucError(
            f"reports need {error.name}; install it with: pip install 'halluc[inspector]'"
        ) from None
    from halluc.jsonl import open_plain, write_atomically

    if output and output.is_file() and output.stat().st_size:
        with open_plain(output) as file:
            if not file.read(16).lower().startswith(b"<!doctype html"):
                raise InputError("holds something else than a page; use another -o", output)
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
    if output:
        html = report_html(columns, wanted, pictures, limit)
        write_atomically(output, [html.encode()])
        say(f"{output}: {wanted} of {run}", err=True)
    elif bundle:
        number = write_bundle(columns, wanted, bundle, pictures, limit)
        say(f"{bundle / 'index.html'}: {wanted} of {run}, samples: {number:,}", err=True)
