"""Captions of the embedded world with references, and exact labels, for HaELM's judge.

References are five true captions of a scene, two short and three detailed ones, drawn from its
number. The label of a caption is "no" where any claim of its first line is hallucinated by the
scene's whole truth, else "yes".
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from halluc.errors import InputError
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import coco_things
from halluc.language.claims.truths import in_words_of
from halluc.language.claims.verdicts import judge
from halluc.records import Label, Sample, Truth
from halluc.runs import read_run
from halluc.tabletop.english import detailed_caption, short_caption
from halluc.tabletop.mistaken import mistaken
from halluc.tabletop.world import SPLITS, Scene, scene

SHORT, DETAILED = 2, 3
"""References of each kind."""

_SCENE = re.compile(rf"({'|'.join(SPLITS)})-[0-9]+")


class Caption(NamedTuple):
    """A caption to be judged.

    Attributes:
        id: of it.
        text: the caption.
        references: captions of the same picture that are true.
        label: yes: it is accurate; None: not known.
    """

    id: str
    text: str
    references: list[str]
    label: Label | None


def drawn_captions(name: str, seed: int = 0) -> tuple[list[Caption], dict[str, Any]]:
    """A caption for each scene, every other one of the scene as someone remembers it who errs.

    Args:
        name: of the scenes, such as "tabletop:mixed:100000-100999".
        seed: of captions and references.

    Returns:
        The captions, and what a card says of them.

    Raises:
        InputError: see `halluc.datasets.tabletop.load`.
    """
    from halluc.datasets.tabletop import load  # draws, with numpy

    scenes = load(name)
    texts = []
    for place, sample in enumerate(scenes.samples):
        rng = random.Random(f"captions/{seed}/{sample.id}")
        here = _scene_of(sample)
        texts.append(detailed_caption(mistaken(here, rng) if place % 2 else here, rng))
    return _labelled(scenes.samples, texts, seed), {**scenes.card, "seed": seed}


def captions_of_run(path: Path) -> tuple[list[Caption], dict[str, Any]]:
    """The captions of a run of the embedded world's scenes; what is no answer is left out.

    Returns:
        The captions, and what a card says of them.

    Raises:
        RunError: it is no run.
        InputError: it is not finished, holds other answers than captions, or of other pictures.
    """
    from halluc.tabletop.truth import truth_of  # draws, with numpy

    run = read_run(path)
    if run.card.get("task") != "caption":
        raise InputError("holds no captions; HaELM judges those", path)
    if pending := run.pending():
        what = f"{len(pending)} of {len(run.samples)} samples have no answer yet"
        raise InputError(f"{what}; finish the run by giving its command again", path)
    said = {each.id: each.text for each in run.responses if not each.lack}
    samples = [each for each in run.samples if each.id in said]
    for sample in samples:
        if sample.truth is None or not _SCENE.fullmatch(sample.image or ""):
            raise InputError(
                f"sample {sample.id!r} is no scene of the embedded world, the only pictures whose "
                'references are known; write rows of "reference caption" and "output" instead',
                path,
            )
        then, now = (
            [(e.name, *e.attributes.values()) for e in t.objects]
            for t in (sample.truth, truth_of(_scene_of(sample)))
        )
        if then != now:
            what = f"scene {sample.image} was another one when this run was made"
            raise InputError(f"{what}, by another version of halluc; ask the model again", path)
    card = {name: run.card.get(name) for name in ("model", "data", "prompt", "decoding", "samples")}
    return _labelled(samples, [said[each.id] for each in samples]), {"captions of": card}


def references_of(scene: Scene, seed: int = 0) -> list[str]:
    """Five true captions of a scene, as different people would write them."""
    rng = random.Random(f"references/{seed}/{scene.id}")
    return [
        *(short_caption(scene, rng) for _ in range(SHORT)),
        *(detailed_caption(scene, rng) for _ in range(DETAILED)),
    ]


def _labelled(samples: Sequence[Sample], texts: Sequence[str], seed: int = 0) -> list[Caption]:
    things = coco_things()
    claims = read_claims(text.partition("\n")[0] for text in texts)
    found = []
    for sample, text, said in zip(samples, texts, claims, strict=True):
        truth = in_words_of(things, sample.truth or Truth())
        wrong = any(each.verdict == "hallucinated" for each in judge(sample.id, said, truth, ""))
        references = references_of(_scene_of(sample), seed)
        found.append(Caption(sample.id, text, references, "no" if wrong else "yes"))
    return found


def _scene_of(sample: Sample) -> Scene:
    """The scene of a sample of the embedded world, by the id of its picture."""
    split, _, number = (sample.image or "").partition("-")
    return scene(next(each for each in SPLITS if each == split), int(number))
