"""The detector: fitted on made-up mentions, kept as JSON, beside the published rule."""

import random

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from halluc.errors import InputError
from mitigation.postcorrection.analysis import DIFFERENCE, Mention, hallucination_rates
from mitigation.postcorrection.detector import (
    SHIPPED,
    fit_detector,
    probability,
    published_rule,
    read_detector,
    save_detector,
    suspicions_of,
)
from mitigation.postcorrection.factors import Factors
from mitigation.postcorrection.quality import judge_suspicions, reliability


def mention(id="1", *, wrong=False, co=0.1, expectation=0.1, position=0.5, cost=0.1):
    factors = Factors(
        start=0,
        end=3,
        subject="cup",
        co_occurrence=co,
        expectation=expectation,
        position=position,
        uncertainty=cost,
        mean_uncertainty=cost,
    )
    return Mention(id=id, factors=factors, hallucinated=wrong)


def made_up(count, seed=0, told=True):
    """Uncertain and expected objects are absent more often."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        cost, expectation = rng.random() * 2, rng.random()
        wrong = rng.random() < probability(2 * cost + 2 * expectation - 4)
        found.append(
            mention(
                str(number), wrong=wrong, co=rng.random(), expectation=expectation,
                position=rng.random(), cost=cost if told else None,
            )
        )  # fmt: skip
    return found


def test_it_finds_what_makes_objects_absent_and_its_probabilities_are_right(tmp_path):
    fitted = fit_detector(made_up(3000), {})
    save_detector(fitted, tmp_path / "detector.json")
    read = read_detector(tmp_path / "detector.json")
    assert read == fitted

    held_out = made_up(2000, seed=1)
    odds = suspicions_of(read, held_out)
    wrong = [each.hallucinated for each in held_out]
    plain = np.array([[m.factors.uncertainty, m.factors.expectation] for m in held_out])
    best = LogisticRegression().fit(plain, wrong).decision_function(plain)
    assert roc_auc_score(wrong, odds) > roc_auc_score(wrong, best) - 0.02
    for each in reliability([probability(one) for one in odds], wrong):
        assert each.mentions < 60 or abs(each.said - each.hallucinated) < 0.1


def test_without_log_probabilities_it_uses_what_is_left():
    told = fit_detector(made_up(2000), {})
    untold = fit_detector(made_up(2000, told=False), {})
    assert told.full and not untold.full
    assert "uncertainty" not in told.plain.lines
    one, other = mention(cost=None), mention(cost=1.5)
    assert told.log_odds(one.factors) == told.plain.of(one.factors)
    assert told.log_odds(other.factors) == told.full.of(other.factors)
    assert untold.log_odds(other.factors) == untold.plain.of(other.factors)


def test_all_mentions_of_an_object_are_as_suspect_as_its_first():
    shipped = read_detector(SHIPPED)
    first, later = mention(cost=1.2), mention(cost=0.0, position=0.9)
    odds = suspicions_of(shipped, [first, later])
    assert odds[0] == odds[1] == shipped.log_odds(first.factors)


def test_the_one_that_ships_was_fitted_on_other_scenes_than_those_that_measure():
    card = read_detector(SHIPPED).card
    [captions] = card["captions"]
    assert captions["data"]["rows"] == 500  # scenes 10,000 to 10,499
    assert card["absent"] > 300


@pytest.mark.parametrize("wrong", [True, False])
def test_mentions_of_one_kind_teach_nothing(wrong):
    with pytest.raises(InputError, match="all 2 objects are"):
        fit_detector([mention("1", wrong=wrong), mention("2", wrong=wrong)], {})


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"plain": {"intercept": 0, "lines": {"mood": {"slope": 1}}}, "full": null, "card": {}}',
        '{"plain": {"intercept": 0, "lines": {"position": {"slope": 1, "knots": [1]}}},'
        ' "full": null, "card": {}}',
    ],
)
def test_a_file_that_is_no_detector_is_told_by_its_name(content, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"bad\.json"):
        read_detector(file)


def test_the_published_rule():
    said = [(0.9, 0.8), (0.91, 0.1), (0.1, 0.81), (None, 0.5), (None, 0.9)]
    masked = [published_rule(mention(cost=c, position=p).factors) for c, p in said]
    assert masked == [False, True, True, False, True]


def test_scores_have_intervals_and_the_better_way_is_told():
    mentions = made_up(400)
    wrong = [each.hallucinated for each in mentions]
    good = [each.factors.uncertainty + each.factors.expectation for each in mentions]
    chance = [each.factors.position for each in mentions]
    scores = judge_suspicions(
        {"good": good, "chance": chance}, wrong, [m.id for m in mentions], resamples=200
    )
    by = {(each.split, each.name): each for each in scores}
    assert by["good", "AUROC"].value == pytest.approx(roc_auc_score(wrong, good))
    assert by["good", "AUROC"].low < by["good", "AUROC"].value < by["good", "AUROC"].high
    assert by["good − chance", "AUROC"].low > 0
    nothing = judge_suspicions({"good": good}, [False] * len(good), [m.id for m in mentions])
    assert [each.value for each in nothing] == [None, None]


def test_rates_by_fifths():
    mentions = [
        mention(str(n), wrong=n >= 8, position=(n + 1) / 10, cost=None, co=n) for n in range(10)
    ]
    rates = hallucination_rates(mentions, {str(n): str(n) for n in range(10)})
    values = {(each.split, each.name): each.value for each in rates.counted.scores}
    assert rates.missing == ["uncertainty"]
    assert [values["position", f"{n} of 5"] for n in range(1, 6)] == [0, 0, 0, 0, 1]
    assert values["co-occurrence", "5 of 5"] == 1
    assert values["position", DIFFERENCE] == 1
    assert rates.means["position", "1 of 5"] == pytest.approx(0.15)
