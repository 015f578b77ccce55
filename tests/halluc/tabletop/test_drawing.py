from dataclasses import replace

import numpy as np
import pytest

from halluc.tabletop.drawing import draw_parts, draw_scene, item_box
from halluc.tabletop.shapes import DRAW, sketch
from halluc.tabletop.sketch import ACCENT, BODY
from halluc.tabletop.world import (
    CLASSES,
    LEAN,
    POSES,
    SETTINGS,
    SIDE,
    Item,
    Scene,
    scene,
)


def _item(name, **changes):
    plain = Item(
        name=name,
        color="red",
        pattern="plain",
        size="large",
        x=0.5,
        y=0.5,
        scale=1.2,
        pose=POSES.get(name, ("",))[0],
        angle=0.0,
        mirrored=False,
    )
    return replace(plain, **changes)


def test_every_class_can_be_drawn():
    assert set(DRAW) == set(CLASSES)


def test_a_picture_is_the_same_every_time():
    one, again = draw_scene(scene("broken", 5)), draw_scene(scene("broken", 5))
    assert one.size == (SIDE, SIDE)
    assert one.mode == "RGB"
    assert one.tobytes() == again.tobytes()


def test_settings_are_told_apart_and_have_no_colour_of_an_object():
    means = {}
    for setting in SETTINGS:
        pixels = np.asarray(draw_scene(Scene("empty", setting, ())), dtype=float)
        means[setting] = pixels.mean((0, 1)), pixels.std()
        assert np.ptp(means[setting][0]) < 75
    brown, _ = means.pop("floor")
    assert brown[0] - brown[2] > 40
    assert all(grey[0] - grey[2] < 15 for grey, _ in means.values())
    assert means["tablecloth"][1] > means["counter"][1]


@pytest.mark.parametrize("name", CLASSES)
def test_classes_look_different_from_one_another(name):
    def look(each):
        return np.asarray(sketch(each, 64, (200, 30, 40), "plain").picture, dtype=float)

    assert all(np.abs(look(name) - look(other)).mean() > 5 for other in CLASSES if other != name)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("angle", [0.0, 90.0, 180.0, 270.0, LEAN, -LEAN])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_box_holds_what_is_drawn_and_no_more(name, angle, mirrored):
    item = _item(name, angle=angle, mirrored=mirrored)
    owner, part = draw_parts(Scene("one", "floor", (item,)))
    rows, columns = np.nonzero(owner == 0)
    drawn = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert item_box(item) == pytest.approx(drawn, abs=2)
    assert (part[owner == 0] == BODY).mean() > 0.15


def test_parts_are_those_of_the_picture():
    behind, before = _item("book"), _item("donut", pattern="dotted", x=0.6, color="green")
    with_both = Scene("two", "counter", (behind, before))
    owner, part = draw_parts(with_both)
    assert set(np.unique(owner)) == {-1, 0, 1}
    pixels = np.asarray(draw_scene(with_both), dtype=int)
    empty = np.asarray(draw_scene(Scene("two", "counter", ())), dtype=int)
    changed = (pixels != empty).any(2)
    assert (changed[owner >= 0]).mean() > 0.98
    assert (changed[owner < 0]).mean() < 0.05
    red, green = (pixels[(owner == number) & (part == BODY)].mean(0) for number in (0, 1))
    assert red.argmax() == 0
    assert green.argmax() == 1
    assert np.ptp(pixels[(owner == 1) & (part == ACCENT)].mean(0)) < 20


def test_boxes_are_cut_at_the_edge_of_the_picture():
    left, top, right, bottom = item_box(_item("donut", x=0.01, y=0.99))
    assert (left, bottom) == (0, SIDE)
    assert 0 < right < SIDE / 4
    assert SIDE * 3 / 4 < top < SIDE
