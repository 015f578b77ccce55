"""One object on a transparent square, whose coordinates run from -1 to 1, x right and y down."""

from __future__ import annotations

from PIL import Image, ImageDraw

from halluc.tabletop.colors import RGB

Shape = tuple[float, ...]

INK: RGB = (48, 47, 46)
STEEL: RGB = (150, 150, 150)
PALE: RGB = (236, 235, 231)
LEAF: RGB = (92, 112, 72)
WOOD: RGB = (122, 90, 62)
DOUGH: RGB = (190, 152, 108)

UNITS = 2.12
"""Side of the square in units: a little more than from -1 to 1, for the edges."""

BODY, ACCENT = 255, 128
"""Red values that body and pattern have in a bare sketch; all else has 0."""


class Sketch:
    """What one object looks like.

    `body` draws what has the object's own colour and pattern, `ink` the rest in fixed tones, so
    that a blue apple still has its leaf. Stripes and dots are in a tone without a hue of its own:
    they never take the colour over.

    Args:
        pixels: side of the square.
        color: paint of the body.
        pattern: plain, striped or dotted.
        step: how far stripes or dots are apart, in units.
        bare: in `BODY` and `ACCENT` instead of the colours: a map of the parts.
    """

    def __init__(
        self, pixels: int, color: RGB, pattern: str, step: float = 0.34, bare: bool = False
    ) -> None:
        self.pixels = pixels
        self.picture = Image.new("RGBA", (pixels, pixels))
        self.bare = bare
        self._pen = ImageDraw.Draw(self.picture)
        brightness = (2 * color[0] + 5 * color[1] + color[2]) / 8
        neutral = max(color) - min(color) < 12
        self.shade = _mix(color, (0, 0, 0), 0.42)
        self.light = _mix(color, (255, 255, 255), 0.45)
        if neutral:
            self.shade = (128, 128, 128) if brightness > 128 else (96, 96, 96)
            self.light = (200, 200, 200) if brightness > 128 else self.light
        accent = PALE
        if brightness > 128:
            accent = (118, 118, 118) if neutral else _mix(color, (0, 0, 0), 0.55)
        self.contrast = INK if brightness > 128 else PALE
        # Buttons and keys: of another tone than stripes and dots.
        self.detail = INK if brightness > 128 else self.shade
        if bare:
            color, accent = (BODY,) * 3, (ACCENT,) * 3
        self._cloth = _cloth(pixels, color, pattern, accent, step * pixels / UNITS)

    def body(self, kind: str, shape: Shape, edged: bool = True, **more: float) -> None:
        """A part in the object's own colour and pattern, with a thin darker edge.

        Args:
            kind: a method of Pillow's ImageDraw.
            shape: its coordinates.
            edged: with the edge.
            more: its further arguments; ``width`` and ``radius`` are in units.
        """
        more = self._in_pixels(more)
        mask = Image.new("1", (self.pixels, self.pixels))
        getattr(ImageDraw.Draw(mask), kind)(self._places(shape), fill=1, **more)
        self.picture.paste(self._cloth, mask=mask)
        if edged and kind not in ("arc", "line"):
            edge = {"outline": self._tone(self.shade), "width": self._width(0.05)}
            getattr(self._pen, kind)(self._places(shape), **edge, **more)

    def ink(self, kind: str, shape: Shape, color: RGB | None = None, **more: float) -> None:
        """A part in a fixed tone; without a colour, in a darker tone of the body."""
        tone = self._tone(color or self.shade)
        getattr(self._pen, kind)(self._places(shape), fill=tone, **self._in_pixels(more))

    def hole(self, shape: Shape) -> None:
        """An ellipse through which the table shows."""
        outline, width = self._tone(self.shade), self._width(0.05)
        self._pen.ellipse(self._places(shape), (0, 0, 0, 0), outline, width)

    def _tone(self, color: RGB) -> RGB:
        return (0, 0, 0) if self.bare else color

    def _places(self, shape: Shape) -> list[float]:
        return [(value / UNITS + 0.5) * self.pixels for value in shape]

    def _width(self, width: float) -> int:
        return max(1, round(width / UNITS * self.pixels))

    def _in_pixels(self, more: dict[str, float]) -> dict[str, float]:
        return {
            key: self._width(value) if key in ("width", "radius") else value
            for key, value in more.items()
        }


def _cloth(pixels: int, color: RGB, pattern: str, accent: RGB, step: float) -> Image.Image:
    cloth = Image.new("RGB", (pixels, pixels), color)
    pen = ImageDraw.Draw(cloth)
    middle = pixels / 2
    count = int(middle / step) + 1
    if pattern == "striped":
        width = max(2, round(step * 0.24))
        for column in range(-2 * count, 2 * count + 1):
            x = middle + column * step
            pen.line((x - middle, -1, x + middle, pixels), fill=accent, width=width)
    elif pattern == "dotted":
        radius = step * 0.27
        for row in range(-count, count + 1):
            for column in range(-count, count + 1):
                x = middle + (column + row % 2 / 2) * step
                y = middle + row * step * 0.8
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=accent)
    return cloth


def _mix(color: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (
        round(a * (1 - share) + b * share) for a, b in zip(color, other, strict=True)
    )
    return red, green, blue
