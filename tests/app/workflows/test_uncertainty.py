"""How well log-probabilities find what is hallucinated, on captions with made-up ones."""

import json
import random

import numpy as np
import pytest

from app.workflows.analyse.uncertainty import judge_uncertainty
from app.workflows.generate import generate
from halluc.errors import InputError
from halluc.language.claims.things import load_things
from mitigation.postcorrection.quality import risk_at, risks


def run_of(folder, cost, *, pictures=60, told=True):
    """A run of captions, each with one object that is there and one that is not.

    The absent one comes in two tokens; `cost` gives −log p of a token, by whether it is absent.
    """
    data, said = [], []
    for n in range(pictures):
        text = "A dog and a truck. A dog."
        tokens = [[0, 1], [1, 5], [5, 11], [11, 14], [14, 17], [17, 18], [18, 20], [20, 24]]
        costs = [cost(start in (11, 14)) for start, _ in tokens]
        truth = {"objects": [{"name": "dog"}], "exhaustive": "coco"}
        data.append({"id": str(n), "truth": truth})
        row = {"id": str(n), "text": text}
        if told:
            row["tokens"] = [[*span, -each] for span, each in zip(tokens, costs, strict=True)]
        said.append(row)
    for name, rows in (("data", data), ("said", said)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines)
    generate(f"replay:{folder}/said.jsonl", f"jsonl:{folder}/data.jsonl", folder / "run")
    return str(folder / "run")


def figures(judged):
    return {(each.split, each.name): each for each in judged.scores}


def test_what_a_model_knows_and_a_coin(tmp_path):
    chance = random.Random(0)
    (tmp_path / "knows").mkdir()
    run = run_of(tmp_path / "knows", lambda absent: 2 if absent else chance.random())
    knows = judge_uncertainty(run, None, "chair", "all", load_things(None))
    assert len(knows.mentions) == 180 and knows.rate.value == pytest.approx(1 / 3)
    for way in ("first token", "mean", "whole word"):
        assert figures(knows)[way, "AUROC"].value == 1
        assert figures(knows)[way, "risk at 90% coverage"].value == pytest.approx(42 / 162)
        assert knows.curves[way][5] == 0 and knows.curves[way][-1] == knows.rate.value
    (tmp_path / "coin").mkdir()
    run = run_of(tmp_path / "coin", lambda absent: chance.random())
    coin = figures(judge_uncertainty(run, None, "chair", "all", load_things(None)))
    for way in ("first token", "mean"):
        assert coin[way, "AUROC"].low < 0.5 < coin[way, "AUROC"].high
    # The absent word has two tokens, the others one: the sum tells that, whatever they cost.
    assert coin["whole word", "AUROC"].low > 0.6


def test_first_mentions_and_claims(tmp_path):
    run = run_of(tmp_path, lambda absent: 1 + absent, pictures=5)
    first = judge_uncertainty(run, None, "chair", "first", load_things(None))
    assert [each.subject for each in first.mentions[:2]] == ["dog", "truck"]
    assert len(first.mentions) == 10
    truck = first.mentions[1]
    assert (truck.first, truck.mean, truck.whole) == (2, 2, 4)
    claims = judge_uncertainty(run, None, "claims", "all", load_things(None))
    assert {each.subject for each in claims.mentions if each.hallucinated} == {"truck"}


def test_captions_without_log_probabilities_say_so(tmp_path):
    run = run_of(tmp_path, lambda absent: 1, pictures=2, told=False)
    with pytest.raises(InputError, match="come without log-probabilities"):
        judge_uncertainty(run, None, "chair", "all", load_things(None))


def test_risk_of_equal_suspicions_is_the_rate():
    """However many are kept, nothing is gained where nothing is told apart."""
    wrong = np.array([True, False, False, True, False])
    assert risks(wrong, np.ones(5)).tolist() == pytest.approx([0.4] * 5)
    assert risk_at(0.9)(wrong, np.arange(5.0)) == pytest.approx(0.4)
    best = risks(wrong, wrong.astype(float))
    assert best.tolist() == pytest.approx([0, 0, 0, 0.25, 0.4])
