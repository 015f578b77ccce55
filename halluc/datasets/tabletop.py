"""Held-out scenes of the embedded world as a data set, with their POPE questions.

Names: ``tabletop`` or ``tabletop:broken`` (bias-broken scenes) and ``tabletop:biased``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.pope import build_questions
from halluc.errors import InputError
from halluc.records import Sample, TrueObject, Truth
from halluc.tabletop.world import SPLITS, TRAIN_FROM, scene

if TYPE_CHECKING:
    from PIL.Image import Image

SCENES = 1000
"""Scenes of a split."""

STATISTICS = 2000
"""Scenes of the biased world whose objects tell what is frequent and what comes together."""


def load(name: str = "tabletop") -> Dataset:
    """The held-out scenes of a split, with their whole truth.

    Raises:
        InputError: there is no such split.
    """
    split = name.partition(":")[2] or "broken"
    if split not in SPLITS:
        raise InputError(f"unknown data set {name!r}; give tabletop:broken or tabletop:biased")
    samples = []
    for index in range(SCENES):
        drawn = scene(split, index)
        samples.append(Sample(id=drawn.id, image=drawn.id, truth=drawn.truth()))
    return Dataset(f"tabletop:{split}", samples, open_image, _card(samples))


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
