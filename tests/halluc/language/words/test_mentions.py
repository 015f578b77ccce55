import pytest

from halluc.language.words.mentions import read_caption
from halluc.language.words.offline import offline_words


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("Two dogs and a sofa.", ["dog", "couch"]),
        ("A hot dog", ["hot dog"]),
        ("a hot hot dog dog", ["hot dog", "dog"]),
        ("A baby elephant near a baby", ["elephant", "person"]),
        ("passenger trains", ["train"]),
        ("train tracks by home plate", []),
        ("a toilet seat", ["toilet"]),
        ("the seat of the toilet", ["toilet"]),
        ("the seat of the car", ["chair", "car"]),
        ("a man in a bow tie", ["person", "tie"]),
        ("wine glasses", ["wine glass"]),
        ("a motor bike", []),  # the list has it with a leading space
        ("a stove top oven", ["oven", "oven"]),
        ("", []),
    ],
)
def test_classes_in_captions(text, nodes):
    assert [mention.node for mention in read_caption(text, offline_words).mentions] == nodes


def test_words_count_seats_that_are_no_chair():
    reading = read_caption("The toilet has a seat.", offline_words)
    assert reading.length == len(["the", "toilet", "has", "a", "seat", "."])
    assert [mention.word for mention in reading.mentions] == ["toilet"]


def test_a_pair_is_one_word():
    reading = read_caption("Train tracks, a baby zebra and traffic lights", offline_words)
    assert reading.length == len(["train track", ",", "a", "zebra", "and", "traffic light"])
    spans = [(mention.start, mention.end) for mention in reading.mentions]
    assert spans == [(16, 26), (31, 45)]
