from dataclasses import replace

import numpy as np
import pytest

from halluc.tabletop.drawing import DRAW, PAINT, Sketch, draw_scene, item_box
from halluc.tabletop.world import CLASSES, COLORS, PATTERNS, SIDE, Item, Scene, scene


def _item(name, **changes):
    plain = Item(
        name=name,
        color="red",
        pattern="plain",
        size="large",
        x=0.5,
        y=0.5,
        scale=1.2,
        turns=0,
        mirrored=False,
    )
    return replace(plain, **changes)


def test_every_class_and_colour_can_be_drawn():
    assert set(DRAW) == set(CLASSES)
    assert set(PAINT) == set(COLORS)


def test_a_picture_is_the_same_every_time():
    one, again = draw_scene(scene("broken", 5)), draw_scene(scene("broken", 5))
    assert one.size == (SIDE, SIDE)
    assert one.mode == "RGB"
    assert one.tobytes() == again.tobytes()


@pytest.mark.parametrize("name", CLASSES)
def test_classes_look_different_from_one_another(name):
    def look(each):
        sketch = Sketch(64, PAINT["red"], "plain")
        DRAW[each](sketch)
        return np.asarray(sketch.picture, dtype=float)

    assert all(np.abs(look(name) - look(other)).mean() > 5 for other in CLASSES if other != name)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_show_on_the_body(pattern):
    sketch = Sketch(64, PAINT["blue"], pattern)
    DRAW["donut"](sketch)
    body = np.asarray(sketch.picture)[:, :, :3].reshape(-1, 3)
    accent = (body == sketch.light).all(axis=1).mean()
    assert (accent > 0.08) == (pattern != "plain")


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_box_holds_what_is_drawn_and_no_more(name, turns, mirrored):
    item = _item(name, turns=turns, mirrored=mirrored)
    with_item = np.asarray(draw_scene(Scene("broken-00001", (item,))), dtype=int)
    without = np.asarray(draw_scene(Scene("broken-00001", ())), dtype=int)
    rows, columns = np.nonzero((with_item != without).any(axis=2))
    drawn = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert item_box(item) == pytest.approx(drawn, abs=2)


def test_boxes_are_cut_at_the_edge_of_the_picture():
    left, top, right, bottom = item_box(_item("donut", x=0.01, y=0.99))
    assert (left, bottom) == (0, SIDE)
    assert 0 < right < SIDE / 4
    assert SIDE * 3 / 4 < top < SIDE
