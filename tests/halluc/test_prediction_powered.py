"""Rates corrected by people: restated formulas, coverage, and what has no answer."""

import numpy as np
import pytest

from halluc.prediction_powered import corrected_rate


def drawn(generator, claims=1500, pictures=250):
    """Claims of a metric that errs: picture, verdict, truth; every picture errs in its own way."""
    of = np.sort(generator.integers(0, pictures, claims))
    hard = generator.normal(0, 1, pictures)[of]
    wrong = generator.random(claims) < 1 / (1 + np.exp(1.5 - hard))
    errs = generator.random(claims) < np.where(wrong, 0.2, 0.06)
    return of, wrong ^ errs, wrong


def test_it_is_the_prediction_powered_estimate_with_the_tuned_weight():
    of, predicted, wrong = drawn(np.random.default_rng(3), claims=40_000, pictures=4000)
    sample = np.random.default_rng(4).permutation(len(of))[:20_000]
    y, f = wrong[sample].astype(float), predicted[sample].astype(float)
    weight = np.cov(y, f)[0, 1] / np.var(f, ddof=1)
    expected = weight * predicted.mean() + np.mean(y - weight * f)
    found = corrected_rate(predicted, of, sample, wrong[sample], counts=np.ones(len(y), bool))
    assert found.value == pytest.approx(expected, abs=2e-4)
    assert found.judged == 20_000


def test_claims_that_are_none_count_in_no_rate():
    of, predicted, wrong = drawn(np.random.default_rng(5), claims=40_000, pictures=4000)
    counts = np.random.default_rng(6).random(len(of)) > np.where(predicted, 0.3, 0.02)
    sample = np.arange(len(of))
    found = corrected_rate(predicted, of, sample, wrong, counts=counts)
    assert found.value == pytest.approx(wrong[counts].mean(), abs=2e-4)


def test_the_interval_holds_what_it_promises():
    truth = drawn(np.random.default_rng(1), claims=1_000_000, pictures=200_000)[2].mean()
    generator, held, widths = np.random.default_rng(0), 0, []
    for _ in range(400):
        of, predicted, wrong = drawn(generator)
        sample = generator.permutation(len(of))[:80]
        found = corrected_rate(predicted, of, sample, wrong[sample], counts=np.ones(80, bool))
        held += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    assert held / 400 >= 0.93
    assert np.mean(widths) < 0.16  # 80 judged claims alone: .18


def test_strata_are_weighted_by_their_size_not_by_how_many_were_judged():
    generator = np.random.default_rng(2)
    strata = np.repeat([0, 1], [9000, 1000])
    wrong = generator.random(10_000) < np.where(strata == 0, 0.1, 0.6)
    predicted = wrong ^ (generator.random(10_000) < 0.1)
    sample = np.r_[np.arange(500), np.arange(9000, 9500)]
    found = corrected_rate(
        predicted, np.arange(10_000), sample, wrong[sample], counts=np.ones(1000, bool),
        strata=strata,
    )  # fmt: skip
    assert found.low < 0.15 < found.high
    assert found.value == pytest.approx(0.15, abs=0.03)


@pytest.mark.parametrize("judged", [0, 4])
def test_too_few_judged_claims_give_no_rate(judged):
    of, predicted, wrong = drawn(np.random.default_rng(0))
    sample = np.arange(judged)
    counts = np.ones(judged, bool)
    assert corrected_rate(predicted, of, sample, wrong[sample], counts=counts) is None


def test_agreement_in_few_claims_is_not_taken_for_certainty():
    predicted = np.arange(1000) < 100
    sample = np.arange(0, 1000, 50)
    found = corrected_rate(
        predicted, np.arange(1000), sample, predicted[sample], counts=np.ones(20, bool)
    )
    assert found.low < 0.05 and found.high > 0.2
