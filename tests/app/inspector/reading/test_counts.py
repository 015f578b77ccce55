"""What the charts show, counted a second time over the records."""

from collections import Counter

import pytest

from app.inspector.drawing import charts
from app.inspector.reading import counts
from app.inspector.reading.columns import open_columns, read_scores
from app.inspector.reading.view import look
from halluc.runs import read_run


def test_rates_by_kind_are_the_published_ones(runs):
    columns = open_columns(runs[0])
    scores = {each.name: each for each in read_scores(runs[0])}
    table = counts.by_kind(columns, "finegrained")
    assert set(table["group"]) == {"object", "attribute", "relation"}
    for each in table.itertuples():
        score = scores[f"{each.group} hallucination rate"]
        assert (each.wrong, each.of) == (score.numerator, score.denominator)
        assert each.low <= each.rate <= each.high


def test_objects_and_companions_are_counted_in_answers_that_name_them(runs):
    run, columns = read_run(runs[0]), open_columns(runs[0])
    wrong = [
        each
        for each in run.findings("finegrained")
        if (each.claim.kind, each.verdict) == ("object", "hallucinated")
    ]
    often = Counter(each.claim.subject for each in wrong)
    table = counts.by_object(columns, "finegrained")
    assert dict(zip(table["group"], table["wrong"], strict=True)) == often
    assert list(table["wrong"]) == sorted(often.values(), reverse=True)
    there = {each.id: each.truth.names for each in run.samples}
    pairs = Counter(
        (name, other)
        for id, name in {(each.id, each.claim.subject) for each in wrong}
        for other in there[id]
    )
    heat = counts.by_companion(columns, "finegrained", top=100)
    told = {(row.object, row.companion): row.wrong for row in heat.itertuples()}
    assert told == pairs


@pytest.mark.parametrize("key", ["kinds", "objects", "companions", "place", "surprise", "words"])
def test_a_mark_that_is_picked_shows_its_samples(runs, key):
    columns = open_columns(runs[0])
    count = {
        "kinds": counts.by_kind, "objects": counts.by_object, "companions": counts.by_companion,
        "place": counts.by_place, "surprise": counts.by_surprise, "words": counts.by_length,
    }[key]  # fmt: skip
    table = count(columns, "finegrained")
    assert len(table)
    for mark in table.to_dict("records"):
        seen = look(columns, charts.picked(key, mark, "finegrained"))
        if key == "companions":
            assert len(seen.rows) == mark["wrong"]
        else:
            assert len(seen.findings) == mark["wrong"]


def test_a_cell_of_the_confusion_shows_its_questions(runs):
    columns = open_columns(runs[2])
    table = counts.confusion(columns)
    assert table["number"].sum() == len(columns.answers)
    for mark in table.to_dict("records"):
        assert len(look(columns, charts.picked("answers", mark, "")).rows) == mark["number"]


@pytest.mark.parametrize("key", ["kinds", "objects", "companions", "confusion"])
def test_charts_are_drawn(runs, key):
    columns = open_columns(runs[2 if key == "confusion" else 0])
    table = {
        "kinds": lambda: counts.by_kind(columns, "finegrained"),
        "objects": lambda: counts.by_object(columns, "finegrained"),
        "companions": lambda: counts.by_companion(columns, "finegrained"),
        "confusion": lambda: counts.confusion(columns),
    }[key]()
    assert charts.PICK in str(getattr(charts, key)(table).to_dict()["params"])
