import pytest

from halluc.datasets.tabletop import load, with_questions
from halluc.errors import InputError
from halluc.records import Sample
from halluc.tabletop.world import COMPANIONS


@pytest.fixture(scope="module")
def broken():
    return load("tabletop")


def test_broken_scenes_are_the_default_and_their_truth_is_complete(broken):
    assert broken.name == "tabletop:broken"
    assert len(broken.samples) == 1000
    assert all(sample.truth.complete and sample.truth.relations for sample in broken.samples)
    assert broken.card["sha256"] == load("tabletop:broken").card["sha256"]


def test_a_sample_can_be_seen(broken):
    assert broken.open_image(broken.samples[3]).size == (224, 224)
    with pytest.raises(InputError, match=r"'photo\.jpg' is no tabletop scene"):
        broken.open_image(Sample(id="7", image="photo.jpg"))


def test_questions_are_balanced_and_the_adversarial_ones_ask_for_companions(broken):
    questions = with_questions(broken).samples
    assert len({each.id for each in questions}) == len(questions)
    for split in ("random", "popular", "adversarial"):
        labels = [each.truth.label for each in questions if each.split == split]
        assert labels.count("yes") == labels.count("no") == 3000
    companions = {"random": 0, "adversarial": 0}
    for each in questions:
        if each.truth.label == "no" and each.split in companions:
            companions[each.split] += any(
                each.prompt.endswith(f" {other} in the image?")
                for name, other in COMPANIONS.items()
                if name in each.truth.names
            )
    assert companions["adversarial"] > 4 * companions["random"]


def test_an_unknown_split_is_named():
    with pytest.raises(InputError, match="unknown data set 'tabletop:odd'"):
        load("tabletop:odd")


def test_other_scenes_are_named_by_their_numbers():
    mixed = load("tabletop:mixed:10000-10002")
    assert mixed.name == "tabletop:mixed:10000-10002"
    assert [each.id for each in mixed.samples[:3]] == [
        "biased-10000",
        "broken-10000",
        "biased-10001",
    ]
    assert len(mixed.samples) == 6
    for name in ("tabletop:all", "tabletop:broken:7", "tabletop::1-2", "tabletop:mixed:9-8"):
        with pytest.raises(InputError, match="tabletop"):
            load(name)
