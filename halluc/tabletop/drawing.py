"""Pictures of tabletop scenes, drawn from code with Pillow.

Each class is one short function that draws into a `Sketch`, a transparent square whose coordinates
run from -1 to 1, x to the right and y down. `body` is the part that carries the object's colour and
pattern; the rest is in fixed tones, so that a blue apple still has its leaf.
"""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from halluc.tabletop.world import GRID, SIDE, Item, Scene

RGB = tuple[int, int, int]
Shape = tuple[float, ...]

PAINT: dict[str, RGB] = {
    "red": (205, 40, 38), "yellow": (238, 205, 45), "green": (48, 148, 62), "blue": (42, 88, 200),
    "purple": (124, 52, 160), "pink": (244, 142, 178), "white": (240, 240, 238),
    "black": (38, 38, 42),
}  # fmt: skip
TABLES: tuple[RGB, ...] = (
    (198, 164, 122), (168, 132, 96), (205, 198, 186), (150, 158, 164), (186, 176, 150),
    (142, 120, 104),
)  # fmt: skip
INK: RGB = (48, 46, 50)
STEEL: RGB = (172, 176, 182)
CREAM: RGB = (246, 240, 222)
LEAF: RGB = (70, 128, 52)
WOOD: RGB = (120, 78, 44)

CELL = SIDE / GRID


class Sketch:
    """One object on a transparent square.

    Args:
        pixels: side of the square.
        color: paint of the body.
        pattern: plain, striped or dotted.
    """

    def __init__(self, pixels: int, color: RGB, pattern: str) -> None:
        self.pixels = pixels
        self.picture = Image.new("RGBA", (pixels, pixels))
        self.pen = ImageDraw.Draw(self.picture)
        self.shade = _mix(color, (0, 0, 0), 0.45) if sum(color) > 200 else (112, 112, 118)
        self.light = _mix(color, (255, 255, 255), 0.55)
        self._cloth = _cloth(pixels, color, pattern, self.shade if sum(color) > 600 else self.light)

    def _to_pixels(self, shape: Shape) -> list[float]:
        return [(value + 1.06) / 2.12 * self.pixels for value in shape]

    def _width(self, width: float) -> int:
        return max(1, round(width / 2.12 * self.pixels))

    def body(self, kind: str, shape: Shape, edged: bool = True, **more: float) -> None:
        """A part in the object's own colour and pattern, with a thin darker edge.

        Args:
            kind: a method of Pillow's ImageDraw.
            shape: its coordinates.
            edged: with the edge.
            more: its further arguments; ``width`` is in the sketch's units.
        """
        mask = Image.new("L", (self.pixels, self.pixels))
        width = {"width": self._width(more.pop("width"))} if "width" in more else {}
        getattr(ImageDraw.Draw(mask), kind)(self._to_pixels(shape), fill=255, **more, **width)
        self.picture.paste(self._cloth, mask=mask)
        if edged and kind != "arc":
            edge = {"outline": self.shade, "width": self._width(0.05)}
            getattr(self.pen, kind)(self._to_pixels(shape), **edge, **more)

    def ink(self, kind: str, shape: Shape, color: RGB | None = None, **more: float) -> None:
        """A part in a fixed tone; without a colour, in a darker tone of the body."""
        if "width" in more:
            more["width"] = self._width(more["width"])
        getattr(self.pen, kind)(self._to_pixels(shape), fill=color or self.shade, **more)

    def hole(self, shape: Shape) -> None:
        """An ellipse through which the table shows."""
        self.pen.ellipse(self._to_pixels(shape), fill=(0, 0, 0, 0), outline=self.shade)


def _bottle(s: Sketch) -> None:
    s.body("rectangle", (-0.13, -0.75, 0.13, -0.1))
    s.body("polygon", (-0.13, -0.35, 0.13, -0.35, 0.34, 0.0, 0.34, 1, -0.34, 1, -0.34, 0.0))
    s.ink("rectangle", (-0.17, -1, 0.17, -0.76), INK)
    s.ink("rectangle", (-0.34, 0.25, 0.34, 0.65), CREAM)


def _wine_glass(s: Sketch) -> None:
    s.ink("line", (0, -0.05, 0, 0.9), STEEL, width=0.12)
    s.ink("ellipse", (-0.42, 0.78, 0.42, 1), STEEL)
    s.body("polygon", (-0.5, -0.86, 0.5, -0.86, 0.42, -0.3, 0.14, 0, -0.14, 0, -0.42, -0.3))
    s.ink("ellipse", (-0.5, -1, 0.5, -0.74), s.light)


def _cup(s: Sketch) -> None:
    s.ink("arc", (0.1, -0.45, 0.98, 0.5), start=0, end=360, width=0.16)
    s.body("polygon", (-0.85, -0.6, 0.5, -0.6, 0.38, 0.85, -0.72, 0.85))
    s.ink("ellipse", (-0.85, -0.82, 0.5, -0.4), CREAM)
    s.ink("ellipse", (-0.74, -0.75, 0.39, -0.47), WOOD)


def _bowl(s: Sketch) -> None:
    s.ink("rectangle", (-0.35, 0.55, 0.35, 0.75))
    s.body("chord", (-1, -1.0, 1, 0.68), start=8, end=172)
    s.ink("ellipse", (-1, -0.32, 1, 0.16), s.light)
    s.ink("ellipse", (-0.85, -0.22, 0.85, 0.06), s.shade)


def _fork(s: Sketch) -> None:
    for x in (-0.3, -0.1, 0.1, 0.3):
        s.body("rectangle", (x - 0.055, -1, x + 0.055, -0.4))
    s.body("polygon", (-0.36, -0.48, 0.36, -0.48, 0.3, -0.2, 0.1, -0.02, -0.1, -0.02, -0.3, -0.2))
    s.body("rectangle", (-0.1, -0.05, 0.1, 1))


def _knife(s: Sketch) -> None:
    s.ink("polygon", (-0.16, 0.15, -0.16, -0.95, 0.06, -1, 0.2, -0.6, 0.2, 0.15), STEEL)
    s.ink("line", (-0.1, 0.1, -0.1, -0.9), CREAM, width=0.06)
    s.body("rectangle", (-0.18, 0.15, 0.2, 1))


def _spoon(s: Sketch) -> None:
    s.body("rectangle", (-0.1, -0.4, 0.1, 1))
    s.body("ellipse", (-0.36, -1, 0.36, -0.15))
    s.ink("ellipse", (-0.2, -0.88, 0.2, -0.32), s.light)


def _banana(s: Sketch) -> None:
    s.body("arc", (-1, -1.5, 1, 0.72), start=18, end=162, width=0.46)
    s.ink("ellipse", (-1.0, -0.28, -0.72, 0.0), WOOD)
    s.ink("ellipse", (0.72, -0.28, 1.0, 0.0), WOOD)


def _apple(s: Sketch) -> None:
    s.body("ellipse", (-0.88, -0.5, 0.3, 0.92), edged=False)
    s.body("ellipse", (-0.3, -0.5, 0.88, 0.92), edged=False)
    s.ink("line", (0, -0.35, 0.1, -0.95), WOOD, width=0.14)
    s.ink("ellipse", (0.1, -0.92, 0.72, -0.56), LEAF)


def _orange(s: Sketch) -> None:
    s.body("ellipse", (-0.9, -0.9, 0.9, 0.9))
    s.ink("polygon", (-0.25, -0.62, 0.25, -0.62, 0, -0.38), LEAF)
    s.ink("polygon", (-0.12, -0.8, 0.12, -0.8, 0, -0.3), LEAF)
    for x, y in ((-0.5, 0.1), (0.4, -0.1), (0.1, 0.5), (-0.2, -0.1), (0.5, 0.4), (-0.35, 0.5)):
        s.ink("ellipse", (x - 0.05, y - 0.05, x + 0.05, y + 0.05))


def _carrot(s: Sketch) -> None:
    for x in (-0.35, 0, 0.35):
        s.ink("line", (0, -0.45, x, -1), LEAF, width=0.16)
    s.body("polygon", (-0.36, -0.45, 0.36, -0.45, 0.06, 1, -0.06, 1))
    for y in (-0.15, 0.2, 0.5):
        s.ink("line", (-0.18 + y * 0.1, y, 0.06, y), width=0.06)


def _pizza(s: Sketch) -> None:
    s.body("polygon", (-0.92, -0.62, 0.92, -0.62, 0, 1))
    s.ink("rectangle", (-1, -0.95, 1, -0.58), WOOD)
    for x, y in ((-0.4, -0.25), (0.35, -0.2), (0.0, 0.3)):
        s.ink("ellipse", (x - 0.19, y - 0.19, x + 0.19, y + 0.19), (150, 40, 30))


def _donut(s: Sketch) -> None:
    s.body("ellipse", (-0.95, -0.95, 0.95, 0.95))
    for x, y in ((-0.6, -0.3), (0.55, -0.45), (0.6, 0.35), (-0.35, 0.62), (0.1, -0.68)):
        s.ink("line", (x - 0.1, y - 0.05, x + 0.1, y + 0.05), s.light, width=0.09)
    s.hole((-0.34, -0.34, 0.34, 0.34))


def _cake(s: Sketch) -> None:
    for x in (-0.5, 0, 0.5):
        s.ink("rectangle", (x - 0.06, -0.75, x + 0.06, -0.2), STEEL)
        s.ink("ellipse", (x - 0.11, -1, x + 0.11, -0.68), (240, 150, 40))
    s.body("rectangle", (-0.92, -0.1, 0.92, 0.92))
    s.ink("rectangle", (-0.92, -0.28, 0.92, 0.06), CREAM)
    for x in (-0.7, -0.23, 0.23, 0.7):
        s.ink("ellipse", (x - 0.22, -0.12, x + 0.22, 0.28), CREAM)


def _laptop(s: Sketch) -> None:
    s.ink("polygon", (-0.75, 0.3, 0.75, 0.3, 1, 0.82, -1, 0.82), STEEL)
    s.ink("polygon", (-0.62, 0.4, 0.62, 0.4, 0.74, 0.6, -0.74, 0.6), INK)
    s.ink("rectangle", (-0.78, -0.86, 0.78, 0.3), INK)
    s.body("rectangle", (-0.66, -0.75, 0.66, 0.18))


def _mouse(s: Sketch) -> None:
    s.ink("arc", (-0.1, -1.0, 0.6, -0.3), INK, start=90, end=280, width=0.09)
    s.body("ellipse", (-0.52, -0.5, 0.52, 1))
    s.ink("line", (-0.5, 0.12, 0.5, 0.12), width=0.07)
    s.ink("line", (0, -0.48, 0, 0.12), width=0.07)
    s.ink("ellipse", (-0.09, -0.32, 0.09, -0.02), INK)


def _keyboard(s: Sketch) -> None:
    s.body("rectangle", (-1, -0.44, 1, 0.44))
    for y in (-0.29, -0.06):
        for column in range(8):
            x = -0.88 + column * 0.225
            s.ink("rectangle", (x, y, x + 0.15, y + 0.15), CREAM)
    s.ink("rectangle", (-0.5, 0.18, 0.5, 0.32), CREAM)


def _cell_phone(s: Sketch) -> None:
    s.body("rounded_rectangle", (-0.52, -1, 0.52, 1), radius=8)
    s.ink("rectangle", (-0.38, -0.74, 0.38, 0.62), (40, 60, 84))
    s.ink("line", (-0.3, 0.3, 0.25, -0.6), (120, 150, 180), width=0.09)
    s.ink("ellipse", (-0.1, 0.7, 0.1, 0.9), CREAM)


def _remote(s: Sketch) -> None:
    s.body("rounded_rectangle", (-0.32, -1, 0.32, 1), radius=8)
    s.ink("ellipse", (-0.12, -0.86, 0.12, -0.62), (220, 60, 50))
    for y in (-0.42, -0.16, 0.1):
        for x in (-0.15, 0.15):
            s.ink("ellipse", (x - 0.09, y - 0.09, x + 0.09, y + 0.09), CREAM)
    s.ink("ellipse", (-0.2, 0.35, 0.2, 0.75), STEEL)


def _book(s: Sketch) -> None:
    s.ink("rectangle", (-0.68, -0.82, 0.8, 1), CREAM)
    for x in (0.68, 0.74):
        s.ink("line", (x, -0.8, x, 0.95), STEEL, width=0.03)
    s.body("rectangle", (-0.8, -1, 0.62, 0.86))
    s.ink("rectangle", (-0.8, -1, -0.58, 0.86))
    s.ink("rectangle", (-0.38, -0.7, 0.42, -0.4), CREAM)


def _clock(s: Sketch) -> None:
    s.body("ellipse", (-0.95, -0.95, 0.95, 0.95))
    s.ink("ellipse", (-0.68, -0.68, 0.68, 0.68), CREAM)
    s.ink("line", (0, 0, 0, -0.56), INK, width=0.12)
    s.ink("line", (0, 0, 0.42, 0.2), INK, width=0.12)
    for x, y in ((0, -0.6), (0.6, 0), (0, 0.6), (-0.6, 0)):
        s.ink("ellipse", (x - 0.06, y - 0.06, x + 0.06, y + 0.06), INK)


def _vase(s: Sketch) -> None:
    for x, y in ((-0.34, -0.78), (0.34, -0.7)):
        s.ink("line", (0, -0.1, x, y), LEAF, width=0.09)
        s.ink("ellipse", (x - 0.2, y - 0.2, x + 0.2, y + 0.2), (236, 120, 60))
        s.ink("ellipse", (x - 0.08, y - 0.08, x + 0.08, y + 0.08), CREAM)
    s.body("polygon", (-0.32, -0.32, 0.32, -0.32, 0.2, 0.0, 0.2, 0.3, -0.2, 0.3, -0.2, 0.0))
    s.body("ellipse", (-0.58, 0.02, 0.58, 1))


def _scissors(s: Sketch) -> None:
    s.ink("polygon", (-0.12, 0.2, 0.08, 0.1, 0.42, -1, 0.2, -0.8), STEEL)
    s.ink("polygon", (0.12, 0.2, -0.08, 0.1, -0.42, -1, -0.2, -0.8), STEEL)
    for x in (-0.38, 0.38):
        s.body("arc", (x - 0.36, 0.2, x + 0.36, 1), start=0, end=360, width=0.2)
    s.ink("ellipse", (-0.1, 0.0, 0.1, 0.2), INK)


def _teddy_bear(s: Sketch) -> None:
    for x in (-0.45, 0.45):
        s.body("ellipse", (x - 0.24, -1, x + 0.24, -0.55))
        s.body("ellipse", (x * 1.45 - 0.24, -0.1, x * 1.45 + 0.24, 0.4))
        s.body("ellipse", (x - 0.28, 0.5, x + 0.28, 1))
    s.body("ellipse", (-0.5, -0.15, 0.5, 0.9))
    s.body("ellipse", (-0.55, -0.92, 0.55, 0.02))
    s.ink("ellipse", (-0.24, -0.48, 0.24, -0.08), CREAM)
    for x in (-0.24, 0.24):
        s.ink("ellipse", (x - 0.08, -0.66, x + 0.08, -0.5), INK)
    s.ink("ellipse", (-0.09, -0.42, 0.09, -0.28), INK)


DRAW = {
    "bottle": _bottle, "wine glass": _wine_glass, "cup": _cup, "bowl": _bowl, "fork": _fork,
    "knife": _knife, "spoon": _spoon, "banana": _banana, "apple": _apple, "orange": _orange,
    "carrot": _carrot, "pizza": _pizza, "donut": _donut, "cake": _cake, "laptop": _laptop,
    "mouse": _mouse, "keyboard": _keyboard, "cell phone": _cell_phone, "remote": _remote,
    "book": _book, "clock": _clock, "vase": _vase, "scissors": _scissors,
    "teddy bear": _teddy_bear,
}  # fmt: skip


def draw_scene(scene: Scene) -> Image.Image:
    """The picture of a scene, RGB, `SIDE` x `SIDE` pixels."""
    rng = random.Random(f"look/{scene.id}")
    canvas = Image.new("RGB", (SIDE, SIDE), _jitter(rng.choice(TABLES), 16, rng))
    _draw_clutter(ImageDraw.Draw(canvas), rng)
    for item in scene.items:
        sketch = _sketch(item, _jitter(PAINT[item.color], 24, rng))
        half = sketch.width / 2
        place = (round(item.x * SIDE - half), round(item.y * SIDE - half))
        canvas.paste(sketch, place, sketch)
    # A stream of its own: the light does not depend on what stands in it.
    return _light(canvas, random.Random(f"light/{scene.id}"))


def item_box(item: Item) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of an item in its scene, in pixels, cut at the picture's edge."""
    left, top, right, bottom = _extent(item.name)
    if item.mirrored:
        left, right = 1 - right, 1 - left
    for _ in range(item.turns):
        left, top, right, bottom = top, 1 - right, bottom, 1 - left
    pixels = item.scale * CELL
    x, y = item.x * SIDE - pixels / 2, item.y * SIDE - pixels / 2
    edges = (x + left * pixels, y + top * pixels, x + right * pixels, y + bottom * pixels)
    a, b, c, d = (round(min(max(edge, 0), SIDE), 1) for edge in edges)
    return a, b, c, d


@lru_cache
def _extent(name: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a class within its square, as shares of the square's side."""
    sketch = Sketch(256, PAINT["red"], "plain")
    DRAW[name](sketch)
    box = sketch.picture.getchannel("A").getbbox()
    assert box is not None, name  # noqa: S101 - every class draws something
    left, top, right, bottom = (edge / 256 for edge in box)
    return left, top, right, bottom


def _sketch(item: Item, color: RGB) -> Image.Image:
    # Drawn twice as large and halved: smooth edges at little cost.
    sketch = Sketch(2 * round(item.scale * CELL), color, item.pattern)
    DRAW[item.name](sketch)
    picture = sketch.picture.reduce(2)
    if item.mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.rotate(90 * item.turns) if item.turns else picture


def _draw_clutter(pen: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Shapes that are no objects: crumbs, cards, rings and stains."""
    for _ in range(rng.randint(3, 8)):
        x, y, size = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.uniform(5, 26)
        color = _jitter(rng.choice((*PAINT.values(), *TABLES)), 30, rng)
        box = (x, y, x + size, y + size * rng.uniform(0.4, 1.3))
        kind = rng.choice(("ellipse", "rectangle", "line", "triangle", "ring"))
        if kind == "line":
            pen.line(box, fill=color, width=rng.randint(1, 4))
        elif kind == "triangle":
            pen.polygon((box[0], box[1], box[2], box[1], x + size / 3, box[3]), fill=color)
        elif kind == "ring":
            pen.ellipse(box, outline=color, width=2)
        else:
            getattr(pen, kind)(box, fill=color)


def _light(canvas: Image.Image, rng: random.Random) -> Image.Image:
    """Uneven light over the table, and the grain of a small sensor."""
    pixels = np.asarray(canvas, dtype=np.float32)
    ramp = np.linspace(-1, 1, SIDE, dtype=np.float32)
    light = 1 + rng.uniform(-0.18, 0.18) * ramp[:, None] + rng.uniform(-0.18, 0.18) * ramp[None, :]
    grain = np.random.default_rng(rng.getrandbits(64)).standard_normal(
        (SIDE // 2, SIDE // 2), dtype=np.float32
    )
    grain = np.repeat(np.repeat(grain * rng.uniform(3, 11), 2, 0), 2, 1)
    lit = pixels * (light * rng.uniform(0.78, 1.08))[..., None] + grain[..., None]
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _cloth(pixels: int, color: RGB, pattern: str, accent: RGB) -> Image.Image:
    cloth = Image.new("RGB", (pixels, pixels), color)
    pen = ImageDraw.Draw(cloth)
    step = max(4, round(pixels / 7))
    if pattern == "striped":
        for x in range(-pixels, pixels, step):
            pen.line((x, 0, x + pixels, pixels), fill=accent, width=max(2, round(step * 0.4)))
    elif pattern == "dotted":
        radius = step * 0.27
        for row, y in enumerate(range(0, pixels + step, step)):
            for x in range(-step * (row % 2) // 2, pixels + step, step):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=accent)
    return cloth


def _mix(color: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (
        round(a * (1 - share) + b * share) for a, b in zip(color, other, strict=True)
    )
    return red, green, blue


def _jitter(color: RGB, spread: int, rng: random.Random) -> RGB:
    red, green, blue = (min(255, max(0, value + rng.randint(-spread, spread))) for value in color)
    return red, green, blue
