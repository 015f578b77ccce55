"""A report is one page without scripts that holds what passes the filters."""

import re

from app.inspector.drawing.made import figure, interval
from app.inspector.drawing.report import report_html
from app.inspector.reading.columns import open_columns, read_scores
from app.inspector.reading.view import View, look
from halluc.records import Response
from halluc.runs import open_run, read_run


def test_a_report_holds_what_passes_the_filters(halluc, runs, tmp_path):
    view = "kind=relation&verdict=hallucinated"
    code, out, err = halluc("report", runs[0], "--view", view, "-o", "page.html")
    assert (code, out) == (0, "") and "page.html: kind relation" in err
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    columns = open_columns(runs[0])
    seen = look(columns, View(kind="relation", verdict="hallucinated"))
    ids = re.findall(r"<article[^>]+><h3>([^<]+)</h3>", html)
    assert ids == [columns.answers["id"].iat[row] for row in seen.rows]
    assert html.count("data:image/png;base64,") == len(ids)
    assert "<script" not in html and "default-src 'none'" in html
    assert not re.search(r'(src|href)="(?!data:|#)', html)
    assert "<p>Kind is relation; verdict is hallucinated.</p>" in html
    run = read_run(runs[0])
    for told in (run.card["model"]["name"], "decoding</th><td>unknown", run.card["data"]["name"]):
        assert told in html  # the model's answers were recorded, and nobody knows how
    for each in read_scores(runs[0]):
        assert f"<td>{each.name}</td><td>{figure(each)}</td><td>{interval(each)}</td>" in html
    places = set(re.findall(r'href="#([^"]+)"', html))
    assert places and places <= set(re.findall(r' id="([^"]+)"', html))


def test_a_report_of_yes_no_answers(halluc, runs, tmp_path):
    assert halluc("report", runs[2], "--view", "answer=wrong", "-o", "page.html")[0] == 0
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<td>popular</td><td>accuracy</td>" in html and "✗ wrong</b> the truth is" in html
    assert "✓ right</b>" not in html


def test_a_report_of_hostile_answers_shows_them_as_text(tmp_path, runs):
    samples = [open_columns(runs[0]).sample(0)]
    run = open_run(tmp_path / "run", {"data": {"name": "tabletop:broken"}}, samples)
    run.append([Response(id=samples[0].id, text="<script>alert(1)</script><img src=x>")])
    run.finish()
    html = report_html(open_columns(tmp_path / "run"), View())
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x&gt;" in html
    assert "<script" not in html


def test_a_bundle_is_a_folder_of_pages_that_lead_to_each_other(halluc, runs, tmp_path):
    view = "kind=relation&verdict=hallucinated"
    code, out, err = halluc("report", runs[0], "--view", view, "--bundle", "bundle")
    assert (code, out) == (0, "") and "index.html: kind relation" in err
    folder = tmp_path / "bundle"
    columns = open_columns(runs[0])
    seen = look(columns, View(kind="relation", verdict="hallucinated"))
    ids = [columns.answers["id"].iat[row] for row in seen.rows]
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="samples/\d+.html">([^<]+)<', index) == ids
    assert "<p>Kind is relation; verdict is hallucinated.</p>" in index
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) == len(ids) + 1
    for page in pages:  # every link and picture is there, and nothing else is asked for
        html = page.read_text(encoding="utf-8")
        assert "<script" not in html and "data:image/png" not in html
        for link in re.findall(r'(?:src|href)="(?!data:)([^"]+)"', html):
            file, _, place = link.partition("#")
            there = (page.parent / file).resolve() if file else page
            assert there.is_file() and there.is_relative_to(folder)
            assert not place or f'id="{place}"' in there.read_text(encoding="utf-8")
    assert len(list((folder / "pictures").iterdir())) == len(ids)
    assert (folder / "pictures/1.png").read_bytes().startswith(b"\x89PNG")
    first = (folder / "samples/1.html").read_text(encoding="utf-8")
    assert ids[0] in first and "mark class" in first and 'rel="next"' in first
    before = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    code, _, err = halluc("report", runs[0], "--bundle", "bundle")
    assert code == 2 and "holds other files" in err and len(err.splitlines()) == 1
    assert before == {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_report_goes_to_one_place(halluc, runs):
    for more in ((), ("-o", "page.html", "--bundle", "bundle")):
        code, _, err = halluc("report", runs[0], *more)
        assert code == 2 and "one of them" in err and len(err.splitlines()) == 1


def test_bad_input_of_a_report_is_one_line(halluc, runs, tmp_path):
    code, _, err = halluc("report", tmp_path, "-o", "page.html")
    assert code == 2 and "there is no run.json in it" in err
    for view in (
        "kind=relatoin",
        "colour=red",
        "subject=zebra",
        "nonsense",
        "place=2-1",
    ):
        code, _, err = halluc("report", runs[0], "--view", view, "-o", "page.html")
        assert code == 2 and view.partition("=")[0] in err and len(err.splitlines()) == 1
        assert not (tmp_path / "page.html").exists()
    for where in (("-o", "no/such/page.html"), ("--bundle", runs[0] / "run.json" / "bundle")):
        code, _, err = halluc("report", runs[0], *where)
        assert code == 2 and len(err.splitlines()) == 1
