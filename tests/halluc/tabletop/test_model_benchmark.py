"""Repetition in captions, as `benchmarks/tabletop_model.py` counts it."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from halluc.language.claims.reader import read_claims

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))

from tabletop_model import lists_twice, says_twice


@pytest.mark.parametrize(
    ("text", "sentence", "thing"),
    [
        ("A cup and a fork. The cup is red. The fork is red.", False, False),
        ("A cup and a fork. The cup is red. The cup  is Red.", True, False),
        ("There are a cup, a fork and a red cup.", False, True),
        ("There are two cups and a fork. The cup is above the cup.", False, True),
        ("There is a cell phone. You can also see a phone.", False, False),
        ("", False, False),
    ],
)
def test_what_is_said_twice(text, sentence, thing):
    [claims] = read_claims([text])
    assert (says_twice(text), lists_twice(text, claims)) == (sentence, thing)


def test_two_of_a_class_may_be_listed_one_by_one():
    text = "There are a red cup, a fork, a blue cup and a black fork."
    [claims] = read_claims([text])
    assert not lists_twice(text, claims, Counter(cup=2, fork=2))
    assert lists_twice(text, claims, Counter(cup=2, fork=1))
