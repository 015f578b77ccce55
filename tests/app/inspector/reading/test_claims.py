"""Runs compared by claim, against the decomposition of `halluc compare`."""

from collections import Counter

import pytest

from app.inspector.reading import claims
from app.inspector.reading.columns import open_columns
from app.workflows.compare.claims import collect, where
from app.workflows.compare.sides import Side
from halluc.answers.given import Given
from halluc.records import Answer
from halluc.runs import read_run
from mitigation.postcorrection.factors import count_occurrences


@pytest.fixture(scope="module")
def sides(runs):
    """The claims of two runs on the same scenes, by name of the run."""
    return {each.name: claims.parted(open_columns(each), "finegrained", "kind")
            for each in runs[:2]}  # fmt: skip


def test_changes_are_those_of_halluc_compare(sides, runs):
    told = []
    for folder in runs[:2]:
        found = {}
        lines = (folder / "findings.jsonl").read_bytes().splitlines()
        collect(found)([b"\n".join(each for each in lines if b'"finegrained"' in each)])
        told.append(found)
    pair = []
    for folder in runs[:2]:
        run = read_run(folder)
        answers = [
            (sample, Answer(sample.id, each.text, folder, 1))
            for sample, each in zip(run.samples, run.responses, strict=True)
        ]
        pair.append(Side(folder.name, [str(folder)], Given(run, answers, asked=run.samples)))
    there = {each.id: each.truth.names for each in pair[0].samples}
    expected = where(tuple(pair), "", tuple(told), there, count_occurrences(there.values()))
    changed = claims.changes(*sides.values())
    for part in expected.parts:
        if part.by in ("all", "kind"):
            own = changed if part.by == "all" else changed[changed["kind"] == part.group]
            counts = Counter(own["what"])
            wanted = {
                "fixed": part.changes.fixed, "broken": part.changes.broken,
                "both wrong": part.changes.both_wrong, "dropped": part.changes.dropped,
                "added": part.changes.added, "lost": part.changes.lost,
                "gained": part.changes.gained,
            }  # fmt: skip
            assert {name: counts[name] for name in wanted} == wanted


def test_rates_of_both_are_the_published_ones(sides):
    table = claims.rates_of_both(
        *sides.values(), {each: each for each in sides["captions-vcd"]["id"]}
    )
    assert list(table["part"]) == ["object", "attribute", "relation"]
    for row in table.itertuples():
        for name, value in zip(sides, (row.one, row.other), strict=True):
            own = sides[name][sides[name]["kind"] == row.part]
            assert value == pytest.approx(own["wrong"].mean())
        assert row.difference == pytest.approx(row.other - row.one)
        assert row.low <= row.difference <= row.high


@pytest.mark.parametrize("by", ["object", "companion", "position", "length"])
def test_every_claim_belongs_to_one_part(by, sides, runs):
    run = open_columns(runs[0])
    table = claims.parted(run, "finegrained", by, claims.lengths(run))
    whole = sides[runs[0].name]
    if by == "companion":
        whole = whole[whole["kind"] == "object"]
        # The model was taught that companions come together, and so it errs beside them.
        rates = table.groupby("part")["wrong"].mean()
        assert rates["companion there"] > rates["no companion"]
    assert len(table) == len(whole) and table["wrong"].sum() == whole["wrong"].sum()
    assert table["part"].notna().all() and table["part"].nunique() > 1


def test_the_matrix_tells_right_wrong_and_not_said(sides):
    table = claims.matrix(sides)
    names = list(sides)
    by_hand = {name: claims.told(side).set_index(claims.MATTER)["wrong"].to_dict()
               for name, side in sides.items()}  # fmt: skip
    for row in table.to_dict("records"):
        matter = tuple(row[each] for each in claims.MATTER)
        for name in names:
            wrong = by_hand[name].get(matter)
            assert row[name] == ("" if wrong is None else "wrong" if wrong else "right")
    assert not (table[names] == "right").all(axis=1).any()
