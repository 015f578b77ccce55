"""Scenes as someone remembers them who errs, so that captions of them hallucinate."""

from __future__ import annotations

import random
from dataclasses import replace

from halluc.tabletop.world import CLASSES, COLORS, COMPANIONS, PATTERNS, SIZES, Item, Scene

_LOOKS = {"color": COLORS, "size": tuple(SIZES), "pattern": tuple(PATTERNS)}


def mistaken(scene: Scene, rng: random.Random) -> Scene:
    """The scene with one to three errors: another object, another look, or two that change places.

    Half of the wrong objects are the usual companion of one that is there, if that is absent. A
    caption of it need not tell of an error.

    Args:
        scene: how it is.
        rng: chooses the errors.
    """
    items = list(scene.items)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(items))
        way = rng.choice(("object", "look", "place"))
        if way == "object":
            items[at] = replace(items[at], name=_absent(items, rng))
        elif way == "look":
            items[at] = _other_look(items[at], rng)
        else:
            other = rng.choice([place for place in range(len(items)) if place != at])
            one, two = items[at], items[other]
            items[at] = replace(one, x=two.x, y=two.y)
            items[other] = replace(two, x=one.x, y=one.y)
    return replace(scene, items=tuple(items))


def _absent(items: list[Item], rng: random.Random) -> str:
    names = {each.name for each in items}
    companions = sorted({COMPANIONS[each] for each in names if each in COMPANIONS} - names)
    if companions and rng.random() < 0.5:
        return rng.choice(companions)
    absent = {name: often for name, often in CLASSES.items() if name not in names}
    return rng.choices(list(absent), list(absent.values()))[0]


def _other_look(item: Item, rng: random.Random) -> Item:
    family = rng.choice(list(_LOOKS))
    value = rng.choice([each for each in _LOOKS[family] if each != item.attributes[family]])
    return Item(**(vars(item) | {family: value}))
