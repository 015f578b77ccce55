"""Scenes of the embedded world as a data set, with their POPE questions.

Names: ``tabletop`` or ``tabletop:broken`` (the held-out bias-broken scenes), ``tabletop:biased``,
and ``tabletop:mixed`` for both in turn. ``tabletop:mixed:10000-10999`` are the scenes of those
numbers, neither held out nor trained on if from 1,000 to 99,999.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.pope import build_questions
from halluc.errors import InputError
from halluc.records import Sample, TrueObject, Truth
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import SPLITS, TRAIN_FROM, scene

if TYPE_CHECKING:
    from PIL.Image import Image

SCENES = 1000
"""Held-out scenes of a split."""

STATISTICS = 2000
"""Scenes of the biased world whose objects tell what is frequent and what comes together."""


def load(name: str = "tabletop") -> Dataset:
    """Scenes of a split with their whole truth, the held-out ones if no numbers are given.

    Raises:
        InputError: there is no such split, or the numbers are no range.
    """
    form = re.fullmatch(r"tabletop(?::(\w+)(?::(\d{1,9})-(\d{1,9}))?)?", name)
    split, *numbers = form.groups() if form else ("unknown", None, None)
    split = split or "broken"
    splits = [each for each in SPLITS if split in (each, "mixed")]
    if not splits:
        raise InputError(
            f"unknown data set {name!r}; give tabletop:broken, tabletop:biased or tabletop:mixed, "
            "and behind it the scenes if not the held-out ones, such as tabletop:mixed:10000-10999"
        )
    first, last = int(numbers[0] or 0), int(numbers[1] or SCENES - 1)
    if first > last:
        raise InputError(f"{name}: there are no scenes from {first} to {last}")
    samples = []
    for index in range(first, last + 1):
        for each in splits:
            drawn = scene(each, index)
            samples.append(Sample(id=drawn.id, image=drawn.id, truth=truth_of(drawn)))
    whole = f"tabletop:{split}" + (f":{first}-{last}" if numbers[0] else "")
    return Dataset(whole, samples, open_image, _card(samples))


def with_questions(scenes: Dataset, seed: int = 0) -> Dataset:
    """POPE questions on the scenes: random, popular and adversarial.

    What is popular and what usually comes together is counted in the biased world, the one that
    the embedded MM-LLM learned from, as COCO's statistics are of photographs that MM-LLMs saw.
    """
    questions = build_questions(scenes.samples, seed, statistics_from=biased_truths())
    return Dataset(f"{scenes.name} questions", questions, scenes.open_image, _card(questions))


def biased_truths() -> list[Truth]:
    """The objects of so many training scenes of the biased world as `STATISTICS` says."""
    return [
        Truth(objects=tuple(TrueObject(name=name) for name in sorted(scene("biased", i).names)))
        for i in range(TRAIN_FROM, TRAIN_FROM + STATISTICS)
    ]


def open_image(sample: Sample) -> Image:
    """Draw the picture of a sample.

    Raises:
        InputError: its image is no scene's id.
    """
    from halluc.tabletop.drawing import draw_scene

    split, _, index = (sample.image or "").partition("-")
    if split not in SPLITS or not index.isdecimal():
        raise InputError(f"sample {sample.id!r}: {sample.image!r} is no tabletop scene")
    return draw_scene(scene(split, int(index)))


def _card(samples: list[Sample]) -> dict[str, object]:
    content = b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples)
    return {"sha256": hashlib.sha256(content).hexdigest(), "rows": len(samples)}
