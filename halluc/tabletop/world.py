"""The embedded world: tabletop scenes whose truth is exact, drawn at random from a seed.

A scene holds three to six everyday objects on a jittered 4 x 4 grid, each with a colour, a size and
a pattern, among shapes that are no objects. Two splits differ in one thing only:

- ``biased``: some objects bring their usual companion with them (a fork its knife). This is the
  world that the embedded MM-LLM learns from, and the statistical bias that VCD names as a cause of
  hallucination (Leng et al., 2024, arXiv 2311.16922).
- ``broken``: the bond is broken. Every scene holds an object whose companion is missing, so that
  a model which answers from habit is caught.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, get_args

Split = Literal["biased", "broken"]
SPLITS: tuple[Split, ...] = get_args(Split)

SIDE = 224
"""Width and height of a scene, in pixels."""

# COCO classes with how often each is drawn: a few are common, as in photographs.
CLASSES = {
    "cup": 3.0, "bottle": 3.0, "fork": 2.5, "bowl": 2.5, "laptop": 2.5, "book": 2.0,
    "apple": 2.0, "keyboard": 1.6, "vase": 1.6, "banana": 1.4, "pizza": 1.2, "knife": 1.0,
    "spoon": 1.0, "wine glass": 1.0, "mouse": 1.0, "orange": 1.0, "cell phone": 1.0,
    "clock": 1.0, "cake": 1.0, "donut": 1.0, "carrot": 0.8, "remote": 0.8, "scissors": 0.8,
    "teddy bear": 0.8,
}  # fmt: skip

COMPANIONS = {
    "fork": "knife",
    "cup": "spoon",
    "bottle": "wine glass",
    "laptop": "mouse",
    "keyboard": "cell phone",
    "apple": "orange",
    "vase": "clock",
}
"""Object to its usual companion."""

COMPANION_RATE = 0.85
"""How often an object of `COMPANIONS` brings its companion, in the biased split."""

COLORS = ("red", "yellow", "green", "blue", "purple", "pink", "white", "black")
PATTERNS = {"plain": 0.6, "striped": 0.2, "dotted": 0.2}
# Gaps between the ranges keep the truth of a size beyond doubt.
SIZES = {"small": (0.66, 0.76), "medium": (0.88, 1.0), "large": (1.14, 1.3)}

# Things that lie flat may be turned by quarters.
TURNABLE = {"fork", "knife", "spoon", "banana", "carrot", "keyboard", "cell phone", "remote",
            "scissors"}  # fmt: skip

GRID = 4
MARGIN = 0.06
"""Centres closer than this share of the side along an axis are in no relation along it."""

TRAIN_FROM = 100_000
"""Training scenes are numbered from here; lower numbers are held out for measuring."""

PREDICATES = ("left of", "right of", "above", "below")


@dataclass(frozen=True)
class Item:
    """One object of a scene.

    Attributes:
        name: its class.
        color, pattern, size: its attributes, as words.
        x, y: its centre, as shares of the side.
        scale: its width and height before cropping, in grid cells.
        turns: quarter turns, counter-clockwise.
        mirrored: drawn the other way round.
    """

    name: str
    color: str
    pattern: str
    size: str
    x: float
    y: float
    scale: float
    turns: int
    mirrored: bool

    @property
    def attributes(self) -> dict[str, str]:
        """Attribute family to value."""
        return {"color": self.color, "size": self.size, "pattern": self.pattern}


@dataclass(frozen=True)
class Scene:
    """A tabletop with its items, back to front.

    Attributes:
        id: "broken-00017": split and index.
        items: what stands on it.
    """

    id: str
    items: tuple[Item, ...]

    @property
    def names(self) -> set[str]:
        """Classes in the scene."""
        return {item.name for item in self.items}


def relations(one: Item, other: Item) -> list[str]:
    """Predicates of `PREDICATES` that hold of one item towards another."""
    found = []
    if abs(one.x - other.x) >= MARGIN:
        found.append("left of" if one.x < other.x else "right of")
    if abs(one.y - other.y) >= MARGIN:
        found.append("above" if one.y < other.y else "below")
    return found


def scene(split: Split, index: int) -> Scene:
    """The scene of that number in a split; the same on every machine."""
    rng = random.Random(f"tabletop/{split}/{index}")
    names = _names(split, rng)
    cells = rng.sample(range(GRID * GRID), len(names))
    items = tuple(_item(name, cell, rng) for name, cell in zip(names, cells, strict=True))
    return Scene(f"{split}-{index:05d}", items)


def _names(split: Split, rng: random.Random) -> list[str]:
    """Three to six classes, now and then one of them twice."""
    count = rng.randint(3, 6)
    names: list[str] = []
    if split == "broken":
        names.append(rng.choice(list(COMPANIONS)))
    while len(names) < count:
        if len(names) == len(set(names)) >= 3 and rng.random() < 0.08:
            names.append(rng.choice(names))
            continue
        name = _draw(CLASSES, rng)
        if split == "broken" and name == COMPANIONS[names[0]]:
            continue
        if name in names:
            continue
        names.append(name)
        companion = COMPANIONS.get(name) if split == "biased" else None
        if companion and companion not in names and rng.random() < COMPANION_RATE:
            names.append(companion)
    names = names[:6]
    rng.shuffle(names)
    return names


def _item(name: str, cell: int, rng: random.Random) -> Item:
    """An item of a class in a cell of the grid."""
    row, column = divmod(cell, GRID)
    size = rng.choice(list(SIZES))
    return Item(
        name=name,
        color=rng.choice(COLORS),
        pattern=_draw(PATTERNS, rng),
        size=size,
        x=(column + 0.5 + rng.uniform(-0.22, 0.22)) / GRID,
        y=(row + 0.5 + rng.uniform(-0.22, 0.22)) / GRID,
        scale=rng.uniform(*SIZES[size]),
        turns=rng.randrange(4) if name in TURNABLE else 0,
        mirrored=rng.random() < 0.5,
    )


def _draw(weights: dict[str, float], rng: random.Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
