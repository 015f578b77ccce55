"""`halluc report`: what the inspector shows of a run, as one HTML file that needs no server."""

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
    required=True,
    metavar="FILE",
    help="Where the page goes.",
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
def report(*, run: Path, output: Path, view: str, limit: int, images: Path | None) -> None:
    """Write samples of a run with pictures, boxes and marked words as one HTML file."""
    from urllib.parse import parse_qsl

    try:
        from app.inspector.drawing.report import report_html
        from app.inspector.reading.columns import open_columns
        from app.inspector.reading.view import PLACES, View, known
    except ImportError as error:
        raise HallucError(
            f"reports need {error.name}; install it with: pip install 'halluc[inspector]'"
        ) from None
    from halluc.jsonl import open_plain, write_atomically

    if output.is_file() and output.stat().st_size:
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
    html = report_html(columns, wanted, str(images) if images else "", limit)
    write_atomically(output, [html.encode()])
    say(f"{output}: {wanted} of {run}", err=True)
