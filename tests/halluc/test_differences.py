"""Paired and simultaneous intervals: against scipy, and by what they promise."""

import numpy as np
import pytest
from figures import counted
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from halluc.differences import LEAST_PICTURES, Spread, differences, simultaneous

CLOSE = 1e-9
MANY = Spread(10**6, 10**6)


def of(parts, wholes, axis=-1):
    return parts.sum(axis=axis) / wholes.sum(axis=axis)


def runs(number, pictures=200, seed=3, rates=None):
    """So many runs on the same pictures: hallucinated mentions and mentions."""
    generator = np.random.default_rng(seed)
    wholes = generator.integers(1, 12, (number, pictures))
    rates = np.linspace(0.15, 0.1, number) if rates is None else np.asarray(rates)
    return generator.binomial(wholes, rates[:, None]), wholes


def test_one_pair_has_scipys_paired_percentiles_expanded_by_students_t():
    (one, other), (one_whole, other_whole) = runs(2)
    pair = counted(one, one_whole), counted(other, other_whole)
    ((found,),) = differences([pair], seed=5)
    rates = of(one, one_whole), of(other, other_whole)
    moved = (other - rates[1] * other_whole) / other_whole.sum()
    moved -= (one - rates[0] * one_whole) / one_whole.sum()
    freedom = min(199, 2 * 200 / (stats.kurtosis(moved, fisher=False) - 1))
    assert 100 < freedom < 199
    tail = stats.norm.cdf(stats.t.ppf(0.025, freedom) * (200 / 199) ** 0.5)
    reference = stats.bootstrap(
        (one, one_whole, other, other_whole),
        lambda a, b, c, d, axis=-1: of(c, d, axis) - of(a, b, axis),
        paired=True, n_resamples=10_000, method="percentile", batch=500,
        confidence_level=1 - 2 * tail, rng=np.random.default_rng(5),
    )  # fmt: skip
    assert (found.low, found.high) == pytest.approx(tuple(reference.confidence_interval), abs=CLOSE)
    assert found.value == pytest.approx(of(other, other_whole) - of(one, one_whole), abs=CLOSE)
    assert found.error == pytest.approx(reference.standard_error, rel=1e-3)
    assert found.detectable == pytest.approx(
        found.error * (0.8416 - stats.norm.ppf(tail)), rel=1e-4
    )
    drawn = reference.bootstrap_distribution
    share = min((drawn <= 0).mean(), (drawn >= 0).mean())
    p = 2 * stats.t.cdf(stats.norm.ppf(share) * (199 / 200) ** 0.5, freedom)
    assert found.p == pytest.approx(p, abs=3e-4)


@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([8, 40]))
@settings(max_examples=60, deadline=None)
def test_p_says_what_the_interval_says(seed, others, pictures):
    rates = 0.2 + np.random.default_rng(seed).uniform(-0.12, 0.12, others + 1)
    parts, wholes = runs(others + 1, pictures, seed, rates)
    base, *rest = (counted(*each) for each in zip(parts, wholes, strict=True))
    for (found,) in differences([(base, each) for each in rest], resamples=400):
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)


def test_intervals_of_a_family_are_wider_and_hold_all_at_once():
    parts, wholes = runs(6)
    base, *rest = (counted(*each) for each in zip(parts, wholes, strict=True))
    family = [each for (each,) in differences([(base, each) for each in rest])]
    alone = [differences([(base, each)])[0][0] for each in rest]
    for wide, narrow in zip(family, alone, strict=True):
        assert wide.value == narrow.value
        assert wide.low < narrow.low and narrow.high < wide.high
        assert wide.p > narrow.p and wide.detectable > narrow.detectable
    # Of five independent figures Bonferroni's level would be .01; these share their base.
    drawn = np.random.default_rng(0).normal(size=(5, 20_000))
    level, _ = simultaneous(list(drawn), [MANY] * 5)
    assert level == pytest.approx(1 - 0.95**0.2, rel=0.05)
    level, _ = simultaneous([drawn[0]] * 5, [MANY] * 5)
    assert level == pytest.approx(0.05, rel=0.01)


def test_simultaneous_intervals_cover_the_truth():
    """All of four true differences, about 95 times in 100; each alone would leave one out."""
    generator, rates = np.random.default_rng(11), np.array([0.2, 0.2, 0.18, 0.15, 0.12])
    covered = alone = 0
    for _ in range(150):
        each = generator.beta(2, 8, 150)[:, None] * rates / 0.2
        parts, wholes = generator.binomial(8, each), np.full((150, 5), 8)
        weights = generator.multinomial(150, [1 / 150] * 150, 500).astype(float)
        drawn = (weights @ parts) / (weights @ wholes)
        pairs = [drawn[:, other] - drawn[:, 0] for other in range(1, 5)]
        truth = rates[1:] - rates[0]
        spread = Spread(150, 149)
        _, found = simultaneous(pairs, [spread] * 4)
        covered += all(i.low <= t <= i.high for i, t in zip(found, truth, strict=True))
        single = [simultaneous([pair], [spread])[1][0] for pair in pairs]
        alone += all(i.low <= t <= i.high for i, t in zip(single, truth, strict=True))
    assert covered >= 136
    assert alone < covered


def test_few_pictures_prove_nothing():
    worse, better = counted([5, 5, 5], [6, 6, 6]), counted([0, 0, 0], [6, 6, 6])
    ((found,),) = differences([(worse, better)])
    assert (found.value, found.low, found.p) == (pytest.approx(-15 / 18), None, 0.25)
    ((alone,),) = differences([(counted([5], [6]), counted([0], [6]))])
    assert (alone.low, alone.high, alone.p) == (None, None, 1)
    enough = [counted([n] * LEAST_PICTURES, [6] * LEAST_PICTURES) for n in (5, 0)]
    ((found,),) = differences([tuple(enough)])
    assert found.high < 0 and found.p < 0.05


def test_what_is_undefined_or_equal():
    ((found,),) = differences([(counted([0, 0], [0, 0]), counted([1, 0], [3, 0]))])
    assert (found.value, found.low, found.p) == (None, None, None)
    parts, wholes = runs(2)
    one, other = (counted(*each) for each in zip(parts, wholes, strict=True))
    ((same,), (changed,)) = differences([(one, one), (one, other)])
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    ((single,),) = differences([(one, other)])
    # A pair that cannot differ takes nothing from the others.
    assert (changed.low, changed.high) == pytest.approx((single.low, single.high), abs=1e-4)


def test_other_pictures_are_refused():
    with pytest.raises(ValueError, match="different pictures"):
        differences([(counted([1, 2], [3, 3]), counted([1], [3]))])


def test_a_difference_that_few_pictures_make_is_less_sure():
    """Six pictures of 500, all the same way: the exact test of their signs says p = .031."""
    wrong, none = [1] * 6 + [0] * 494, [0] * 500
    ((found,),) = differences([(counted(wrong, [1] * 500), counted(none, [1] * 500))])
    moved = np.array(wrong) - np.mean(wrong)
    assert Spread.of(moved).freedom == pytest.approx(12, rel=0.05)
    assert 0.01 < found.p < 0.05 and found.high < 0
    few = [1] * 3 + [0] * 497
    ((found,),) = differences([(counted(few, [1] * 500), counted(none, [1] * 500))])
    assert found.p > 0.05 and found.high >= 0
