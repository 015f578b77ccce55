"""The embedded world: tabletop scenes whose truth is exact, drawn at random from a seed.

A scene holds three to six everyday objects on a counter, a tablecloth or a floor, each with a
colour, a size, a pattern and, where its class has one, a pose. They overlap a little at most, so
that what the truth names can be seen. Two splits differ in one thing only:

- ``biased``: some objects bring their usual companion with them (a fork its knife). This is the
  world that the embedded MM-LLM learns from, and the statistical bias that VCD names as a cause of
  hallucination (Leng et al., 2024, arXiv 2311.16922).
- ``broken``: the bond is broken. Every scene holds an object whose companion is missing, so that
  a model which answers from habit is caught.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
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

REPEAT_RATE = 0.12
"""How often the next object is of a class that is there, after three others; three at most."""

COLORS = ("red", "yellow", "green", "blue", "purple", "pink", "white", "black")
PATTERNS = {"plain": 0.6, "striped": 0.2, "dotted": 0.2}
# Gaps between the ranges keep the truth of a size beyond doubt.
SIZES = {"small": (0.66, 0.76), "medium": (0.88, 1.0), "large": (1.14, 1.3)}

SETTINGS = ("counter", "tablecloth", "floor")
"""What the objects are on: a grey stone counter top, a grey checked tablecloth, a wooden floor."""

_UPRIGHT = ("standing", "lying")
_FLAT = ("lying", "leaning")
_LYING = ("lying",)
POSES: dict[str, tuple[str, ...]] = {
    "bottle": (*_UPRIGHT, "leaning"), "wine glass": _UPRIGHT, "cup": _UPRIGHT, "vase": _UPRIGHT,
    "teddy bear": ("sitting", "lying"), "book": _FLAT, "cell phone": _FLAT, "remote": _FLAT,
    "fork": _LYING, "knife": _LYING, "spoon": _LYING, "banana": _LYING, "carrot": _LYING,
    "keyboard": _LYING, "scissors": _LYING,
}  # fmt: skip
"""Class to the poses in which it may be drawn; the other classes have none."""

LEAN = 28.0
"""Angle of what leans, in degrees to either side."""

GRID = 4
"""Objects start from the middles of a grid of so many cells a side."""

OVERLAP = 0.22
"""Two objects' squares share at most this part of the smaller one's area."""

CUT = 0.05
"""At most this part of a square's side is beyond the edge of the picture."""

MARGIN = 0.06
"""Centres closer than this share of the side along an axis are in no relation along it."""

NEAR = 0.3
"""Centres at most this share of the side apart are next to each other."""

TRAIN_FROM = 100_000
"""Training scenes are numbered from here; lower numbers are held out for measuring."""

PREDICATES = ("left of", "right of", "above", "below", "next to")


@dataclass(frozen=True)
class Item:
    """One object of a scene.

    Attributes:
        name: its class.
        color, pattern, size: its attributes, as words.
        x, y: its centre, as shares of the side.
        scale: its width and height before it is turned, in grid cells.
        pose: a pose of its class in `POSES`, or nothing.
        angle: degrees by which it is turned, counter-clockwise.
        mirrored: drawn the other way round.
    """

    name: str
    color: str
    pattern: str
    size: str
    x: float
    y: float
    scale: float
    pose: str
    angle: float
    mirrored: bool

    @property
    def attributes(self) -> dict[str, str]:
        """Attribute family to value; ``state`` is the pose, if the class has any."""
        seen = {"color": self.color, "size": self.size, "pattern": self.pattern}
        return seen | {"state": self.pose} if self.pose else seen


@dataclass(frozen=True)
class Scene:
    """A surface with its items, back to front.

    Attributes:
        id: "broken-00017": split and index.
        setting: one of `SETTINGS`.
        items: what is on it.
    """

    id: str
    setting: str
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
    if math.dist((one.x, one.y), (other.x, other.y)) <= NEAR:
        found.append("next to")
    return found


def scene(split: Split, index: int) -> Scene:
    """The scene of that number in a split; the same on every machine."""
    rng = random.Random(f"tabletop/{split}/{index}")
    items = [_item(name, rng) for name in _names(split, rng)]
    setting = rng.choice(SETTINGS)
    placed = _place(items, rng)
    while placed is None:
        placed = _place(items, rng)
    return Scene(f"{split}-{index:05d}", setting, tuple(placed))


def _names(split: Split, rng: random.Random) -> list[str]:
    """Three to six classes, now and then one of them twice or three times."""
    count = rng.randint(3, 6)
    names: list[str] = []
    if split == "broken":
        names.append(rng.choice(list(COMPANIONS)))
    while len(names) < count:
        if len(set(names)) >= 3 and rng.random() < REPEAT_RATE:
            name = rng.choice(names)
            if names.count(name) < 3:
                names.append(name)
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


def _item(name: str, rng: random.Random) -> Item:
    """An item of a class, still without its place."""
    size = rng.choice(list(SIZES))
    pose = rng.choice(POSES.get(name, ("",)))
    return Item(
        name=name,
        color=rng.choice(COLORS),
        pattern=_draw(PATTERNS, rng),
        size=size,
        x=0.5,
        y=0.5,
        scale=rng.uniform(*SIZES[size]),
        pose=pose,
        angle=_angle(name, pose, rng),
        mirrored=rng.random() < 0.5,
    )


def _angle(name: str, pose: str, rng: random.Random) -> float:
    """Upright unless it leans or lies; what never stands may point anywhere, by quarters."""
    if pose == "leaning":
        return rng.choice((LEAN, -LEAN))
    if pose != "lying":
        return 0.0
    stands = POSES[name][0] != "lying"
    return rng.choice((90.0, 270.0) if stands else (0.0, 90.0, 180.0, 270.0))


def _place(items: list[Item], rng: random.Random) -> list[Item] | None:
    """The items in cells of the grid, moved as far as they can be; none if they clash."""
    placed: list[Item] = []
    cells = rng.sample(range(GRID * GRID), len(items))
    for item, cell in zip(items, cells, strict=True):
        row, column = divmod(cell, GRID)
        inset = (0.5 - CUT) * item.scale / GRID
        for jitter in (0.45, 0.35, 0.25, 0.15, 0.05):
            x = (column + 0.5 + rng.uniform(-jitter, jitter)) / GRID
            y = (row + 0.5 + rng.uniform(-jitter, jitter)) / GRID
            x, y = (min(max(centre, inset), 1 - inset) for centre in (x, y))
            moved = replace(item, x=x, y=y)
            if all(_overlap(moved, other) <= OVERLAP for other in placed):
                placed.append(moved)
                break
        else:
            return None
    return placed


def _overlap(one: Item, other: Item) -> float:
    """What two items' squares share, as a part of the smaller one's area."""
    reach = (one.scale + other.scale) / 2 / GRID
    width, height = reach - abs(one.x - other.x), reach - abs(one.y - other.y)
    smaller = min(one.scale, other.scale) / GRID
    width, height = (min(max(edge, 0.0), smaller) for edge in (width, height))
    return width * height / smaller**2


def _draw(weights: dict[str, float], rng: random.Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
