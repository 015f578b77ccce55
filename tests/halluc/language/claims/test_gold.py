"""The reader against claims that were marked by hand."""

import pytest
from gold import FOLDER, compare, read_gold

LEAST = {"object": 0.97, "attribute": 0.9, "relation": 0.8}


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_claims_are_those_that_people_mark(half, shared):
    figures = compare(read_gold(FOLDER / f"{half}.jsonl", shared))
    assert {kind: figures.f1(kind) for kind in LEAST if figures.f1(kind) < LEAST[kind]} == {}


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_the_halves_are_large_and_apart(half, shared):
    rows = read_gold(FOLDER / f"{half}.jsonl", shared)
    assert {row.half for row, _ in rows} <= {half, ""}
    assert len(rows) >= 75
    for row, text in rows:
        for claim in row.claims:
            assert text[claim.start : claim.end].strip(), row.key
