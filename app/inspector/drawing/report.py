"""A view as one HTML file that needs no server: figures, and samples with pictures and marks."""

from __future__ import annotations

from pathlib import Path

from app.inspector.drawing import html
from app.inspector.drawing.made import figure, interval
from app.inspector.drawing.made import parts as made_of
from app.inspector.drawing.marks import plain
from app.inspector.drawing.pictures import LARGE, Picture, open_picture
from app.inspector.reading.columns import Columns, read_scores
from app.inspector.reading.view import Seen, View, look, metric_of
from halluc.errors import InputError
from halluc.html import page_html
from halluc.records import Sample
from halluc.runs import Run


def report_html(run: Columns, view: View, images: str = "", limit: int = 200) -> str:
    """The samples that a view lets pass, as one HTML page without scripts.

    Before them stand contents, how the run was made and scored, all figures with their intervals,
    and the filters in words.

    Args:
        run: the run.
        view: the filters.
        images: folder of the pictures; empty: where the data set has them.
        limit: most samples that are shown.
    """
    seen, metric = look(run, view), metric_of(run, view)
    name = plain(run.path.resolve().name)
    rows = [int(each) for each in seen.rows[:limit]]
    samples = [(row, run.sample(row)) for row in rows]
    listed = "".join(
        f'<li><a href="#s{row}">{plain(sample.id)}</a></li>' for row, sample in samples
    )
    parts = [
        f"<h1>{name}</h1>{about(run, view, seen, limit)}",
        f'<h2 id="samples">Samples</h2><details><summary>List</summary><ol>{listed}</ol></details>',
        html.legend() if metric else "",
    ]
    folder = Path(images) if images else None
    for row, sample in samples:
        findings = [each for _, each in run.findings_of(row, metric)]
        picture = picture_of(run, sample, folder)
        body = html.sample_html(sample, run.response(row), findings, picture)
        parts.append(f'<article id="s{row}"><h3>{plain(sample.id)}</h3>{body}</article>')
    return page_html(f"{name}: {plain(str(view))}", "".join(parts), html.style())


def about(run: Columns, view: View, seen: Seen, limit: int) -> str:
    """Contents, how the run was made, its figures, and the filters in words."""
    shown = f", the first {limit:,} shown" if limit < len(seen.rows) else ""
    passed = f"{len(seen.rows):,} of {len(run.answers):,} samples pass{shown}."
    return (
        f'{_CONTENTS}<h2 id="made">How it was made</h2>{_made(run)}'
        f'<h2 id="figures">Figures</h2>{_figures(run)}'
        f'<h2 id="filters">Filters</h2><p>{plain(view.sentence())}</p><p>{passed}</p>'
    )


_CONTENTS = (
    '<ul><li><a href="#made">How it was made</a></li><li><a href="#figures">Figures</a></li>'
    '<li><a href="#filters">Filters</a></li><li><a href="#samples">Samples</a></li></ul>'
)


def _made(run: Columns) -> str:
    """Model, decoding, data, prompt and versions, and how it was scored."""
    told = [(name or "size", value) for name, value in made_of(run.card)]
    if prompt := run.card.get("prompt"):
        told.append(("prompt", str(prompt)))
    versions = run.card.get("versions") or {}
    told.append(("versions", ", ".join(f"{name} {each}" for name, each in versions.items())))
    for metric, kept in Run(run.path, {}, []).scores().items():
        how = (f"{k} {v}" for k, v in kept["how"].items() if isinstance(v, str) and k != "metric")
        told.append((f"scored: {metric}", "; ".join([str(kept["how"].get("metric", "")), *how])))
    rows = "".join(
        f"<tr><th>{plain(name)}</th><td>{plain(value)}</td></tr>" for name, value in told if value
    )
    return f"<table>{rows}</table>"


def _figures(run: Columns) -> str:
    """All figures of all metrics, with their intervals."""
    scores = read_scores(run.path)
    if not scores:
        return "<p>None: the run was not scored.</p>"
    rows = "".join(
        f"<tr><td>{plain(each.metric)}</td><td>{plain(each.split)}</td><td>{plain(each.name)}</td>"
        f"<td>{figure(each)}</td><td>{interval(each)}</td></tr>"
        for each in scores
    )
    head = "".join(f"<th>{each}</th>" for each in ("metric", "split", "figure", "value", "95 %"))
    return f"<table><tr>{head}</tr>{rows}</table>"


def picture_of(run: Columns, sample: Sample, folder: Path | None) -> Picture | str:
    """The picture of a sample, or why there is none."""
    try:
        return open_picture(run.card, sample, folder, LARGE)
    except InputError as error:
        return str(error)
