"""The ground truth of a scene: its objects with boxes and attributes, and all relations."""

from __future__ import annotations

from halluc.records import Box, TrueObject, TrueRelation, Truth
from halluc.tabletop.drawing import item_box
from halluc.tabletop.world import Scene, relations


def truth_of(scene: Scene) -> Truth:
    """All objects of the scene; what it leaves out is absent. Boxes are in pixels.

    The setting is what the objects are on, not an object.
    """
    objects = []
    for item in scene.items:
        left, top, right, bottom = item_box(item)
        box = Box(left, top, right - left, bottom - top)
        objects.append(TrueObject(name=item.name, box=box, attributes=item.attributes))
    pairs = [
        TrueRelation(subject=i, predicate=predicate, object=j)
        for i, one in enumerate(scene.items)
        for j, other in enumerate(scene.items)
        if i != j
        for predicate in relations(one, other)
    ]
    return Truth(objects=tuple(objects), relations=tuple(pairs), complete=True)
