import json
from collections import Counter

import pytest

from halluc.errors import InputError, ModelError
from halluc.judges.claims import FEATURES, ClaimJudge, count_pairs, fit_judge
from halluc.mllm import Decoding, load_model
from halluc.mllm.base import Request

TOLD = "A red cup to the left of a fork. Two apples above the fork. The fork is small."


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("A red cup left of a small fork.", {}),
        ("A fork to the right of a cup.", {}),  # the same relation from the other side
        ("A blue cup and a fork.", {"attribute contrary": 1}),
        ("A cup to the right of a fork.", {"relation contrary": 1}),
        ("A cup above a fork.", {"relation unstated": 1}),
        ("A striped cup, a knife and a fork.", {"attribute unstated": 1, "object unstated": 1}),
        ("A green knife. The knife is above the cup.", {"object unstated": 1}),
        ("Three apples.", {"attribute contrary": 1}),
        ("Two cups.", {"attribute unstated": 1}),
        ("A blue cup. The blue cup is blue.", {"attribute contrary": 1}),
        ("There is no cup here.", {"object contrary": 1}),
        ("There is no knife here, and there may be a spoon.", {}),
    ],
)
def test_claims_against_references(said, counts):
    [found] = count_pairs([(TOLD, said)])
    assert found == Counter(counts)


def test_the_fitted_odds_are_the_formula():
    contrary = Counter({"object unstated": 1})
    judge = fit_judge([Counter()] * 6 + [contrary] * 3, ["yes"] * 5 + ["no"] * 4, {})
    assert list(judge.weights) == list(FEATURES)
    assert judge.weights["object unstated"] > 0
    assert judge.weights["relation contrary"] == 0
    assert judge.accurate(Counter()) > 0.5 > judge.accurate(contrary)
    with pytest.raises(ValueError, match="unknown feature 'length'"):
        ClaimJudge(intercept=0, weights={"length": 1}, card={})


def test_what_is_no_judge_or_no_prompt_of_haelm_is_told(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"intercept": 1}))
    with pytest.raises(InputError, match=r"a\.json"):
        load_model(f"judge:{tmp_path}/a.json")
    with pytest.raises(InputError, match=r"b\.json"):
        load_model(f"judge:{tmp_path}/b.json")
    with pytest.raises(ModelError, match="judge:FILE"):
        load_model("judge")
    judge = load_model("judge:tabletop")
    with pytest.raises(InputError, match="sample '7': judge:tabletop reads HaELM's prompt alone"):
        judge.generate([Request("7", "Is there a cup?")], Decoding())
