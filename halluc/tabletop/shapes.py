"""What the classes of the embedded world look like: one short function each."""

from __future__ import annotations

from halluc.tabletop.colors import RGB
from halluc.tabletop.sketch import DOUGH, INK, LEAF, PALE, STEEL, WOOD, Sketch

THIN = {"fork", "knife", "spoon", "banana", "carrot", "scissors", "remote", "wine glass"}
"""Classes whose pattern is finer, or there would be little of it on them."""


def sketch(name: str, pixels: int, color: RGB, pattern: str, bare: bool = False) -> Sketch:
    """An object of a class, upright; see `Sketch` for the arguments."""
    drawn = Sketch(pixels, color, pattern, 0.28 if name in THIN else 0.36, bare)
    DRAW[name](drawn)
    return drawn


def _bottle(s: Sketch) -> None:
    neck = (
        -0.14,
        -0.76,
        0.14,
        -0.76,
        0.14,
        -0.36,
        0.36,
        0,
        0.36,
        1,
        -0.36,
        1,
        -0.36,
        0,
        -0.14,
        -0.36,
    )
    s.body("polygon", neck)
    s.ink("rectangle", (-0.18, -1, 0.18, -0.74), INK)
    s.ink("rectangle", (-0.32, 0.36, 0.32, 0.68), PALE)
    s.ink("line", (-0.18, 0.52, 0.18, 0.52), STEEL, width=0.07)


def _wine_glass(s: Sketch) -> None:
    s.body("rectangle", (-0.09, -0.05, 0.09, 0.9))
    s.body("ellipse", (-0.42, 0.78, 0.42, 1))
    s.body("polygon", (-0.5, -0.9, 0.5, -0.9, 0.46, -0.35, 0.16, 0.06, -0.16, 0.06, -0.46, -0.35))
    s.ink("ellipse", (-0.5, -1, 0.5, -0.78))
    s.ink("ellipse", (-0.4, -0.96, 0.4, -0.82), s.light)


def _cup(s: Sketch) -> None:
    s.ink("arc", (0.08, -0.5, 0.98, 0.5), start=0, end=360, width=0.28)
    s.body("arc", (0.12, -0.46, 0.94, 0.46), start=0, end=360, width=0.18)
    s.body("polygon", (-0.85, -0.62, 0.5, -0.62, 0.4, 0.9, -0.75, 0.9))
    s.ink("ellipse", (-0.85, -0.8, 0.5, -0.44))
    s.ink("ellipse", (-0.79, -0.77, 0.44, -0.48), PALE)
    s.ink("ellipse", (-0.66, -0.71, 0.31, -0.52), WOOD)


def _bowl(s: Sketch) -> None:
    s.body("rectangle", (-0.35, 0.5, 0.35, 0.72))
    s.body("chord", (-1, -0.85, 1, 0.62), start=6, end=174)
    s.ink("ellipse", (-1, -0.36, 1, 0.1))
    s.ink("ellipse", (-0.9, -0.29, 0.9, 0.03), s.light)
    s.ink("ellipse", (-0.78, -0.2, 0.78, 0.0))


def _fork(s: Sketch) -> None:
    for x in (-0.34, 0, 0.34):
        s.body("rounded_rectangle", (x - 0.11, -1, x + 0.11, -0.3), radius=0.1)
    s.body(
        "polygon", (-0.45, -0.42, 0.45, -0.42, 0.36, -0.12, 0.15, 0.06, -0.15, 0.06, -0.36, -0.12)
    )
    s.body("rounded_rectangle", (-0.15, 0, 0.15, 1), radius=0.12)


def _knife(s: Sketch) -> None:
    s.body("polygon", (-0.2, 0.2, -0.2, -0.95, 0.0, -1, 0.18, -0.78, 0.26, -0.4, 0.26, 0.2))
    s.body("rounded_rectangle", (-0.2, 0.2, 0.24, 1), radius=0.14)
    s.ink("rectangle", (-0.24, 0.14, 0.28, 0.28), INK)
    for y in (0.5, 0.78):
        s.ink("ellipse", (-0.05, y - 0.07, 0.09, y + 0.07), INK)


def _spoon(s: Sketch) -> None:
    s.body("rounded_rectangle", (-0.14, -0.4, 0.14, 1), radius=0.12)
    s.body("ellipse", (-0.42, -1, 0.42, -0.08))
    s.ink("arc", (-0.28, -0.86, 0.28, -0.22), start=100, end=260, width=0.08)


def _banana(s: Sketch) -> None:
    s.body(
        "polygon",
        (-1, -0.5, -0.82, -0.58, -0.6, -0.2, -0.28, 0.0, 0.05, 0.06, 0.4, 0.0, 0.66, -0.16,
         0.86, -0.5, 1, -0.46, 0.98, -0.1, 0.78, 0.3, 0.4, 0.54, 0, 0.6, -0.4, 0.52,
         -0.76, 0.24, -0.94, -0.12),
    )  # fmt: skip
    s.ink("line", (-0.8, -0.1, -0.5, 0.22, -0.1, 0.34, 0.35, 0.3, 0.7, 0.06), width=0.06)
    s.ink("ellipse", (-1.04, -0.66, -0.78, -0.42), WOOD)
    s.ink("ellipse", (0.82, -0.6, 1.02, -0.4), WOOD)


def _apple(s: Sketch) -> None:
    s.ink("ellipse", (-0.92, -0.54, 0.34, 0.96))
    s.ink("ellipse", (-0.34, -0.54, 0.92, 0.96))
    s.body("ellipse", (-0.87, -0.49, 0.29, 0.91), edged=False)
    s.body("ellipse", (-0.29, -0.49, 0.87, 0.91), edged=False)
    s.body("ellipse", (-0.5, -0.3, 0.5, 0.85), edged=False)
    s.ink("line", (0, -0.38, 0.08, -0.98), WOOD, width=0.14)
    s.ink("ellipse", (0.1, -0.94, 0.7, -0.6), LEAF)


def _orange(s: Sketch) -> None:
    s.body("ellipse", (-0.94, -0.94, 0.94, 0.94))
    s.ink("ellipse", (-0.78, -0.78, 0.78, 0.78), s.light)
    for start in range(0, 360, 60):
        s.body("pieslice", (-0.7, -0.7, 0.7, 0.7), start=start + 6, end=start + 54, edged=False)


def _carrot(s: Sketch) -> None:
    for x in (-0.36, 0, 0.36):
        s.ink("line", (0, -0.42, x, -1), LEAF, width=0.17)
    s.body("polygon", (-0.42, -0.4, -0.24, -0.52, 0.24, -0.52, 0.42, -0.4, 0.09, 1, -0.09, 1))
    for y in (-0.18, 0.16, 0.5):
        s.ink("line", (-0.3 + y * 0.2, y, 0.02, y), width=0.06)


def _pizza(s: Sketch) -> None:
    s.body("polygon", (-0.92, -0.66, 0.92, -0.66, 0, 1))
    s.ink("rounded_rectangle", (-1, -0.98, 1, -0.6), DOUGH, radius=0.16)
    for x, y in ((-0.42, -0.32), (0.36, -0.28), (0.0, 0.24)):
        s.ink("ellipse", (x - 0.17, y - 0.17, x + 0.17, y + 0.17), (112, 62, 48))


def _donut(s: Sketch) -> None:
    s.ink("ellipse", (-0.98, -0.98, 0.98, 0.98), DOUGH)
    s.body("ellipse", (-0.88, -0.88, 0.88, 0.88))
    for x, y in ((-0.6, -0.2), (0.5, -0.45), (0.58, 0.3), (-0.35, 0.55), (-0.1, -0.62), (0.2, 0.6)):
        s.ink("line", (x - 0.09, y - 0.06, x + 0.09, y + 0.06), s.contrast, width=0.09)
    s.ink("ellipse", (-0.36, -0.36, 0.36, 0.36), DOUGH)
    s.hole((-0.26, -0.26, 0.26, 0.26))


def _cake(s: Sketch) -> None:
    for x in (-0.5, 0, 0.5):
        s.ink("rectangle", (x - 0.07, -0.74, x + 0.07, -0.2), PALE)
        s.ink("ellipse", (x - 0.1, -1, x + 0.1, -0.68), (214, 140, 60))
    s.body("rectangle", (-0.92, -0.2, 0.92, 0.94))
    for x in (-0.69, -0.23, 0.23, 0.69):
        s.ink("ellipse", (x - 0.23, -0.2, x + 0.23, 0.06), PALE)
    s.ink("rectangle", (-0.92, -0.28, 0.92, -0.1), PALE)


def _laptop(s: Sketch) -> None:
    s.body("polygon", (-0.76, 0.26, 0.76, 0.26, 1, 0.84, -1, 0.84))
    s.ink("polygon", (-0.6, 0.36, 0.6, 0.36, 0.7, 0.56, -0.7, 0.56), s.contrast)
    s.ink("rectangle", (-0.8, -0.86, 0.8, 0.26))
    s.body("rectangle", (-0.7, -0.76, 0.7, 0.16))


def _mouse(s: Sketch) -> None:
    s.ink("arc", (-0.12, -1.0, 0.62, -0.3), INK, start=90, end=280, width=0.1)
    s.body("ellipse", (-0.54, -0.52, 0.54, 1))
    s.ink("line", (-0.52, 0.08, 0.52, 0.08), width=0.06)
    s.ink("line", (0, -0.5, 0, 0.08), width=0.06)
    s.ink("ellipse", (-0.1, -0.36, 0.1, -0.04), s.contrast)


def _keyboard(s: Sketch) -> None:
    s.body("rounded_rectangle", (-1, -0.52, 1, 0.52), radius=0.1)
    for y in (-0.36, -0.08):
        for column in range(7):
            x = -0.84 + column * 0.25
            s.ink("rectangle", (x, y, x + 0.14, y + 0.15), s.detail)
    s.ink("rectangle", (-0.5, 0.22, 0.5, 0.35), s.detail)


def _cell_phone(s: Sketch) -> None:
    s.body("rounded_rectangle", (-0.54, -1, 0.54, 1), radius=0.2)
    s.ink("rounded_rectangle", (-0.42, -0.86, 0.04, -0.3), INK, radius=0.12)
    for y in (-0.72, -0.44):
        s.ink("ellipse", (-0.29, y - 0.1, -0.09, y + 0.1), STEEL)
    s.ink("ellipse", (0.2, -0.8, 0.34, -0.66), PALE)
    s.ink("ellipse", (-0.13, 0.17, 0.13, 0.43), s.contrast)


def _remote(s: Sketch) -> None:
    s.body("rounded_rectangle", (-0.36, -1, 0.36, 1), radius=0.16)
    s.ink("rectangle", (-0.2, -0.82, 0.2, -0.66), s.detail)
    for y in (-0.4, -0.14, 0.12):
        for x in (-0.16, 0.16):
            s.ink("rectangle", (x - 0.1, y - 0.06, x + 0.1, y + 0.06), s.detail)
    s.ink("ellipse", (-0.2, 0.38, 0.2, 0.78), s.detail)


def _book(s: Sketch) -> None:
    s.ink("rectangle", (-0.66, -0.84, 0.82, 1))
    s.ink("rectangle", (-0.62, -0.8, 0.78, 0.96), PALE)
    s.body("rectangle", (-0.8, -1, 0.64, 0.84))
    s.ink("rectangle", (-0.8, -1, -0.58, 0.84))
    s.ink("rectangle", (-0.32, -0.72, 0.4, -0.58), s.contrast)
    s.ink("rectangle", (-0.32, -0.46, 0.2, -0.36), s.contrast)


def _clock(s: Sketch) -> None:
    for x in (-0.52, 0.52):
        s.ink("line", (x * 0.9, 0.6, x * 1.2, 0.98), INK, width=0.16)
        s.body("ellipse", (x - 0.3, -1, x + 0.3, -0.44))
    s.body("ellipse", (-0.84, -0.8, 0.84, 0.88))
    s.ink("ellipse", (-0.54, -0.5, 0.54, 0.58))
    s.ink("ellipse", (-0.48, -0.44, 0.48, 0.52), PALE)
    s.ink("line", (0, 0.04, 0, -0.36), INK, width=0.12)
    s.ink("line", (0, 0.04, 0.28, 0.18), INK, width=0.12)


def _vase(s: Sketch) -> None:
    for x, y in ((-0.4, -0.72), (0.0, -0.84), (0.4, -0.72)):
        s.ink("line", (0, -0.1, x, y), LEAF, width=0.09)
        s.ink("ellipse", (x - 0.16, y - 0.16, x + 0.16, y + 0.16), PALE)
        s.ink("ellipse", (x - 0.07, y - 0.07, x + 0.07, y + 0.07), WOOD)
    s.body("ellipse", (-0.64, -0.06, 0.64, 1))
    s.body("polygon", (-0.34, -0.36, 0.34, -0.36, 0.22, 0.04, -0.22, 0.04))


def _scissors(s: Sketch) -> None:
    for way in (-1, 1):
        blade = (-0.16 * way, 0.26, 0.08 * way, 0.22, 0.46 * way, -1, 0.2 * way, -0.84)
        s.ink("polygon", blade, INK)
        s.ink("line", (0, 0.1, 0.34 * way, -0.86), STEEL, width=0.1)
    for x in (-0.44, 0.44):
        s.ink("ellipse", (x - 0.46, 0.1, x + 0.46, 1))
        s.body("ellipse", (x - 0.41, 0.15, x + 0.41, 0.95), edged=False)
        s.hole((x - 0.17, 0.38, x + 0.17, 0.72))
    s.ink("ellipse", (-0.09, 0.02, 0.09, 0.2), STEEL)


def _teddy_bear(s: Sketch) -> None:
    for x in (-0.45, 0.45):
        s.body("ellipse", (x - 0.25, -1, x + 0.25, -0.52))
        s.body("ellipse", (x * 1.5 - 0.26, -0.1, x * 1.5 + 0.26, 0.42))
        s.body("ellipse", (x * 1.1 - 0.3, 0.46, x * 1.1 + 0.3, 1))
    s.body("ellipse", (-0.52, -0.15, 0.52, 0.9))
    s.body("ellipse", (-0.56, -0.92, 0.56, 0.02))
    s.ink("ellipse", (-0.24, -0.46, 0.24, -0.08), PALE)
    for x in (-0.24, 0.24):
        s.ink("ellipse", (x - 0.08, -0.66, x + 0.08, -0.5), INK if sum(s.light) > 400 else PALE)
    s.ink("ellipse", (-0.09, -0.42, 0.09, -0.28), INK)


DRAW = {
    "bottle": _bottle, "wine glass": _wine_glass, "cup": _cup, "bowl": _bowl, "fork": _fork,
    "knife": _knife, "spoon": _spoon, "banana": _banana, "apple": _apple, "orange": _orange,
    "carrot": _carrot, "pizza": _pizza, "donut": _donut, "cake": _cake, "laptop": _laptop,
    "mouse": _mouse, "keyboard": _keyboard, "cell phone": _cell_phone, "remote": _remote,
    "book": _book, "clock": _clock, "vase": _vase, "scissors": _scissors,
    "teddy bear": _teddy_bear,
}  # fmt: skip
