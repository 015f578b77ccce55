"""What the objects of a scene are on: stone, cloth or wood, in tones without a colour word."""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from halluc.tabletop.colors import RGB
from halluc.tabletop.world import SIDE

_SHEET = 2 * SIDE
_SHEETS = 4

CRUMBS: tuple[RGB, ...] = ((112, 96, 80), (150, 134, 114), (196, 188, 174), (92, 90, 88))


def surface(setting: str, rng: random.Random) -> Image.Image:
    """A piece of that surface, RGB, `SIDE` x `SIDE` pixels, with crumbs, rings and stains on it."""
    sheet = _sheet(setting, rng.randrange(_SHEETS))
    left, top = rng.randrange(_SHEET - SIDE), rng.randrange(_SHEET - SIDE)
    piece = sheet.crop((left, top, left + SIDE, top + SIDE))
    if rng.random() < 0.5:
        piece = piece.transpose(Image.Transpose.TRANSPOSE)
    _litter(ImageDraw.Draw(piece), rng)
    return piece


def _litter(pen: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """What is no object: it has no shape, colour or size of one."""
    for _ in range(rng.randint(2, 6)):
        x, y, tone = rng.uniform(0, SIDE), rng.uniform(0, SIDE), rng.choice(CRUMBS)
        kind = rng.choice(("crumbs", "ring", "stain"))
        if kind == "crumbs":
            for _ in range(rng.randint(2, 5)):
                a, b, size = x + rng.uniform(-8, 8), y + rng.uniform(-8, 8), rng.uniform(1, 3)
                pen.ellipse((a, b, a + size, b + size * rng.uniform(0.6, 1)), fill=tone)
        elif kind == "ring":
            size = rng.uniform(8, 20)
            pen.ellipse((x, y, x + size, y + size), outline=tone)
        else:
            width, height = rng.uniform(4, 10), rng.uniform(3, 8)
            pen.ellipse((x, y, x + width, y + height), fill=tone)


@lru_cache
def _sheet(setting: str, number: int) -> Image.Image:
    """A large piece, made once; scenes are cut from it."""
    noise = np.random.default_rng([len(setting), number])
    drawn = {"counter": _counter, "tablecloth": _tablecloth, "floor": _floor}[setting](
        noise, number
    )
    return Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8))


def _counter(noise: np.random.Generator, number: int) -> NDArray[np.float32]:
    """Grey stone with dark and light specks."""
    stone = Image.new("RGB", (_SHEET, _SHEET), (150 + 6 * number,) * 3)
    pen = ImageDraw.Draw(stone)
    for x, y, size, tone in noise.uniform((0, 0, 0.8, 0), (_SHEET, _SHEET, 2.6, 1), (4000, 4)):
        grey = int(98 + 50 * tone) if tone < 0.6 else int(150 + 60 * tone)
        pen.ellipse((x, y, x + size, y + size), fill=(grey, grey, grey))
    return np.asarray(stone, dtype=np.float32)


def _tablecloth(noise: np.random.Generator, number: int) -> NDArray[np.float32]:
    """A weave of two crossing sets of grey bands."""
    band = 16 + 2 * number
    bands = (np.arange(_SHEET) // band % 2).astype(np.float32)
    tone = 190 - 34 * (bands[:, None] + bands[None, :])
    thread = 5 * noise.standard_normal((_SHEET, _SHEET), dtype=np.float32)
    return (tone + thread)[..., None] * np.array([1, 0.985, 0.955], dtype=np.float32)


def _floor(noise: np.random.Generator, number: int) -> NDArray[np.float32]:
    """Planks of brown wood, each of its own tone, with grain along them."""
    width = 34 + 4 * number
    brown = np.array([172, 140, 110], dtype=np.float32)
    wood = np.empty((_SHEET, _SHEET, 3), dtype=np.float32)
    for top in range(0, _SHEET, width):
        row = wood[top : top + width]
        left = -int(noise.integers(0, 120))
        while left < _SHEET:
            right = left + int(noise.integers(90, 190))
            plank = row[:, max(left, 0) : right]
            lines = 5 * noise.standard_normal((len(row), 1, 1), dtype=np.float32)
            plank[:] = brown * np.float32(noise.uniform(0.86, 1.02)) + lines
            plank[:2] = plank[:, :2] = brown * np.float32(0.62)
            left = right
    return wood
