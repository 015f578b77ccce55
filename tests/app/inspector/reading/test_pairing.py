"""Two runs on the same ids."""

import pytest

from app.inspector.reading.columns import open_columns
from app.inspector.reading.pairing import OUTCOMES, pair
from halluc.errors import InputError
from halluc.runs import read_run


@pytest.mark.parametrize("kind", ["", "relation", "attribute"])
def test_outcomes_are_those_of_the_findings(runs, kind):
    wrong = []
    for folder in runs[:2]:
        found = read_run(folder).findings("finegrained")
        wrong.append(
            {f.id for f in found if f.verdict == "hallucinated" and kind in ("", f.claim.kind)}
        )
    pairs = pair(open_columns(runs[0]), open_columns(runs[1]), "finegrained", kind)
    assert set(pairs.of("fixed")) == wrong[0] - wrong[1]
    assert set(pairs.of("broken")) == wrong[1] - wrong[0]
    assert set(pairs.of("both wrong")) == wrong[0] & wrong[1]
    assert sum(len(pairs.of(each)) for each in OUTCOMES) == len(pairs.ids) == 8
    assert pairs.alone == 0


def test_yes_no_runs_are_paired_by_their_answers(runs):
    pope = open_columns(runs[2])
    pairs = pair(pope, pope, "")
    assert pairs.of("fixed") == pairs.of("broken") == []
    assert len(pairs.of("both wrong")) == (pope.answers["right"] == False).sum()  # noqa: E712


def test_runs_that_cannot_be_paired_are_told(runs):
    captions, pope = open_columns(runs[0]), open_columns(runs[2])
    with pytest.raises(InputError, match="no id in common"):
        pair(captions, pope, "finegrained")
    with pytest.raises(InputError, match="has no findings of amber"):
        pair(captions, captions, "amber")
