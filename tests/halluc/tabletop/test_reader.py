"""The reader against the generator: what was put into words comes back out of them."""

import random

import pytest

from halluc.tabletop.english import DETAILED_PROMPTS, detailed_caption, short_caption, turns
from halluc.tabletop.reader import read_claims
from halluc.tabletop.world import COMPANIONS, SPLITS, relations, scene
from halluc.verdicts import judge


def _claims(text):
    return [
        (each.kind, text[each.start : each.end], each.subject, each.value, each.object)
        for each in read_claims(text)
    ]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (
            "There are two striped cups in the scene.",
            [
                ("attribute", "two", "cup", "two", ""),
                ("attribute", "striped", "cup", "striped", ""),
                ("object", "cups", "cup", "", ""),
            ],
        ),
        (
            "The knife looks red.",
            [("object", "knife", "knife", "", ""), ("attribute", "red", "knife", "red", "")],
        ),
        (
            "The phone can be seen on the left side of the mouse.",
            [
                ("object", "phone", "cell phone", "", ""),
                (
                    "relation",
                    "phone can be seen on the left side of the mouse",
                    "cell phone",
                    "left of",
                    "mouse",
                ),
                ("object", "mouse", "mouse", "", ""),
            ],
        ),
        (
            "Beneath the vase you can see the pair of scissors.",
            [
                (
                    "relation",
                    "Beneath the vase you can see the pair of scissors",
                    "scissors",
                    "below",
                    "vase",
                ),
                ("object", "vase", "vase", "", ""),
                ("object", "pair of scissors", "scissors", "", ""),
            ],
        ),
        ("A dog chases the orangery.", []),
        ("", []),
    ],
)
def test_claims_with_their_words(text, claims):
    assert _claims(text) == claims


@pytest.mark.parametrize("split", SPLITS)
def test_true_captions_have_no_hallucination(split):
    kinds = set()
    for index in range(400):
        drawn = scene(split, index)
        text = detailed_caption(drawn, random.Random(index))
        findings = judge(drawn.id, read_claims(text), drawn.truth(), "finegrained")
        assert {each.verdict for each in findings} == {"supported"}, text
        assert {each.claim.subject for each in findings} == drawn.names
        kinds |= {each.claim.kind for each in findings}
    assert kinds == {"object", "attribute", "relation"}


def test_an_absent_companion_is_found_out():
    drawn = scene("broken", 11)
    text = short_caption(drawn, random.Random(0), companion_rate=1)
    wrong = {
        each.claim.subject
        for each in judge(drawn.id, read_claims(text), drawn.truth(), "finegrained")
        if each.verdict == "hallucinated"
    }
    assert wrong == {COMPANIONS[name] for name in drawn.names & COMPANIONS.keys()} - drawn.names


def test_answers_to_questions_are_true():
    words = {"To the left": "left of", "To the right": "right of"}
    asked = 0
    for index in range(300):
        drawn = scene("biased", index)
        by_name = {item.name: item for item in drawn.items}
        for question, answer in turns(drawn, random.Random(index), 5):
            assert question not in DETAILED_PROMPTS
            if " relative to " in question:
                asked += 1
                names = question.removeprefix("Where is the ").removesuffix("?")
                one, other = names.replace("pair of ", "").split(" relative to the ")
                predicate = words.get(answer, answer.lower())
                assert predicate in relations(by_name[one], by_name[other])
    assert asked > 50
