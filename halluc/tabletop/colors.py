"""The colours of the embedded world in CIE Lab, where distances are as people see them.

A colour word stands for a prototype. Paints keep within a bound of theirs, so that after light and
grain they are still nearer to it than to any other's; white and black vary in lightness only.
Conversion after IEC 61966-2-1 (sRGB) and CIE 15 (Lab, 1976, D65).
"""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import ArrayLike, NDArray

RGB = tuple[int, int, int]

PROTOTYPES: dict[str, tuple[float, float, float]] = {
    "red": (43, 65, 44), "yellow": (83, 2, 80), "green": (50, -46, 36), "blue": (43, 22, -66),
    "purple": (33, 54, -45), "pink": (68, 56, -9), "white": (96, 0, 0), "black": (15, 0, 0),
}  # fmt: skip
"""Colour word to lightness, a (green to red) and b (blue to yellow)."""

LIGHTNESS_SPREAD = 4.0
"""How far a paint's lightness may be from its prototype's."""

HUE_SPREAD = 6.0
"""How far a paint's a and b may each be from its prototype's, unless that has none."""

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = _TO_XYZ.sum(1)
_KNEE = 6 / 29


def to_lab(rgb: ArrayLike) -> NDArray[np.float64]:
    """Lab of sRGB values from 0 to 255; the last axis is the channel."""
    share = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    root = np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / (3 * _KNEE**2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def to_rgb(lab: ArrayLike) -> NDArray[np.uint8]:
    """Lab as sRGB values from 0 to 255, cut where a screen has no such colour."""
    lightness, a, b = np.moveaxis(np.asarray(lab, dtype=np.float64), -1, 0)
    y = (lightness + 16) / 116
    root = np.stack([y + a / 500, y, y - b / 200], -1)
    xyz = np.where(root > _KNEE, root**3, 3 * _KNEE**2 * (root - 4 / 29)) * _WHITE
    linear = np.clip(xyz @ np.linalg.inv(_TO_XYZ).T, 0, 1)
    share = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgb: NDArray[np.uint8] = np.round(share * 255).astype(np.uint8)
    return rgb


def paint(color: str, rng: random.Random) -> RGB:
    """A tone of that colour word, at random within the bounds."""
    lightness, a, b = PROTOTYPES[color]
    lightness += rng.uniform(-LIGHTNESS_SPREAD, LIGHTNESS_SPREAD)
    if a or b:
        a += rng.uniform(-HUE_SPREAD, HUE_SPREAD)
        b += rng.uniform(-HUE_SPREAD, HUE_SPREAD)
    red, green, blue = to_rgb((min(lightness, 99.0), a, b)).tolist()
    return red, green, blue


def distances(rgb: ArrayLike) -> dict[str, float]:
    """Colour word to the distance of its prototype from the mean colour of some pixels.

    Lightness counts half: it changes with the light, the hue does not.

    Args:
        rgb: (pixels, 3), sRGB values from 0 to 255.
    """
    mean = to_lab(rgb).reshape(-1, 3).mean(0)
    weights = np.array([0.5, 1, 1])
    return {
        name: float(np.linalg.norm((mean - prototype) * weights))
        for name, prototype in PROTOTYPES.items()
    }


def name_of(rgb: ArrayLike) -> str:
    """The colour word whose prototype is nearest to the mean colour of (pixels, 3) pixels."""
    found = distances(rgb)
    return min(found, key=found.__getitem__)
