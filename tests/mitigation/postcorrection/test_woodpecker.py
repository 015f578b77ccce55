"""Woodpecker with an MM-LLM that answers from the truth."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest
from PIL import Image

from halluc.errors import ModelError
from halluc.language.things import coco_things
from halluc.records import Response, Token
from mitigation.postcorrection.detector import Detector, Line, LogOdds
from mitigation.postcorrection.factors import count_occurrences
from mitigation.postcorrection.readable import LONGEST
from mitigation.postcorrection.revisions import apply_edits
from mitigation.postcorrection.woodpecker import Woodpecker, revise

PICTURE = Image.new("RGB", (8, 8))
WORDS = ("zero", "one", "two", "three")


@dataclass
class Seer:
    """Knows how many of each thing there are and their looks, and says so with some certainty."""

    counts: dict[str, int]
    looks: dict[str, str] = field(default_factory=dict)
    certainty: float = 0.9
    asked: list[str] = field(default_factory=list)

    def choose(self, requests, answers):
        return [self._choice(each.prompt, answers) for each in requests]

    def _choice(self, prompt, answers):
        self.asked.append(prompt)
        count = next((n for name, n in self.counts.items() if name in prompt), 0)
        said = WORDS[count] if "zero" in answers else "yes" if count else "no"
        rest = (1 - self.certainty) / (len(answers) - 1)
        return {each: self.certainty if each == said else rest for each in answers}

    def generate(self, requests, decoding, answers=()):
        self.asked += [each.prompt for each in requests]
        told = [next(v for k, v in self.looks.items() if k in each.prompt) for each in requests]
        return [
            Response(id=each.id, text=text, tokens=(Token(0, len(text), -0.05),))
            for each, text in zip(requests, told, strict=True)
        ]


def revised(text, model, **settings):
    response = Response(id="1", text=text)
    [found] = revise([response], [PICTURE], model, coco_things(), Woodpecker(**settings))
    assert apply_edits(found.original, found.edits) == found.text
    assert bool(found.edits) != bool(found.reason)
    return found


def test_an_absent_object_goes_and_the_record_says_why():
    seer = Seer({"cup": 1, "fork": 1})
    found = revised("There is a cup, a knife and a fork. The knife is near the cup.", seer)
    assert found.text == "There is a cup and a fork."
    assert [each.why for each in found.edits] == [("knife",), ("knife",)]
    knife = next(each for each in found.checks if each.subject == "knife")
    assert knife.instead == "" and knife.wrong == pytest.approx(0.9, abs=0.05)
    questions = ["Is there a knife in the image?", "How many knives are in the image?"]
    assert [each.question for each in knife.asked] == questions
    assert knife.asked[0].answers["no"] == 0.9
    cup = next(each for each in found.checks if each.subject == "cup")
    assert cup.instead is None and cup.wrong < 0.2


def test_looks_and_numbers_are_put_right():
    seer = Seer({"cup": 1, "dog": 3}, {"cup": "It is orange."})
    found = revised("There is a red cup. Two dogs sleep.", seer)
    assert found.text == "There is an orange cup. Three dogs sleep."
    assert {each.why for each in found.edits} == {("cup: color red",), ("dog: count two",)}


def test_an_unsure_answer_replaces_nothing():
    seer = Seer({"cup": 1, "dog": 3}, {"cup": "Blue"}, certainty=0.9)
    assert revised("There is a red cup. Two dogs sleep.", seer, sure=0.99).edits == ()


def test_a_look_of_one_among_several_is_not_asked_for():
    seer = Seer({"cup": 2}, {"cup": "Blue"})
    text = "There is a red cup and a large green cup."
    assert revised(text, seer).text == text
    assert not any("color" in each for each in seer.asked)


@pytest.mark.parametrize(
    "text",
    [
        "A  cup\tand a fork .\n\n“There”   is  no knife… ",
        "No object is named here, which is the point of it.",
        "A cup.",
    ],
)
def test_nothing_suspect_comes_back_byte_for_byte(text):
    found = revised(text, Seer({"cup": 1, "fork": 1}))
    assert found.text == text and found.reason == "nothing is suspect"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("A knife. " * (LONGEST // 9 + 1), "longer than"),
        ("Auf dem Tisch liegen ein Messer, eine Gabel und zwei Orangen.", "not English"),
        ("桌子上有一把刀和一个杯子。", "not English"),
    ],
)
def test_what_cannot_be_read_comes_back_with_a_reason(text, reason):
    seer = Seer({})
    found = revised(text, seer)
    assert found.text == text and reason in found.reason
    assert seer.asked == []


def test_a_caption_of_absent_objects_alone_is_left():
    found = revised("It shows a knife.", Seer({}))
    assert found.text == "It shows a knife." and found.reason == "nothing would be left"


def test_a_detector_adds_what_it_knows_of_how_the_caption_came_about():
    text = "There is a cup and a knife."
    unsure = Seer({"cup": 1, "kni": 1}, certainty=0.6)
    assert revised(text, unsure, threshold=0.5).edits == ()
    lines = {"expectation": Line(slope=6.0)}
    detector = Detector(plain=LogOdds(intercept=-3.0, lines=lines), full=None, card={})
    known = count_occurrences([{"cup", "knife"}, {"knife"}, {"knife"}])
    # Where there is a cup, there always is a knife; where a knife is, a cup seldom is.
    found = revised(text, unsure, threshold=0.5, detector=detector, known=known)
    assert found.text == "There is a cup."
    knife = next(each for each in found.checks if each.subject == "knife")
    assert knife.factors is not None and knife.factors.expectation == 1


def test_a_model_without_probabilities_cannot_be_asked():
    class Mute(Seer):
        def choose(self, requests, answers):
            return [{} for _ in requests]

    with pytest.raises(ModelError, match="tells no probabilities"):
        revised("A cup.", Mute({}))


def test_captions_of_a_batch_are_asked_for_together():
    calls = []

    class Counting(Seer):
        def choose(self, requests, answers):
            calls.append(len(requests))
            return super().choose(requests, answers)

    texts = ["A cup and a fork.", "", "A knife and a dog."]
    responses = [Response(id=str(n), text=text) for n, text in enumerate(texts)]
    seer = Counting({"cup": 1, "fork": 1, "dog": 1})
    found = list(revise(responses, [PICTURE] * 3, seer, coco_things(), Woodpecker()))
    assert [each.id for each in found] == ["0", "1", "2"]
    assert [each.text for each in found] == ["A cup and a fork.", "", "A dog."]
    assert calls == [4, 4]
    assert not any(re.search(r"\ba [aeiou]", each) for each in seer.asked)
