"""What is put into words is true."""

import random

import pytest
from literal import literal_claims

from halluc.language.claims.verdicts import judge
from halluc.tabletop.english import DETAILED_PROMPTS, detailed_caption, turns
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import SPLITS, relations, scene


def _claims(text):
    return [
        (each.kind, text[each.start : each.end], each.subject, each.value, each.object)
        for each in literal_claims(text)
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
                ("relation", "on the left side of", "cell phone", "left of", "mouse"),
                ("object", "mouse", "mouse", "", ""),
            ],
        ),
        (
            "Beneath the vase you can see the pair of scissors.",
            [
                ("relation", "Beneath", "scissors", "below", "vase"),
                ("object", "vase", "vase", "", ""),
                ("object", "scissors", "scissors", "", ""),
            ],
        ),
        ("A dog chases the orangery.", []),
        ("", []),
    ],
)
def test_the_literal_reader(text, claims):
    assert _claims(text) == claims


@pytest.mark.parametrize("split", SPLITS)
def test_captions_are_true(split):
    kinds = set()
    for index in range(400):
        drawn = scene(split, index)
        text = detailed_caption(drawn, random.Random(index))
        findings = judge(drawn.id, literal_claims(text), truth_of(drawn), "finegrained")
        assert {each.verdict for each in findings} == {"supported"}, text
        assert {each.claim.subject for each in findings} == drawn.names
        kinds |= {each.claim.kind for each in findings}
    assert kinds == {"object", "attribute", "relation"}


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
