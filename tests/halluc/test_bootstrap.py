"""What each picture adds to a figure: sums, groups, draws and first-order changes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from figures import counted, ratio

from halluc import bootstrap
from halluc.bootstrap import (
    Counted,
    Gathered,
    count_pictures,
    draw,
    influences,
    merged,
    percentiles,
    places_of,
    pooled,
)
from halluc.records import Score

MEAN = ("", "mean")


def blended(a, b, weights=(0.25, 0.75)):
    """Two ratios of the same pictures and a weighted mean of them: parts as (part, whole) each."""
    names = ("a", "b")
    rows = {
        f"p{n}": [ratio(*each, name) for name, each in zip(names, some, strict=True)]
        for n, some in enumerate(zip(a, b, strict=True))
    }
    whole = [
        ratio(*np.sum(each, axis=0).tolist(), name)
        for name, each in zip(names, (a, b), strict=True)
    ]
    known = [each.value for each in whole]
    value = None if None in known else sum(w * v for w, v in zip(weights, known, strict=True))
    mean = Score(metric="m", name="mean", value=value)
    blends = {MEAN: {("", name): weight for name, weight in zip(names, weights, strict=True)}}
    return Counted([*whole, mean], rows, blends)


A, B = [(1, 4), (2, 5), (0, 3)], [(3, 3), (1, 2), (2, 6)]


def test_a_table_holds_what_each_picture_adds():
    figures = blended(A, B)
    assert places_of(figures) == {("", "a"): 0, ("", "b"): 1}
    assert figures.table.tolist() == [[[1, 3], [2, 1], [0, 2]], [[4, 3], [5, 2], [3, 6]]]
    some = Score(metric="m", name="a", value=None, numerator=9)  # no ratio
    other = ratio(8, 9, "unknown")
    one = Counted(figures.scores, {"x": [some, other, ratio(1, 2, "b"), ratio(1, 2, "b")]})
    assert one.table.tolist() == [[[0, 2]], [[0, 4]]]
    assert places_of(Counted([Score(metric="m", name="n", value=1.0)], {})) == {}


def test_counts_are_added_up_picture_by_picture():
    clusters = {"a/1": "a", "a/2": "a", "b/1": "b"}
    assert merged({"a/1": 2, "a/2": 3, "b/1": 1}, clusters) == {"a": 5, "b": 1}
    gathered = Gathered()
    for picture, count in (("x", 1), ("y", 10), ("x", 2)):
        gathered.add(picture, Counter(part=count, whole=20))
    found = gathered.counted(lambda c: [ratio(c["part"], c["whole"])])
    assert [each.value for each in found.scores] == [13 / 60]
    assert {name: each[0].numerator for name, each in found.parts.items()} == {"x": 3, "y": 10}
    assert found.blends == {}
    blends = {MEAN: {("", "rate"): 1.0}}
    again = count_pictures({"x": 1}, {"x": "p"}, lambda c: [ratio(c, 2)], blends)
    assert (again.blends, list(again.parts)) == (blends, ["p"])


def test_runs_of_several_seeds_are_one():
    one, two = blended(A, B), blended(B, A)
    assert pooled([one]) is one
    both = pooled([one, two])
    assert [each.value for each in both.scores] == [9 / 23, 9 / 23, pytest.approx(9 / 23)]
    assert [each.numerator for each in both.parts["p0"]] == [4, 4]
    assert [each.denominator for each in both.parts["p2"]] == [9, 9]
    assert both.blends == one.blends
    nothing = blended([(0, 0)] * 3, B)
    assert [each.value for each in pooled([nothing, nothing]).scores] == [None, 6 / 11, None]
    plain = Score(metric="m", name="words", value=7.0)
    same = pooled([Counted([plain], {"p": []})] * 2)
    assert same.scores == [plain]
    half = Score(metric="m", name="words", value=7.0, numerator=7)
    assert pooled([Counted([plain], {}), Counted([half], {})]).scores == [plain]
    assert pooled([Counted([half], {}), Counted([ratio(1, 2, "words")], {})]).scores == [half]
    with pytest.raises(ValueError, match="different pictures"):
        pooled([one, counted([1], [2]), one])
    with pytest.raises(ValueError, match="different pictures"):
        pooled([one, one, counted([1], [2])])
    with pytest.raises(ValueError, match="shorter"):
        pooled([one, Counted(one.scores[:2], one.parts)])


def test_all_runs_are_drawn_on_the_same_pictures():
    one, two = blended(A, B), counted([5, 1, 0], [9, 4, 2])
    two = Counted(two.scores, {f"p{n}": each for n, each in enumerate(two.parts.values())})
    first, second, third = draw([one, two, one], resamples=50)
    assert first.keys() == {("", "a"), ("", "b"), MEAN}
    assert second.keys() == {("", "rate")}
    for key, values in first.items():
        assert np.array_equal(values, third[key])
    assert np.allclose(first[MEAN], 0.25 * first["", "a"] + 0.75 * first["", "b"])
    generator = np.random.default_rng(0)
    rows = generator.integers(0, 3, (50, 3))
    parts, wholes = np.array([5, 1, 0]), np.array([9, 4, 2])
    assert np.allclose(second["", "rate"], parts[rows].sum(1) / wholes[rows].sum(1))
    with pytest.raises(ValueError, match="different pictures"):
        draw([one, one, counted([1, 2], [3, 4])])


def test_what_is_drawn_does_not_hang_on_the_memory(monkeypatch):
    figures = blended(A, B)
    (whole,) = draw([figures], resamples=50)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 21)  # seven draws at a time
    (pieces,) = draw([figures], resamples=50)
    assert all(np.array_equal(whole[key], pieces[key]) for key in whole)
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 1)
    (single,) = draw([figures], resamples=3)
    assert all(np.array_equal(whole[key][:3], single[key]) for key in whole)


def test_a_ratio_of_nothing_is_drawn_as_none_and_a_blend_of_unknown_parts_not_at_all():
    figures = blended([(1, 2), (0, 0), (0, 0)], B)
    (drawn,) = draw([figures], resamples=200)
    missing = np.isnan(drawn["", "a"])
    assert missing.any() and not missing.all()
    assert np.array_equal(np.isnan(drawn[MEAN]), missing)
    assert set(drawn["", "a"][~missing]) == {0.5}
    lacking = Counted(figures.scores[:1], figures.parts, figures.blends)
    assert draw([lacking], resamples=5)[0].keys() == {("", "a")}
    assert influences(lacking).keys() == {("", "a")}


def test_influences_are_the_derivative_by_a_picture():
    figures = blended(A, B)
    found = influences(figures)
    assert found.keys() == {("", "a"), ("", "b"), MEAN}
    above, below = figures.table
    step = 1e-6
    for place, name in enumerate(("a", "b")):
        for picture in range(3):
            more = np.ones(3)
            more[picture] += step
            moved = (more @ above[:, place]) / (more @ below[:, place])
            slope = (moved - above[:, place].sum() / below[:, place].sum()) / step
            assert found["", name][picture] == pytest.approx(slope, abs=1e-5)
        assert found["", name].sum() == pytest.approx(0, abs=1e-12)
    assert np.allclose(found[MEAN], 0.25 * found["", "a"] + 0.75 * found["", "b"])
    assert ("", "a") not in influences(blended([(0, 0)] * 3, B))


def test_the_middle_of_what_was_drawn():
    drawn = np.concatenate([np.arange(201.0), [np.nan] * 9])
    assert percentiles(drawn) == pytest.approx((5.0, 195.0))
    assert percentiles(np.full(4, np.nan)) == (None, None)


def test_what_is_grouped_once_stays_grouped(monkeypatch):
    monkeypatch.setattr(bootstrap, "MOST_CLUSTERS", 50)
    gathered = Gathered()
    for number in range(60):
        gathered.add(f"{number}.jpg", Counter(part=1))
    found = gathered.counted(lambda c: [ratio(c["part"], 100)])
    assert all(name.startswith("group ") for name in found.parts)
    assert found.scores[0].numerator == 60
