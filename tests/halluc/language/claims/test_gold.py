"""The reader and its verdicts against what was marked by hand."""

import pytest
import scenes
from gold import FOLDER, compare, read_gold
from marked_verdicts import agreement, rates, read_marks, verdicts_on
from written import findings_of, tally, written

LEAST = {"object": 0.99, "attribute": 0.97, "relation": 0.85}


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


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_what_is_called_wrong_in_published_captions_is_wrong(half, shared):
    told = verdicts_on(half, shared)
    precision, recall = rates(told, "hallucinated")
    assert precision >= 0.97
    assert recall >= 0.85
    assert rates(told, "supported")[0] >= 0.97


def test_marks_agree():
    tuned, held = read_marks("tuned"), read_marks("held")
    assert not {each.id for each in tuned} & {each.id for each in held}
    assert len(tuned + held) == 660
    assert agreement(tuned + held)[0] >= 0.95


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_true_sentences_are_not_called_wrong_and_planted_errors_are(half):
    sentences = written(half)
    assert len(sentences) >= 400
    assert len({each.construction for each in sentences}) >= 20
    counts = tally(findings_of(sentences))
    assert counts["false"] <= 0.02 * counts["claims"]
    assert counts["found"] >= 0.95 * counts["planted"]


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_verdicts_on_attributes_and_relations_are_those_that_people_mark(half):
    told = list(scenes.judged(half))
    for kind in ("attribute", "relation"):
        same = [each for each in told if each.kind == kind]
        assert sum(each.right != "" for each in same) >= 50
        precision, recall = scenes.rates(same, "hallucinated")
        assert precision >= 0.95
        assert recall >= 0.85
        assert scenes.rates(same, "supported")[0] >= 0.97
