"""LRV's instructions hold against the truth that they were made of."""

from __future__ import annotations

import re

from halluc.language.claims.things import coco_things
from halluc.records import Box, Sample, TrueObject, Truth
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import scene
from metrics.finegrained import finegrained
from mitigation.precorrection.lrv import instructions


def scenes(count):
    return [
        Sample(id=drawn.id, image=drawn.id, truth=truth_of(drawn))
        for drawn in (scene("broken", 10_000 + number) for number in range(count))
    ]


def test_what_is_said_is_true():
    samples = scenes(60)
    examples = instructions(samples)
    truths = {sample.id: sample.truth for sample in samples}
    # The parser now and then takes the "No," of an answer for a denial of the rest.
    said = {each.id: each.answer.removeprefix("No, ") for each in examples}
    known = {each.id: truths[each.image] for each in examples}
    found = finegrained(said, known, coco_things())
    assert len(found.findings) > 500
    assert [f for f in found.findings if f.verdict == "hallucinated"] == []


def test_half_of_the_instructions_are_about_nothing():
    samples = scenes(60)
    examples = instructions(samples)
    kinds = [each.kind for each in examples]
    assert kinds.count("positive") == 120
    assert kinds.count("nonexistent") == kinds.count("manipulated") == 60
    truths = {sample.id: sample.truth for sample in samples}
    for each in examples:
        if each.kind == "nonexistent":
            name = re.search(r"there is no (.*) in the image", each.answer, re.I)[1]
            assert name not in truths[each.image].names
            assert name in each.prompt
        if each.kind == "manipulated":
            assert " not " in each.answer or each.answer.startswith(("No, ", "The "))
    assert examples == instructions(samples)
    assert examples != instructions(samples, seed=1)


def test_what_the_truth_cannot_tell_is_not_asked():
    cat, dog = (
        TrueObject(name=name, box=Box(x, 0, 10, 10)) for name, x in (("cat", 0), ("dog", 40))
    )
    some = Sample(id="some", image="1.jpg", truth=Truth(objects=(cat, dog)))
    all_ = Sample(id="all", image="2.jpg", truth=Truth(objects=(cat,), exhaustive="coco"))
    mute = Sample(id="mute", image="3.jpg")
    examples = instructions([some, all_, mute])
    told = {(each.image, each.kind) for each in examples}
    assert told == {
        ("1.jpg", "positive"), ("1.jpg", "manipulated"), ("2.jpg", "positive"),
        ("2.jpg", "nonexistent"),
    }  # fmt: skip
    [turned] = [each for each in examples if each.kind == "manipulated"]
    assert re.search("the (cat is to the left of the dog|dog is to the right of the cat)",
                     turned.answer, re.I)  # fmt: skip
