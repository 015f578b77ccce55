"""Intervals and tests against scipy's and statsmodels' own, to 1e-9."""

import os
import subprocess
import sys
from collections import Counter

import msgspec
import numpy as np
import pytest
from figures import counted, ratio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from halluc import bootstrap
from halluc.bootstrap import Counted, count_pictures, draw
from halluc.records import Score
from halluc.statistics import mcnemar, wilson, with_intervals

CLOSE = 1e-9


def of(parts, wholes, axis=-1):
    return parts.sum(axis=axis) / wholes.sum(axis=axis)


@pytest.fixture(scope="module")
def mentions():
    """Hallucinated mentions and mentions of 200 captions, twice."""
    generator = np.random.default_rng(3)
    wholes = generator.integers(1, 12, (2, 200))
    return generator.binomial(wholes, [[0.15], [0.1]]), wholes


def test_bootstrap_of_a_ratio_is_scipys(mentions):
    (parts, _), (wholes, _) = mentions
    (score,) = with_intervals(counted(parts, wholes), seed=5, resamples=2000)
    expected = stats.bootstrap(
        (parts, wholes), of, paired=True, n_resamples=2000, method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval  # fmt: skip
    assert score.interval == "bootstrap"
    assert (score.low, score.high) == pytest.approx(tuple(expected), abs=CLOSE)
    assert score.low < score.value < score.high


@given(st.integers(0, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=200, deadline=None)
def test_wilson_is_statsmodels(pair):
    part, whole = pair
    if not whole:
        with pytest.raises(ValueError, match="no proportion"):
            wilson(part, whole)
        return
    low, high = wilson(part, whole)
    assert (low, high) == pytest.approx(proportion_confint(part, whole, method="wilson"), abs=CLOSE)
    scipys = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((scipys.low, scipys.high), abs=CLOSE)
    assert 0 <= low <= part / whole <= high <= 1


@pytest.mark.parametrize(("gained", "lost"), [(1, 0), (3, 3), (120, 421), (0, 40), (7, 2)])
def test_mcnemar_is_scipys(gained, lost):
    found = mcnemar(gained, lost)
    assert found.p == pytest.approx(stats.binomtest(gained, gained + lost).pvalue, abs=CLOSE)
    corrected = (abs(gained - lost) - 1) ** 2 / (gained + lost)
    assert found.chi_square == pytest.approx(corrected, abs=CLOSE)
    assert found.chi_square_p == pytest.approx(stats.chi2.sf(corrected, 1), abs=CLOSE)


def test_mcnemar_of_equal_answers():
    assert mcnemar(0, 0) == (0, 0, 1, None, None)


def test_a_plain_proportion_has_wilsons_interval():
    parts = [1, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    (score,) = with_intervals(counted(parts, [1] * 10))
    assert score.interval == "wilson"
    assert (score.low, score.high) == wilson(3, 10)


def test_nought_and_all_are_not_certain():
    (none,) = with_intervals(counted([0] * 40, [5] * 40))
    (all_,) = with_intervals(counted([5] * 40, [5] * 40))
    assert (none.low, none.high, none.interval) == (*wilson(0, 40), "wilson")
    assert (all_.low, all_.high) == wilson(40, 40)


def test_what_never_varies_has_no_interval():
    (score,) = with_intervals(counted([3] * 20, [6] * 20))
    assert (score.low, score.high, score.interval) == (None, None, "")


def test_a_mean_is_no_share():
    words = counted([1] * 20 + [0] * 5, [1] * 25)
    scores = [msgspec.structs.replace(score, unit="words") for score in words.scores]
    (score,) = with_intervals(Counted(scores, words.parts))
    assert score.interval == "bootstrap"


def test_what_rests_on_nothing_or_on_one_picture_has_no_interval():
    (undefined,) = with_intervals(counted([0, 0], [0, 0]))
    assert undefined == ratio(0, 0)
    (one,) = with_intervals(counted([2, 0], [5, 0]))
    assert (one.low, one.high, one.interval) == (None, None, "")


def test_a_blend_is_the_weighted_sum_of_its_ratios():
    def compute(counts):
        return [
            Score(metric="m", split=split, name="F", value=counts[split] / counts["n"],
                  numerator=counts[split], denominator=counts["n"])
            for split in ("a", "b")
        ]  # fmt: skip

    counts = {f"p{n}": Counter(n=4, a=n % 5, b=(n * n) % 4) for n in range(60)}
    plain = count_pictures(counts, {name: name for name in counts}, compute)
    mean = Score(metric="m", name="mean F", value=sum(s.value for s in plain.scores) / 2)
    blends = {("", "mean F"): {("a", "F"): 0.5, ("b", "F"): 0.5}}
    whole = Counted([*plain.scores, mean], plain.parts, blends)
    (drawn,) = draw([whole])
    assert np.array_equal(drawn["", "mean F"], 0.5 * drawn["a", "F"] + 0.5 * drawn["b", "F"])
    *_, last = with_intervals(whole)
    assert last.interval == "bootstrap"
    assert last.low < mean.value < last.high


def test_neither_order_nor_seed_of_hashes_nor_threads_change_a_digit(mentions):
    one = counted(mentions[0][0], mentions[1][0])
    turned = Counted(one.scores, dict(reversed(one.parts.items())))
    assert with_intervals(one) == with_intervals(turned)
    assert with_intervals(one, seed=1) != with_intervals(one)
    code = (
        "from halluc.bootstrap import Counted; from halluc.records import Score\n"
        "from halluc.statistics import with_intervals\n"
        "def r(a, b):\n"
        "    return [Score(metric='m', name='r', value=a / b, numerator=a, denominator=b)]\n"
        "parts = {f'p{n}': r(n % 4, 3 + n % 5) for n in range(150)}\n"
        "print(with_intervals(Counted(r(222, 750), parts)))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "OPENBLAS_NUM_THREADS": str(threads)},
        ).stdout
        for seed, threads in ((0, 1), (1, 2))
    }  # fmt: skip
    assert len(found) == 1


def test_very_many_pictures_share_rows(monkeypatch, mentions):
    """Fewer groups than pictures: the same sums, nearly the same interval."""
    parts, wholes = mentions[0][0], mentions[1][0]
    counts = {
        f"{n}.jpg": Counter(part=int(part), whole=int(whole))
        for n, (part, whole) in enumerate(zip(parts, wholes, strict=True))
    }

    def count():
        pictures = dict(zip(counts, counts, strict=True))
        return count_pictures(counts, pictures, lambda c: [ratio(c["part"], c["whole"])])

    alone = count()
    monkeypatch.setattr(bootstrap, "MOST_CLUSTERS", 120)
    together = count()
    assert len(together.parts) <= 120 < len(alone.parts)
    assert together.scores == alone.scores
    (one,), (other,) = with_intervals(alone), with_intervals(together)
    assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.2)


def test_the_interval_covers_the_truth():
    """Pictures differ in their rate: the clustered interval covers it about 95 times in 100."""
    generator, rate = np.random.default_rng(11), 0.2
    covered = alone = 0
    for _ in range(200):
        each = generator.beta(1, 4, 100)  # mean .2, very unequal
        parts = generator.binomial(10, each)
        (score,) = with_intervals(counted(parts, [10] * 100), resamples=500)
        covered += score.low <= rate <= score.high
        low, high = wilson(int(parts.sum()), 1000)
        alone += low <= rate <= high
    assert 180 <= covered <= 198
    assert alone < 160  # as if the ten questions on a picture were independent


def test_pictures_without_the_thing_are_not_counted():
    """Of 50 pictures, 10 have nothing to count: the interval rests on 40, and on the things."""
    (none,) = with_intervals(counted([0] * 50, [5] * 40 + [0] * 10))
    assert (none.low, none.high) == wilson(0, 40)
    (all_,) = with_intervals(counted([5] * 40 + [0] * 10, [5] * 40 + [0] * 10))
    assert (all_.low, all_.high) == wilson(40, 40)
    (mixed,) = with_intervals(counted([0] * 10, [5] * 8 + [1] * 2))
    assert (mixed.low, mixed.high) == wilson(0, 10)
    (plain,) = with_intervals(counted([1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0]))
    assert (plain.low, plain.high, plain.interval) == (*wilson(2, 4), "wilson")


def test_one_picture_with_two_things_makes_it_a_bootstrap():
    (score,) = with_intervals(counted([1, 0, 1, 0, 1, 0], [1, 1, 1, 1, 2, 1]))
    assert score.interval == "bootstrap"
    assert (score.low, score.high) != wilson(3, 7)


def test_more_than_five_thousand_pictures_are_put_together():
    names = [f"{n}.jpg" for n in range(5_001)]
    assert bootstrap.grouping(names[:-1]) is str
    groups = {*map(bootstrap.grouping(names), names)}
    assert all(each.startswith("group ") for each in groups)
    assert 2_500 < len(groups) <= 5_000
    gathered = bootstrap.Gathered()
    for name in names[:-1]:
        gathered.add(name, Counter(part=1))
    assert len(gathered._sums) == 5_000
    gathered.add(names[-1], Counter(part=1))
    assert {*gathered._sums} == groups
    assert sum(each["part"] for each in gathered._sums.values()) == 5_001
