"""Woodpecker with an MM-LLM that answers from the truth."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import pytest
from PIL import Image

from halluc.errors import ModelError
from halluc.language.claims.things import coco_things
from halluc.records import Box, Response, Token
from mitigation.postcorrection.detector import Detector, Line, LogOdds
from mitigation.postcorrection.factors import count_occurrences
from mitigation.postcorrection.questions import LISTING
from mitigation.postcorrection.readable import LONGEST
from mitigation.postcorrection.revisions import apply_edits
from mitigation.postcorrection.woodpecker import Settings, revise, usual_threshold

PICTURE = Image.new("RGB", (8, 8))
WORDS = ("zero", "one", "two", "three")


@dataclass
class Seer:
    """Knows how many of each thing there are and their looks, and says so with some certainty."""

    counts: dict[str, int]
    looks: dict[str, str] = field(default_factory=dict)
    certainty: float = 0.9
    places: tuple[str, ...] = ()
    listing: str | None = None
    asked: list[str] = field(default_factory=list)

    def choose(self, requests, answers):
        return [self._choice(each.prompt, answers) for each in requests]

    def _choice(self, prompt, answers):
        self.asked.append(prompt)
        if prompt.startswith("Is the "):
            said = "yes" if prompt in self.places else "no"
            return {
                each: self.certainty if each == said else 1 - self.certainty for each in answers
            }
        count = next((n for name, n in self.counts.items() if name in prompt), 0)
        said = WORDS[count] if "zero" in answers else "yes" if count else "no"
        rest = (1 - self.certainty) / (len(answers) - 1)
        return {each: self.certainty if each == said else rest for each in answers}

    def generate(self, requests, decoding, answers=()):
        self.asked += [each.prompt for each in requests]
        told = [self._text(each.prompt) for each in requests]
        return [
            Response(id=each.id, text=text, tokens=(Token(0, len(text), -0.05),))
            for each, text in zip(requests, told, strict=True)
        ]

    def _text(self, prompt):
        if prompt == LISTING:
            present = [name for name, count in self.counts.items() if count]
            return self.listing if self.listing is not None else ", ".join(present)
        return next(v for k, v in self.looks.items() if k in prompt)


def revised(text, model, **settings):
    response = Response(id="1", text=text)
    [found] = revise([response], [PICTURE], model, coco_things(), Settings(**settings))
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
    assert [each.question for each in knife.asked] == [
        "Is there a knife in the image?",
        "Can you see a knife?",
        "Does the picture show a knife?",
        "How many knives are in the image?",
        LISTING,
    ]
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
    # One that knows nothing leaves the root of the answers' odds.
    even = Detector(plain=LogOdds(intercept=0.0, lines={}), full=None, card={})
    plain, weighed = (
        next(each.wrong for each in some.checks if each.subject == "knife")
        for some in (revised(text, unsure), revised(text, unsure, detector=even, known=known))
    )
    assert weighed / (1 - weighed) == pytest.approx((plain / (1 - plain)) ** 0.5)


def test_a_model_without_probabilities_cannot_be_asked():
    class Mute(Seer):
        def choose(self, requests, answers):
            return [{} for _ in requests]

    with pytest.raises(ModelError, match="gives no probabilities"):
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
    found = list(revise(responses, [PICTURE] * 3, seer, coco_things(), Settings()))
    assert [each.id for each in found] == ["0", "1", "2"]
    assert [each.text for each in found] == ["A cup and a fork.", "", "A dog."]
    assert calls == [4] * 4
    assert not any(re.search(r"\ba [aeiou]", each) for each in seer.asked)


def test_a_place_is_turned_where_the_opposite_is_affirmed():
    text = (
        "There is a cup and a fork. To the left of the fork is the cup. The fork is above the cup."
    )
    true = ("Is the cup to the right of the fork?", "Is the fork above the cup?")
    found = revised(text, Seer({"cup": 1, "fork": 1}, places=true))
    assert found.text == text.replace("To the left of", "To the right of")
    assert [each.why for each in found.edits] == [("cup left of fork",)]
    check = next(each for each in found.checks if each.kind == "relation" and each.instead)
    assert (check.subject, check.value, check.object) == ("cup", "left of", "fork")
    assert check.instead == "to the right of" and check.wrong == pytest.approx(0.9)
    # Neither way round: the model does not know where they are.
    assert revised(text, Seer({"cup": 1, "fork": 1})).text == text


def test_an_object_that_is_on_no_list_is_less_likely_there():
    wrong = {}
    for listing in ("a cup and a fork", "a cup", "nothing that has a name"):
        found = revised("A cup and a fork.", Seer({"cup": 1, "fork": 1}, listing=listing))
        wrong[listing] = next(each.wrong for each in found.checks if each.subject == "fork")
    with_list, without, mute = wrong.values()
    assert with_list < mute < 0.15 < without


@dataclass
class Boxes:
    """Finds what it is told, each once."""

    scores: dict[str, float]

    def find(self, images, names):
        box = Box(1, 1, 4, 4)
        return [{n: [(self.scores.get(n, 0.1), box)] for n in some} for some in names]


def test_a_detector_looks_for_objects_in_place_of_the_answers():
    seer = Seer({})
    found = revised("A cup and a knife.", seer, validator=Boxes({"cup": 0.6, "knife": 0.3}))
    assert found.text == "A cup." and not any("there" in each for each in seer.asked)
    knife = next(each for each in found.checks if each.subject == "knife")
    assert knife.asked[0].text == "0 with a score of at least 0.35, the best 0.30"


@dataclass
class Rewriter:
    """Writes what it is told to."""

    writes: str
    shown: list[str] = field(default_factory=list)

    def generate(self, requests, decoding, answers=()):
        assert all(each.image is None for each in requests)
        self.shown += [each.prompt for each in requests]
        return [Response(id=each.id, text=self.writes) for each in requests]


def test_a_rewriter_is_told_the_facts_and_what_it_writes_is_kept():
    rewriter = Rewriter("I see a cup.")
    found = revised("I see a cup and a knife.", Seer({"cup": 1}), rewriter=rewriter)
    assert found.text == "I see a cup."
    assert "- There is no knife.\n\nDescription:\nI see a cup and a knife." in rewriter.shown[0]
    assert {each.why for each in found.edits} == {("There is no knife.",)}
    for useless in ("", " \n"):
        kept = revised("A cup and a knife.", Seer({"cup": 1}), rewriter=Rewriter(useless))
        assert kept.reason == "the rewriter said nothing"
    rewriter = Rewriter("")
    assert revised("A cup.", Seer({"cup": 1}), rewriter=rewriter).reason == "nothing is suspect"
    assert rewriter.shown == []


def test_an_object_goes_from_the_threshold_on():
    text, unsure = "There is a cup and a knife.", Seer({"cup": 1}, certainty=0.7)
    knife = next(e for e in revised(text, unsure).checks if e.subject == "knife")
    assert revised(text, unsure, threshold=knife.wrong).text == "There is a cup."
    assert revised(text, unsure, threshold=math.nextafter(knife.wrong, 1)).text == text


def test_thresholds_where_none_is_given():
    detector = Detector(plain=LogOdds(intercept=0.0, lines={}), full=None, card={})
    assert (usual_threshold(None), usual_threshold(detector)) == (0.48, 0.33)
    assert Settings().threshold == 0.48


@pytest.mark.parametrize(
    ("text", "count", "told"),
    [
        ("One dog sleeps.", 3, "One dog sleeps."),  # whether there is one is asked otherwise
        ("Two dogs sleep.", 1, "Two dogs sleep."),  # the noun would have to change
        ("Two dogs sleep.", 2, "Two dogs sleep."),
        ("Two dogs sleep.", 3, "Three dogs sleep."),
        ("Three dogs sleep.", 2, "Two dogs sleep."),
    ],
)
def test_numbers_from_two_on_are_put_right(text, count, told):
    assert revised(text, Seer({"dog": count})).text == told


def test_a_place_that_is_affirmed_both_ways_round_stays():
    text = "There is a cup and a fork. To the left of the fork is the cup."
    both = ("Is the cup to the right of the fork?", "Is the cup to the left of the fork?")
    assert revised(text, Seer({"cup": 1, "fork": 1}, places=both)).text == text


@pytest.mark.parametrize(("said", "wrong"), [("It is red.", 0.05), ("It is blue.", 0.95)])
def test_how_likely_a_look_is_wrong(said, wrong):
    found = revised("There is a red cup.", Seer({"cup": 1}, {"cup": said}))
    check = next(each for each in found.checks if each.family == "color")
    assert check.wrong == pytest.approx(wrong, abs=0.01)


def test_doubtful_words_are_put_into_brackets_and_nothing_else_changes():
    text = "A red cup, a fork and a knife are on the table. The cup is large."
    model = Seer({"cup": 1, "fork": 1, "table": 1}, {"cup": "It is blue."})
    found = revised(text, model, mark=True)
    assert found.text == text.replace("red", "[red]").replace("a knife", "[a knife]")
    assert [each.why for each in found.edits] == [("cup: color red",), ("knife",)]
    assert found.text.replace("[", "").replace("]", "") == text
    truthful = Seer({"cup": 1, "fork": 1, "table": 1, "knife": 1}, {"cup": "It is red."})
    assert revised(text, truthful, mark=True).reason == "nothing is suspect"
