"""Repetition in captions, as `benchmarks/tabletop_model.py` counts it."""

import sys
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
