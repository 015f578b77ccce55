"""A detector of objects by name, on a tiny random OWL-ViT."""

from __future__ import annotations

import pytest
from checkpoints import picture
from detectors import make_owl

from halluc.errors import ModelError
from halluc.mllm import load_detector


@pytest.fixture(scope="module")
def owl(tmp_path_factory):
    """Its folder."""
    folder = tmp_path_factory.mktemp("owl")
    make_owl(folder)
    return folder


def test_each_name_is_looked_for_in_its_picture(owl):
    detector = load_detector(f"detector:{owl}", device="cpu")
    assert len(detector.card["hash"]) == 64
    found = detector.find([picture(0, 40), picture(1, 60)], [["cup", "knife"], ["dog"]])
    assert [set(each) for each in found] == [{"cup", "knife"}, {"dog"}]
    for told in found:
        for boxes in told.values():
            scores = [score for score, _ in boxes]
            assert len(boxes) == 16 and scores == sorted(scores, reverse=True)
            assert scores[-1] > 0 and scores[0] < 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("owl", "there is no detector 'owl'"),
        ("detector:", "there is no detector"),
        ("detector:./nowhere", "there is no folder './nowhere'"),
    ],
)
def test_what_is_no_detector_is_told(name, message):
    with pytest.raises(ModelError, match=message):
        load_detector(name)


def test_another_kind_of_checkpoint_is_told_in_one_line(checkpoint):
    with pytest.raises(ModelError, match="a 'llava' checkpoint finds no") as error:
        load_detector(f"detector:{checkpoint('llava')}", device="cpu").find([picture(0)], [["cup"]])
    assert "\n" not in str(error.value)
