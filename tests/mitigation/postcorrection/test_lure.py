"""LURE with a revisor that writes from the truth: what is masked, asked, taken and recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from PIL import Image

from halluc.language.claims.reader import claims_of
from halluc.language.claims.things import coco_things
from halluc.language.pipeline.parser import parse
from halluc.records import Response, Token
from mitigation.postcorrection.detector import Detector, Line, LogOdds
from mitigation.postcorrection.factors import count_occurrences
from mitigation.postcorrection.lure import PROMPT, Settings, revise
from mitigation.postcorrection.masks import MASK, Suspicion, mask
from mitigation.postcorrection.readable import LONGEST
from mitigation.postcorrection.revisions import apply_edits

PICTURE = Image.new("RGB", (8, 8))
# A fork expects a knife, but a knife no fork.
KNOWN = count_occurrences([{"fork", "knife"}, {"knife"}, {"knife"}, {"knife"}, {"cup"}])
# Suspects what is expected by something else in the caption.
_LINES = LogOdds(intercept=-3.0, lines={"expectation": Line(slope=6.0)})
DETECTOR = Detector(plain=_LINES, full=None, card={})


@dataclass
class Revisor:
    """Writes given captions, by what it is shown."""

    writes: dict[str, str]
    finish: str = "stop"
    asked: list[str] = field(default_factory=list)

    def generate(self, requests, decoding, answers=()):
        shown = [each.prompt.removeprefix(PROMPT) for each in requests]
        self.asked += shown
        return [
            Response(id=each.id, text=self.writes[text], finish=self.finish)
            for each, text in zip(requests, shown, strict=True)
        ]


def revised(text, revisor, suspicion=None, tokens=()):
    response = Response(id="1", text=text, tokens=tokens)
    settings = Settings(suspicion or Suspicion(KNOWN, DETECTOR, 0.5))
    [found] = revise([response], [PICTURE], revisor, coco_things(), settings)
    assert apply_edits(found.original, found.edits) == found.text
    assert bool(found.edits) != bool(found.reason)
    assert all(text[each.start : each.end] == each.before for each in (*found.edits, *found.masks))
    return found


def masked(text, suspicion, tokens=()):
    [doc] = parse([text])
    return mask(doc, coco_things(), claims_of(doc, coco_things()), tokens, suspicion)


def test_thoughts_are_neither_masked_nor_lost():
    thought = "<think>Is there a knife? A knife is likely.</think>\n"
    shown = f"{thought}There is a cup, {MASK} and a fork."
    revisor = Revisor({shown: f"{thought}There is a cup and a fork."})
    found = revised(f"{thought}There is a cup, a small red knife and a fork.", revisor)
    assert [each.before for each in found.masks] == ["a small red knife"]


def test_a_suspect_object_is_masked_at_all_its_mentions_and_the_record_says_why():
    shown = f"There is a cup, {MASK} and a fork. {MASK} is near the cup."
    revisor = Revisor({shown: "There is a cup and a fork. The fork is near the cup."})
    text = "There is a cup, a small red knife and a fork. The knife is near the cup."
    found = revised(text, revisor)
    assert found.text == "There is a cup and a fork. The fork is near the cup."
    assert [(each.before, each.after) for each in found.masks] == [
        ("a small red knife", ""),
        ("The knife", "The fork"),
    ]
    assert all(each.subjects == ("knife",) for each in found.masks)
    knife = next(each for each in found.checks if each.subject == "knife")
    assert knife.wrong == pytest.approx(1 / (1 + math.exp(3 - 6)))
    assert knife.factors.expectation == 1
    assert {each.subject for each in found.checks} == {"cup", "knife", "fork"}
    assert {each.why for each in found.edits} == {("knife",)}


def test_what_stands_apart_from_every_mask_stays():
    shown = f"There is a big cup, {MASK} and a fork."
    found = revised(
        "There is a big cup, a knife and a fork.",
        Revisor({shown: "There is a tiny cup, a spoon and a fork."}),
    )
    assert found.text == "There is a big cup, a spoon and a fork."
    assert [(each.before, each.after) for each in found.masks] == [("a knife", "a spoon")]
    assert [(each.before, each.after) for each in found.edits] == [(" knife", " spoon")]


def test_neighbouring_masks_become_one():
    every = Suspicion(KNOWN, DETECTOR, 0.01)
    assert masked("There is a cup, a knife, and two forks.", every).text == f"There is {MASK}."
    found = masked("A cup with a fork.", every)
    assert found.text == f"{MASK} with {MASK}."
    assert found.spans == ((0, 5), (11, 17)) and found.subjects == (("cup",), ("fork",))


def test_without_a_detector_the_published_rule_masks_what_is_uncertain_or_late():
    text = "There is a cup on the left and there is a bowl here, near a big old clock."
    spot = text.index("bowl")
    tokens = (Token(0, spot, -0.1), Token(spot, spot + 4, -0.95), Token(spot + 4, len(text), -0.1))
    found = masked(text, Suspicion(KNOWN), tokens)
    assert found.text == f"There is a cup on the left and there is {MASK} here, near {MASK}."
    assert [each.factors.uncertainty for each in found.checks] == [0.1, 0.95, 0.1]
    assert [each.wrong for each in found.checks] == [None] * 3
    late = masked(text, Suspicion(KNOWN))  # no log-probabilities: position alone
    assert late.text == f"There is a cup on the left and there is a bowl here, near {MASK}."


@pytest.mark.parametrize(
    "text",
    ["A  cup\tand a fork .\n\n“There”   is  no knife… ", "No object is named here.", "A cup."],
)
def test_nothing_suspect_comes_back_byte_for_byte(text):
    found = revised(text, Revisor({}))
    assert found.text == text and found.reason == "nothing is suspect" and found.masks == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("A knife and a fork. " * (LONGEST // 18), "longer than"),
        ("Auf dem Tisch liegen ein Messer, eine Gabel und zwei Orangen.", "not English"),
    ],
)
def test_what_cannot_be_read_comes_back_with_a_reason(text, reason):
    revisor = Revisor({})
    found = revised(text, revisor)
    assert found.text == text and reason in found.reason and revisor.asked == []


@pytest.mark.parametrize(
    ("written", "finish", "reason"),
    [
        ("  \n", "stop", "said nothing"),
        (f"A fork and {MASK}.", "stop", "left [IDK]"),
        ("A fork and a", "length", "did not come to an end"),
        ("A fork and a knife.", "stop", "left it as it was"),
    ],
)
def test_what_cannot_be_taken_leaves_the_caption(written, finish, reason):
    found = revised("A fork and a knife.", Revisor({f"A fork and {MASK}.": written}, finish))
    assert found.text == "A fork and a knife." and reason in found.reason
    assert [each.before for each in found.masks] == ["a knife"]


def test_the_first_line_counts_unless_the_caption_has_several():
    written = "A fork.\n###Human: thanks"
    assert (
        revised("A fork and a knife.", Revisor({f"A fork and {MASK}.": written})).text == "A fork."
    )
    shown = f"A fork.\n\nThere is {MASK}."
    lines = revised("A fork.\n\nThere is a knife.", Revisor({shown: "A fork.\n\nThere is a dog."}))
    assert lines.text == "A fork.\n\nThere is a dog."
