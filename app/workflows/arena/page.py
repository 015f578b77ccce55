"""The report of an arena as Markdown and as one HTML page.

How long things took stands in a section of its own at the end: all else is the same bytes however
often the arena was stopped.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from app.workflows import markdown
from app.workflows.arena.report import Report, Section
from app.workflows.arena.running import Time, times
from halluc.errors import InputError
from halluc.html import page_html, table_html
from halluc.jsonl import read_json, reason

REPORT = "report.json"
_MORE = "All figures, each pair of arms, and how the runs were made"
_STYLE = """<style>html body { max-width: 80rem; }
section { overflow-x: auto; } img { max-width: 100%; background: #fff; }
summary { cursor: pointer; font-weight: 600; margin: .6rem 0; }
details details { margin-left: 1rem; }
main th { border-bottom: 1px solid #8886; }
main :is(td, th) { white-space: nowrap; } main td:last-child { white-space: normal; }</style>"""


def read_report(folder: Path) -> Report:
    """The report that an arena wrote.

    Raises:
        InputError: there is none, or it is damaged.
    """
    file = folder / REPORT
    if not file.is_file():
        what = "the arena has no report yet; give the same halluc arena command again"
        raise InputError(what, folder)
    return read_json(file, Report)


def to_markdown(report: Report, folder: Path) -> str:
    """The report without what is folded; pictures are named as they lie beside it."""
    parts = [f"# Arena: {markdown.line(report.file)}"]
    for each in _sections(report, folder):
        if each.folded:
            continue
        parts.append(f"{'#' * each.level} {markdown.line(each.title)}")
        if each.lines:
            parts.append("\n".join(f"- {markdown.line(told)}" for told in each.lines))
        if each.picture:
            parts.append(f"![{markdown.line(each.title)}]({each.picture})")
        if each.rows:
            parts.append(markdown.table(each.rows))
    return "\n\n".join(parts) + "\n"


def to_html(report: Report, folder: Path) -> str:
    """The report as one page without scripts, its pictures in it.

    Raises:
        InputError: a picture cannot be read.
    """
    sections = list(_sections(report, folder))
    heads = [(n, each) for n, each in enumerate(sections) if each.level == 2]
    listed = "".join(f'<li><a href="#s{n}">{escape(each.title)}</a></li>' for n, each in heads)
    parts = [f"<h1>Arena: {escape(report.file)}</h1><ul>{listed}</ul>"]
    for folded, some in groupby(enumerate(sections), key=lambda each: each[1].folded):
        shown = "".join(_section(number, each, folder) for number, each in some)
        parts.append(f"<details><summary>{_MORE}</summary>{shown}</details>" if folded else shown)
    return page_html(f"Arena: {escape(report.file)}", "".join(parts), _STYLE)


def _section(number: int, section: Section, folder: Path) -> str:
    """A part with its heading, or folded under it."""
    title, body = escape(section.title), "".join(_body(section, folder))
    if section.folded:
        return f"<details><summary>{title}</summary><section>{body}</section></details>"
    head = f'<h{section.level} id="s{number}">{title}</h{section.level}>'
    return f"{head}<section>{body}</section>"


def _body(section: Section, folder: Path) -> Iterator[str]:
    if section.lines:
        yield f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in section.lines)}</ul>"
    if section.picture:
        file = folder / Path(section.picture).name
        try:
            content = base64.b64encode(file.read_bytes()).decode()
        except OSError as error:
            raise InputError(reason(error), file) from None
        told = escape(section.title)
        yield f'<img alt="{told}" src="data:image/png;base64,{content}">'
    if section.rows:
        yield table_html(section.rows)


def _sections(report: Report, folder: Path) -> Iterator[Section]:
    yield from report.sections
    rows = list(_times(report, times(folder)))
    if rows:
        head = ["model", "benchmark", "arm", "answers timed", "seconds an answer", "the base = 1"]
        yield Section(title="Time", level=2, rows=[head, *rows])


def _times(report: Report, told: Sequence[Time]) -> Iterator[list[str]]:
    """Seconds an answer of each arm, over all its seeds and calls."""
    answers, seconds = defaultdict[str, int](int), defaultdict[str, float](float)
    for each in told:
        arm = each.run.rpartition(".seed")[0]
        answers[arm] += each.answers
        seconds[arm] += each.seconds
    for result in report.results:
        place = f"runs/{result.model}/{result.benchmark}"
        timed = [arm for arm in result.cost if answers[f"{place}/{arm}"]]
        took = {arm: seconds[f"{place}/{arm}"] / answers[f"{place}/{arm}"] for arm in timed}
        base = took.get(result.base)
        for arm, mine in took.items():
            times_base = f"{mine / base:.2f}" if base else "–"
            count = f"{answers[f'{place}/{arm}']:,}"
            yield [result.model, result.benchmark, arm, count, f"{mine:.3g}", times_base]
