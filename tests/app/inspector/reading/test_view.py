"""Filters let pass what the records say, and a link gives the same view again."""

import pytest

from app.inspector.reading.columns import open_columns
from app.inspector.reading.view import View, look, view_of
from halluc.runs import read_run


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(kind="relation", verdict="hallucinated"),
        View(kind="object", subject="wine glass"),
        View(kind="relation", subject="bottle"),
        View(verdict="hallucinated", family="color", place=(0.0, 0.5)),
        View(metric="chair", verdict="hallucinated", text="WINE"),
        View(companion="cup"),
        View(words=(0, 40)),
        View(surprise=(1, 1000), kind="attribute"),
    ],
)
def test_a_view_passes_what_the_records_say(runs, view):
    run, columns = read_run(runs[0]), open_columns(runs[0])
    seen = look(columns, view)
    texts = {each.id: each.text for each in run.responses}
    passed = set()
    metric = view.metric or "finegrained"
    surprises = dict(enumerate(columns.surprise))
    for number, each in enumerate(run.findings()):
        claim = each.claim
        place = claim.start / len(texts[each.id])
        if (
            each.metric == metric
            and view.kind in ("", claim.kind)
            and view.verdict in ("", each.verdict)
            and view.subject in ("", claim.subject, claim.object)
            and view.family in ("", claim.family)
            and (not view.place or view.place[0] <= place < view.place[1])
            and (not view.surprise or view.surprise[0] <= surprises[number] < view.surprise[1])
        ):
            passed.add(each.id)
    expected = [
        each.id
        for each, sample in zip(run.responses, run.samples, strict=True)
        if (not view.of_findings or each.id in passed)
        and view.text.lower() in each.text.lower()
        and (not view.companion or view.companion in sample.truth.names)
        and (not view.words or view.words[0] <= len(each.text.split()) < view.words[1])
    ]
    assert [columns.answers["id"].iat[row] for row in seen.rows] == expected
    assert expected


def test_a_relation_is_found_by_either_side(runs):
    relations = [
        (columns, row, each.claim)
        for columns in map(open_columns, runs[:2])
        for row in range(len(columns.answers))
        for _, each in columns.findings_of(row, "finegrained")
        if each.claim.kind == "relation"
    ]
    assert len(relations) >= 20
    for columns, row, claim in relations:
        for name in (claim.subject, claim.object):
            assert row in look(columns, View(kind="relation", subject=name)).rows


def test_answers_are_filtered_by_their_truth(runs):
    run, columns = read_run(runs[2]), open_columns(runs[2])
    wrong = [
        each.id
        for each, sample in zip(run.responses, run.samples, strict=True)
        if each.text.lower() != sample.truth.label and sample.split == "popular"
    ]
    seen = look(columns, View(answer="wrong", split="popular"))
    assert [columns.answers["id"].iat[row] for row in seen.rows] == wrong
    assert wrong
    said = look(columns, View(answer="wrong", split="popular", said="yes"))
    assert len(said.rows) <= len(seen.rows)


@pytest.mark.parametrize(
    "view",
    [View(), View(kind="object", verdict="supported", text="a=b&c", place=(0.1, 0.25)),
     View(metric="chair", surprise=(4, 1000), words=(10, 20), said="no")],
)  # fmt: skip
def test_a_link_gives_the_view_again(view):
    assert view_of(view.query()) == view


@pytest.mark.parametrize(
    "query",
    [{"kind": "<script>"}, {"place": "x-y"}, {"place": "2-1"}, {"words": "nan-1"}, {"other": "1"}],
)
def test_what_a_link_says_wrongly_is_left_out(query):
    assert view_of(query) == View()
