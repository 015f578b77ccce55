"""What a person would say of the drawn pixels of 500 scenes, held against the truth."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pytest

from halluc.tabletop.colors import PROTOTYPES, name_of, to_lab, to_rgb
from halluc.tabletop.drawing import draw_parts, draw_scene
from halluc.tabletop.sketch import ACCENT, BODY
from halluc.tabletop.world import COLORS, SIZES, Item, Scene, scene

SCENES = 500


@dataclass
class Seen:
    """An object as it is drawn: its visible pixels, and those of them in its own colour."""

    item: Item
    visible: int
    body: np.ndarray
    lightness: np.ndarray
    inner: np.ndarray


@pytest.fixture(scope="module")
def seen():
    found = []
    for index in range(SCENES):
        drawn = scene(("broken", "biased")[index % 2], index)
        pixels = np.asarray(draw_scene(drawn))
        owner, part = draw_parts(drawn)
        for number, item in enumerate(drawn.items):
            mine = owner == number
            rows, columns = (np.nonzero(mine.any(axis))[0] for axis in (1, 0))
            box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            cut, mine, kind = pixels[box], mine[box], part[box]
            painted = mine & (kind > ACCENT // 2)
            inner = np.zeros_like(painted)
            inner[1:-1, 1:-1] = np.lib.stride_tricks.sliding_window_view(painted, (3, 3)).all(
                (2, 3)
            )
            found.append(
                Seen(item, mine.sum(), cut[mine & (kind == BODY)], to_lab(cut)[..., 0], inner)
            )
    return found


def test_lab_goes_there_and_back():
    assert set(PROTOTYPES) == set(COLORS)
    for color, prototype in PROTOTYPES.items():
        rgb = to_rgb(prototype)
        assert to_lab(rgb) == pytest.approx(prototype, abs=2)
        assert name_of(rgb[None]) == color
    # After CIE 15: the white point and the primary red of sRGB.
    assert to_lab((255, 255, 255)) == pytest.approx((100, 0, 0), abs=0.1)
    assert to_lab((255, 0, 0)) == pytest.approx((53.2, 80.1, 67.2), abs=0.1)


def test_the_colour_one_sees_is_the_one_that_the_truth_names(seen):
    large = [each for each in seen if each.visible >= 40]
    right = [name_of(each.body) == each.item.color for each in large]
    assert len(large) > 2000
    assert np.mean(right) >= 0.998


def test_white_and_black_have_no_hue(seen):
    for each in seen:
        if each.item.color in ("white", "black"):
            _, a, b = to_lab(each.body).mean(0)
            assert np.hypot(a, b) <= 6


def test_patterns_are_what_their_names_say(seen):
    judged = [each for each in seen if each.inner.sum() >= 60]
    assert len(judged) > 0.99 * len(seen)
    for each in judged:
        pattern, inner = each.item.pattern, each.inner
        vary = np.std(each.lightness[inner])
        assert (vary > 8) == (pattern != "plain")
        if pattern != "plain":
            # Stripes change along one direction only, dots along all (coherence of the structure
            # tensor, Bigun and Granlund, 1987).
            down, right = (side[inner] for side in np.gradient(each.lightness))
            one, other, both = (down**2).sum(), (right**2).sum(), (down * right).sum()
            coherence = np.hypot(one - other, 2 * both) / (one + other)
            assert (coherence > 0.6) == (pattern == "striped")


def test_sizes_are_what_their_names_say(seen):
    areas = defaultdict(list)
    for each in seen:
        alone = Scene("alone", "floor", (replace(each.item, x=0.5, y=0.5),))
        whole = (draw_parts(alone)[0] == 0).sum()
        # Nothing is left out of the truth because it cannot be seen.
        assert each.visible / whole >= 0.4
        areas[each.item.name, each.item.size].append(whole)
    small, medium, large = SIZES
    for name in {name for name, _ in areas}:
        assert max(areas[name, small]) < min(areas[name, medium])
        assert max(areas[name, medium]) < min(areas[name, large])
