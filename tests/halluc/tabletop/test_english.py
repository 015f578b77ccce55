"""What is put into words is true."""

import random

import pytest
from literal import literal_claims

from halluc.language.claims.things import coco_things
from halluc.language.claims.truths import in_words_of
from halluc.language.claims.verdicts import judge, same_fact
from halluc.tabletop.english import detailed_caption, inventory, short_caption
from halluc.tabletop.phrases import DETAILED_PROMPTS, INVENTORY_PROMPTS, NAMES, SHORT_PROMPTS
from halluc.tabletop.questions import turns
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import SPLITS, relations, scene


def _singulars(name):
    return [singular for singular, _ in NAMES[name]]


def _claims(text):
    return [
        (each.kind, text[each.start : each.end], each.subject, each.value, each.object)
        for each in literal_claims(text)
    ]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (
            "There are two striped cups on a wooden floor.",
            [
                ("attribute", "two", "cup", "two", ""),
                ("attribute", "striped", "cup", "striped", ""),
                ("object", "cups", "cup", "", ""),
            ],
        ),
        (
            "The book, which is red, leans to one side.",
            [("object", "book", "book", "", ""), ("attribute", "red", "book", "red", "")],
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
        (
            "The bottle is red and is lying on its side.",
            [
                ("object", "bottle", "bottle", "", ""),
                ("attribute", "red", "bottle", "red", ""),
                ("attribute", "lying", "bottle", "lie", ""),
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
        truth = in_words_of(coco_things(), truth_of(drawn))
        findings = judge(drawn.id, literal_claims(text), truth, "finegrained")
        assert {each.verdict for each in findings} == {"supported"}, text
        assert {each.claim.subject for each in findings} == drawn.names
        kinds |= {each.claim.kind for each in findings}
    assert kinds == {"object", "attribute", "relation"}


def test_nothing_is_said_twice():
    lengths = []
    for index in range(600):
        text = detailed_caption(scene("biased", index), random.Random(index), companion_rate=0.3)
        claims = [each for each in literal_claims(text) if each.kind == "relation"]
        facts = [same_fact(each.subject, each.value, each.object) for each in claims]
        pairs = [frozenset((each.subject, each.object)) for each in claims]
        sentences = text.lower().split(". ")
        assert len(set(sentences)) == len(sentences), text
        assert len(set(facts)) == len(facts) and len(set(pairs)) == len(pairs), text
        told = [
            (each.subject, each.family, each.value)
            for each in literal_claims(text)
            if each.kind == "attribute"
        ]
        assert len(set(told)) == len(told), text
        lengths.append(len(text.split()))
    assert 45 <= sum(lengths) / len(lengths) <= 60
    assert sum(25 <= each <= 80 for each in lengths) >= 0.95 * len(lengths)


def test_there_is_much_to_say():
    words = set()
    for index in range(1500):
        drawn, rng = scene("biased", index), random.Random(index)
        asked = turns(drawn, rng, 6)
        said = [detailed_caption(drawn, rng), short_caption(drawn, rng), inventory(drawn)]
        said += [text for turn in asked for text in turn]
        words |= {word.strip(".,:;?").lower() for text in said for word in text.split()}
    for prompt in (*DETAILED_PROMPTS, *SHORT_PROMPTS, *INVENTORY_PROMPTS):
        words |= {word.strip(".,:;?").lower() for word in prompt.split()}
    assert len(words) >= 300


def test_inventory_has_a_line_for_each_object():
    drawn = scene("biased", 7)
    lines = inventory(drawn).removesuffix(".").split("; ")
    assert len(lines) == len(drawn.items)
    for line, item in zip(lines, sorted(drawn.items, key=lambda item: item.x), strict=True):
        said = line.split(": ")[1].split(", ")
        assert said[:-1] == [each for each in item.attributes.values() if each]
        assert said[-1].split()[0] in ("top", "middle", "bottom")


def test_answers_to_questions_are_true():
    words = {"To the left": "left of", "To the right": "right of"}
    asked = 0
    for index in range(300):
        drawn = scene("biased", index)
        by_name = {item.name: item for item in drawn.items}
        for question, answer in turns(drawn, random.Random(index), 5):
            if question.startswith("Is there"):
                noun = question.split(" ", 3)[3].removesuffix(" in the image?")
                exists = any(noun in form for name in drawn.names for form in _singulars(name))
                assert answer == ("Yes" if exists else "No"), question
            assert question not in DETAILED_PROMPTS
            if " relative to " in question:
                asked += 1
                names = question.removeprefix("Where is the ").removesuffix("?")
                one, other = (
                    next(name for name in by_name if noun in _singulars(name))
                    for noun in names.split(" relative to the ")
                )
                predicate = words.get(answer, answer.lower())
                assert predicate in relations(by_name[one], by_name[other])
    assert asked > 50
