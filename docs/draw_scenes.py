"""Draws scenes of the embedded world with their truths in words under them.

Without arguments the eight of docs/images/scenes.webp.
``python docs/draw_scenes.py sheet.png 0-23`` draws any others of the bias-broken split.
"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont

from halluc.tabletop.drawing import draw_scene
from halluc.tabletop.world import SIDE, Item, Scene, scene

SHOWN = (0, 5, 9, 12, 11, 17, 19, 21)
GAP, LINE = 12, 15


def main() -> None:
    """Draw those that are asked for."""
    if len(sys.argv) == 1:
        path = Path(__file__).parent / "images" / "scenes.webp"
        drawn = sheet([scene("broken", index) for index in SHOWN], 4)
        drawn.save(path, quality=60, method=6)
        return
    name, numbers = sys.argv[1:]
    first, last = map(int, numbers.split("-"))
    sheet([scene("broken", index) for index in range(first, last + 1)], 6).save(name)


def sheet(scenes: list[Scene], columns: int) -> Image.Image:
    """Scenes in a grid, each with what is in it, left to right."""
    font = ImageFont.load_default(12)
    texts = [words(scene) for scene in scenes]
    height = SIDE + GAP + LINE * max(map(len, texts))
    rows = -(-len(scenes) // columns)
    picture = Image.new("RGB", (GAP + columns * (SIDE + GAP), GAP + rows * height), "white")
    pen = ImageDraw.Draw(picture)
    for number, (each, lines) in enumerate(zip(scenes, texts, strict=True)):
        row, column = divmod(number, columns)
        left, top = GAP + column * (SIDE + GAP), GAP + row * height
        picture.paste(draw_scene(each), (left, top))
        for place, line in enumerate(lines):
            pen.text((left, top + SIDE + 2 + place * LINE), line, (60, 60, 60), font)
    return picture


def words(scene: Scene) -> list[str]:
    """The setting, and each object with its attributes, in lines."""
    lines = [f"{scene.id}, on a {scene.setting}:"]
    for item in sorted(scene.items, key=lambda item: item.x):
        lines += wrap(named(item), 38, initial_indent="- ", subsequent_indent="  ")
    return lines


def named(item: Item) -> str:
    """An object in words: "small plain blue bottle, leaning"."""
    name = f"{item.size} {item.pattern} {item.color} {item.name}"
    return f"{name}, {item.pose}" if item.pose else name


if __name__ == "__main__":
    main()
