"""Pictures of the embedded world's scenes, drawn from code with Pillow."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from halluc.tabletop.colors import RGB, paint
from halluc.tabletop.settings import surface
from halluc.tabletop.shapes import sketch
from halluc.tabletop.world import GRID, SIDE, Item, Scene

CELL = SIDE / GRID


def draw_scene(scene: Scene) -> Image.Image:
    """The picture of a scene, RGB, `SIDE` x `SIDE` pixels."""
    canvas = surface(scene.setting, random.Random(f"surface/{scene.id}"))
    paints = random.Random(f"paint/{scene.id}")
    for item in scene.items:
        layer = _layer(item, paint(item.color, paints))
        canvas.paste(layer, _corner(item, layer), layer)
    # A stream of its own: the light does not depend on what it falls on.
    return _light(canvas, random.Random(f"light/{scene.id}"))


def draw_parts(scene: Scene) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """What each pixel of a scene's picture shows.

    Returns:
        Index of the item in front, (`SIDE`, `SIDE`), -1 for none; and there `sketch.BODY` where
        all of the pixel is in the item's own colour, about `sketch.ACCENT` on its stripes or dots,
        and 0 elsewhere.
    """
    owner = Image.new("L", (SIDE, SIDE), 255)
    part = Image.new("L", (SIDE, SIDE))
    for number, item in enumerate(scene.items):
        layer = _layer(item, (255, 255, 255), bare=True)
        shape = layer.getchannel("A").point(lambda alpha: 255 if alpha >= 128 else 0)
        corner = _corner(item, layer)
        owner.paste(number, (*corner, corner[0] + layer.width, corner[1] + layer.height), shape)
        red, alpha = layer.getchannel("R"), np.asarray(layer.getchannel("A"))
        # A pixel at the rim has some of the table's colour.
        full = Image.fromarray(np.where(alpha == 255, np.asarray(red), 0).astype(np.uint8))
        part.paste(full, corner, shape)
    found = np.asarray(owner).astype(np.int64)
    return np.where(found == 255, -1, found), np.asarray(part)


def item_box(item: Item) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of an item in its scene, in pixels, cut at the picture's edge."""
    pixels = item.scale * CELL
    left, top, right, bottom = _extent(item.name, item.angle, item.mirrored)
    x, y = item.x * SIDE, item.y * SIDE
    edges = (x + left * pixels, y + top * pixels, x + right * pixels, y + bottom * pixels)
    a, b, c, d = (round(min(max(edge, 0), SIDE), 1) for edge in edges)
    return a, b, c, d


@cache
def _extent(name: str, angle: float, mirrored: bool) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a class from its centre, as shares of its square's side."""
    drawn = _turned(sketch(name, 256, (255, 0, 0), "plain").picture, angle, mirrored)
    box = drawn.getchannel("A").point(lambda alpha: 255 if alpha >= 64 else 0).getbbox()
    assert box is not None, name  # noqa: S101 - every class draws something
    middle = (drawn.width / 2, drawn.height / 2) * 2
    left, top, right, bottom = ((edge - at) / 256 for edge, at in zip(box, middle, strict=True))
    return left, top, right, bottom


def _layer(item: Item, color: RGB, bare: bool = False) -> Image.Image:
    # Drawn twice as large and halved: smooth edges at little cost.
    drawn = sketch(item.name, 2 * round(item.scale * CELL), color, item.pattern, bare)
    return _turned(drawn.picture, item.angle, item.mirrored).reduce(2)


def _turned(picture: Image.Image, angle: float, mirrored: bool) -> Image.Image:
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.rotate(angle, Image.Resampling.BICUBIC, expand=True) if angle else picture


def _corner(item: Item, layer: Image.Image) -> tuple[int, int]:
    return round(item.x * SIDE - layer.width / 2), round(item.y * SIDE - layer.height / 2)


def _light(canvas: Image.Image, rng: random.Random) -> Image.Image:
    """Uneven light over the scene and the grain of a small sensor, the same in all channels."""
    pixels = np.asarray(canvas, dtype=np.float32)
    ramp = np.linspace(-1, 1, SIDE, dtype=np.float32)
    light = rng.uniform(0.92, 1.03) + rng.uniform(-0.06, 0.06) * ramp[:, None]
    light = light + rng.uniform(-0.06, 0.06) * ramp[None, :]
    grain = np.random.default_rng(rng.getrandbits(64)).standard_normal(
        (SIDE // 2, SIDE // 2), dtype=np.float32
    )
    grain = np.repeat(np.repeat(grain * rng.uniform(2, 6), 2, 0), 2, 1)
    lit = pixels * light[..., None] + grain[..., None]
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))
