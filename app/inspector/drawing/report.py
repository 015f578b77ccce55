"""A view as one HTML file that needs no server: figures, and samples with pictures and marks."""

from __future__ import annotations

from pathlib import Path

from app.inspector.drawing import html
from app.inspector.drawing.marks import plain
from app.inspector.drawing.pictures import LARGE, Picture, open_picture
from app.inspector.reading import counts
from app.inspector.reading.columns import Columns
from app.inspector.reading.view import View, look, metric_of
from halluc.errors import InputError
from halluc.records import Sample

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>{style}
<style>:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto;
  padding: 0 1rem; }}
article {{ border-top: 1px solid #8886; padding: 1rem 0; }}
h2 {{ font-size: 1rem; font-weight: 600; overflow-wrap: anywhere; }}
td, th {{ text-align: left; padding: .1rem 1rem .1rem 0; }}</style></head><body>
"""


def report_html(run: Columns, view: View, images: str = "", limit: int = 200) -> str:
    """The samples that a view lets pass, as one HTML page without scripts.

    Args:
        run: the run.
        view: the filters.
        images: folder of the pictures; empty: where the data set has them.
        limit: most samples that are shown.
    """
    seen, metric = look(run, view), metric_of(run, view)
    title = plain(f"{run.path.resolve().name}: {view}")
    rows = [int(each) for each in seen.rows[:limit]]
    parts = [_HEAD.format(title=title, style=html.style())]
    parts.append(f"<h1>{plain(run.path.resolve().name)}</h1><p>{plain(str(view))}: ")
    parts.append(f"{len(seen.rows):,} of {len(run.answers):,} samples")
    parts.append(f", the first {len(rows)} shown</p>" if len(rows) < len(seen.rows) else "</p>")
    if metric:
        parts.append(_rates(run, metric))
    parts.append(html.legend() if metric else "")
    folder = Path(images) if images else None
    for row in rows:
        sample, response = run.sample(row), run.response(row)
        findings = [each for _, each in run.findings_of(row, metric)]
        picture = _picture(run, sample, folder)
        body = html.sample_html(sample, response, findings, picture)
        parts.append(f"<article><h2>{plain(sample.id)}</h2>{body}</article>")
    return "".join([*parts, "</body></html>\n"])


def _picture(run: Columns, sample: Sample, folder: Path | None) -> Picture | str:
    try:
        return open_picture(run.card, sample, folder, LARGE)
    except InputError as error:
        return str(error)


def _rates(run: Columns, metric: str) -> str:
    """Rates by kind, of the whole run."""
    rows = "".join(
        f"<tr><td>{plain(each.group)}</td><td>{each.rate:.1%}</td>"
        f"<td>{each.low:.1%} to {each.high:.1%}</td><td>{each.wrong:,} of {each.of:,}</td></tr>"
        for each in counts.by_kind(run, metric).itertuples()
    )
    head = "<tr><th>kind</th><th>hallucinated</th><th>95 %</th><th>claims</th></tr>"
    return f"<p>Of all claims of the run ({plain(metric)}):</p><table>{head}{rows}</table>"
