"""What goes with length: the cut, and the model with the length in it."""

import numpy as np
import pytest
from figures import counted
from scipy.optimize import minimize

from halluc.length import adjust, cut_words


def test_a_text_is_cut_behind_a_word_and_keeps_its_spaces():
    assert cut_words(" A dog,\n a cat. ", 2) == " A dog,"
    assert cut_words("A dog", 7) == "A dog"
    assert cut_words("A dog", 0) == ""


def captions(per_word, words, generator):
    """Mentions of captions of so many words; each word more makes a mention likelier wrong."""
    mentions = np.maximum(1, words // 8)
    wrong = generator.binomial(mentions, np.minimum(0.9, per_word * words))
    return counted(wrong, mentions), counted(words, np.ones_like(words))


@pytest.fixture(scope="module")
def shortened():
    generator = np.random.default_rng(2)
    long = generator.integers(60, 100, 400)
    short = long - generator.integers(20, 40, 400)
    return [captions(0.002, words, generator) for words in (long, short)]


def test_a_method_that_only_shortens_has_gained_nothing_at_equal_length(shortened):
    (base, base_length), (short, short_length) = shortened
    raw = short.scores[0].value / base.scores[0].value
    assert raw < 0.8
    rate = ("", "rate")
    found = adjust((base, short), rate, (base_length, short_length), rate)
    assert found.low < 1 < found.high
    assert found.other / found.one == pytest.approx(found.ratio)
    wider = adjust((base, short), rate, (base_length, short_length), rate, pairs=9)
    assert wider.low < found.low and found.high < wider.high


def test_the_ratio_is_that_of_the_likeliest_poisson_model(shortened):
    rows = []
    for arm, (rates, lengths) in enumerate(shortened):
        for name in sorted(rates.parts):
            (rate,), (length,) = rates.parts[name], lengths.parts[name]
            rows.append((rate.numerator, rate.denominator, arm, np.log(length.numerator)))
    wrong, mentions, arm, logs = np.array(rows, float).T

    def loss(p):
        mean = mentions * np.exp(p[0] + p[1] * arm + p[2] * (logs - logs.mean()))
        return (mean - wrong * np.log(mean)).sum() / len(wrong)

    best = minimize(loss, [-2.0, 0.0, 0.0], tol=1e-10).x
    (base, base_length), (short, short_length) = shortened
    found = adjust((base, short), ("", "rate"), (base_length, short_length), ("", "rate"))
    assert np.log(found.ratio) == pytest.approx(best[1], abs=1e-3)


def test_what_cannot_be_adjusted():
    words = counted([5, 9] * 10, [1] * 20)
    rate = ("", "rate")
    none = counted([0] * 20, [4] * 20), counted([1] * 20, [4] * 20)
    assert adjust(none, rate, (words, words), rate) is None
    same = counted([5] * 20, [1] * 20)
    assert adjust((none[1], none[1]), rate, (same, same), rate) is None
