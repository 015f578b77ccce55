import random

from halluc.datasets.haelm_scenes import drawn_captions, references_of
from halluc.language.claims.reader import read_claims
from halluc.language.claims.verdicts import judge
from halluc.tabletop.mistaken import mistaken
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import scene


def test_no_claim_of_a_reference_is_hallucinated():
    for number in range(4):
        here = scene("biased", number)
        for claims in read_claims(references_of(here)):
            findings = judge("", claims, truth_of(here), "")
            assert findings
            assert "hallucinated" not in {each.verdict for each in findings}


def test_captions_are_the_seeds_and_half_may_err():
    once, card = drawn_captions("tabletop:mixed:200000-200009", 3)
    again, _ = drawn_captions("tabletop:mixed:200000-200009", 3)
    other, _ = drawn_captions("tabletop:mixed:200000-200009", 4)
    assert once == again
    assert [each.id for each in once] == [each.id for each in other]
    assert [each.text for each in once] != [each.text for each in other]
    assert card["seed"] == 3
    # Every other caption is of the scene as it is.
    assert {each.label for each in once[::2]} == {"yes"}
    assert "no" in {each.label for each in once[1::2]}


def test_a_mistaken_scene_differs_and_repeats_no_object():
    for number in range(40):
        here = scene("broken", number)
        there = mistaken(here, random.Random(number))
        assert len(there.items) == len(here.items)
        assert len(there.items) - len(there.names) <= len(here.items) - len(here.names) + 1
