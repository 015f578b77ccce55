import pytest

from halluc.language.claims.agreement import agree, amount
from halluc.language.claims.lexicon import FAMILIES


@pytest.mark.parametrize(
    ("family", "stated", "true", "verdict"),
    [
        ("color", "red", "red", True),
        ("color", "grey", "gray", True),
        ("color", "gold", "golden", True),
        ("color", "blonde", "blond", True),
        ("color", "red", "blue", False),
        ("color", "blue", "navy", True),
        ("color", "navy", "blue", None),
        ("color", "grey", "silver", True),
        ("size", "huge", "large", True),
        ("size", "tiny", "large", False),
        ("size", "medium", "small", False),
        ("size", "tall", "large", None),
        ("size", "tall", "short", False),
        ("material", "wooden", "wood", True),
        ("material", "metal", "steel", True),
        ("material", "steel", "metal", None),
        ("material", "plastic", "wood", False),
        ("pattern", "spotted", "dotted", True),
        ("pattern", "plain", "striped", False),
        ("state", "open", "closed", False),
        ("state", "sit", "stand", False),
        ("state", "seated", "sit", True),
        ("state", "sleep", "lie", None),
        ("state", "wet", "old", None),
        ("color", "mauve", "mauve", True),
        ("color", "mauve", "red", None),
        ("shape", "round", "square", None),
    ],
)
def test_values_that_agree(family, stated, true, verdict):
    assert agree(family, stated, true) is verdict


@pytest.mark.parametrize(
    ("word", "wrong", "right"),
    [
        ("zero", [1, 2], [0]),
        ("two", [0, 1, 3], [2]),
        ("12", [11, 13], [12]),
        ("one", [0], [1]),
        ("single", [0, 2], [1]),
        ("couple", [1, 3], [2]),
        ("few", [0, 1], [3, 4, 5]),
        ("several", [0, 1], [3, 4, 50]),
        ("multiple", [0, 1], [2, 50]),
        ("many", [1, 2], [5, 50]),
        ("numerous", [1, 2], [5, 50]),
    ],
)
def test_numbers(word, wrong, right):
    stated = amount(word)
    assert [stated.holds(number) for number in wrong] == [False] * len(wrong)
    assert [stated.holds(number) for number in right] == [True] * len(right)


@pytest.mark.parametrize("word", ["", "some", "²", "١", "9" * 400])
def test_other_words_are_no_numbers(word):
    assert amount(word) is None


@pytest.mark.parametrize("family", ["color", "size", "material", "pattern"])
def test_every_word_of_the_lexicon_is_on_a_scale(family):
    for word in FAMILIES[family]:
        assert agree(family, word, word)
        others = [agree(family, word, other) for other in FAMILIES[family]]
        assert False in others


def test_every_number_of_the_lexicon_is_one():
    assert all(amount(word) for word in FAMILIES["count"])
