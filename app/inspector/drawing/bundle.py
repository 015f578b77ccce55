"""A view as a folder that opens from a disk: an index, a page for each sample, pictures.

    FOLDER/index.html         how the run was made, its figures, the filters, and a list of samples
    FOLDER/samples/1.html …   a sample each, with the way to the one before and after
    FOLDER/pictures/1.png …   the pictures
    FOLDER/style.css

There are no scripts, and nothing is fetched from anywhere, so a browser shows it as it lies there.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.inspector.drawing import html
from app.inspector.drawing.marks import plain
from app.inspector.drawing.pictures import Picture
from app.inspector.drawing.report import about, picture_of
from app.inspector.reading.agreement import kinds_in
from app.inspector.reading.columns import Columns
from app.inspector.reading.view import View, look, metric_of
from halluc.html import PAGE_STYLE, page_html
from halluc.locks import whole_folder
from halluc.records import Finding, Kind, Response, Sample

_STYLE = """.hx-list img { width: 6rem; height: 6rem; object-fit: contain; background: #8882; }
.hx-list td { padding-top: .5rem; border-top: 1px solid #8886; min-width: 3rem; }
nav { display: flex; flex-wrap: wrap; gap: 1.5rem; margin-bottom: 1rem; }
"""


def write_bundle(run: Columns, view: View, folder: Path, images: str = "", limit: int = 200) -> int:
    """Write the samples that a view lets pass as a folder of pages; how many there are.

    The folder is there when it is whole.

    Args:
        run: the run.
        view: the filters.
        folder: new or empty.
        images: folder of the pictures; empty: where the data set has them.
        limit: most samples that are written.

    Raises:
        InputError: the folder holds something, or it cannot be written.
    """
    with whole_folder(folder, "--bundle") as draft:
        for each in ("samples", "pictures"):
            (draft / each).mkdir()
        return _write(run, view, draft, Path(images) if images else None, limit)


def _write(run: Columns, view: View, folder: Path, images: Path | None, limit: int) -> int:
    sheet = html.style().removeprefix("<style>").removesuffix("</style>")
    (folder / "style.css").write_text(f"{sheet}\n{PAGE_STYLE}{_STYLE}", encoding="utf-8")
    seen, metric = look(run, view), metric_of(run, view)
    kinds = kinds_in(run.findings[run.findings["metric"] == metric])
    name = plain(run.path.resolve().name)
    listed = []
    rows = [int(each) for each in seen.rows[:limit]]
    for number, row in enumerate(rows, start=1):
        sample, response = run.sample(row), run.response(row)
        findings = [each for _, each in run.findings_of(row, metric)]
        picture = _kept(picture_of(run, sample, images), folder, number)
        body = html.sample_html(sample, response, findings, picture)
        steps = _steps(number, len(rows))
        legend = html.legend() if metric else ""
        page = f"{steps}<h1>{plain(sample.id)}</h1>{legend}{body}"
        _page(folder / "samples" / f"{number}.html", f"{plain(sample.id)} – {name}", page, "../")
        listed.append(_row(number, sample, response, findings, picture, kinds=kinds))
    head = "".join(f"<th>wrong {each}</th>" for each in kinds)
    table = f"<tr><th>picture</th><th>sample</th>{head}<th>answer</th></tr>{''.join(listed)}"
    body = f"<h1>{name}</h1>{about(run, view, seen, limit)}"
    body += f'<h2 id="samples">Samples</h2><table class="hx-list">{table}</table>'
    _page(folder / "index.html", f"{name}: {plain(str(view))}", body)
    return len(rows)


def _page(place: Path, title: str, body: str, up: str = "") -> None:
    place.write_text(page_html(title, body, sheet=f"{up}style.css"), encoding="utf-8")


def _kept(picture: Picture | str, folder: Path, number: int) -> Picture | str:
    """The picture in a file, as a sample's page names it."""
    if isinstance(picture, str):
        return picture
    kind, _, data = picture.source.partition(";base64,")
    file = f"pictures/{number}.{kind.rpartition('/')[2]}"
    (folder / file).write_bytes(base64.b64decode(data))
    return replace(picture, source=f"../{file}")


def _steps(number: int, last: int) -> str:
    """Links to all samples, and to the ones before and after."""
    links = ['<a href="../index.html#samples">All samples</a>']
    if number > 1:
        links.append(f'<a rel="prev" accesskey="b" href="{number - 1}.html">← Before</a>')
    if number < last:
        links.append(f'<a rel="next" accesskey="n" href="{number + 1}.html">Next →</a>')
    return f"<nav>{''.join(links)}<span>{number:,} of {last:,}</span></nav>"


def _row(
    number: int,
    sample: Sample,
    response: Response,
    findings: Sequence[Finding],
    picture: Picture | str,
    *,
    kinds: Sequence[Kind],
) -> str:
    """A sample in the index: picture, link, wrong claims of each kind, the answer."""
    image = "none"
    if isinstance(picture, Picture):
        source = picture.source.removeprefix("../")
        alt = plain(html.picture_words(sample))
        image = f'<img loading="lazy" src="{source}" alt="{alt}">'
    wrong = [each.claim.kind for each in findings if each.verdict == "hallucinated"]
    counts = "".join(f"<td>{wrong.count(each)}</td>" for each in kinds)
    link = f'<a href="samples/{number}.html">{plain(sample.id)}</a>'
    said = html.answer_html(sample, response)
    text = response.text if len(response.text) <= 200 else response.text[:200] + "…"
    return f"<tr><td>{image}</td><td>{link}</td>{counts}<td>{plain(text)}{said}</td></tr>"
