"""A truth as people write it by hand or export it, with the keys that other tools use.

"bbox" is read as "box", "colour" as "color", "posture" as "state", an object's "count" as so many
objects. A key that nobody knows is an error, and so are two keys for one thing, unless they are
attributes: an object has all the values of a family. So nothing that is true is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from halluc.errors import InputError
from halluc.records import Truth

_TRUTH = {"objects", "relations", "label", "complete", "exhaustive"}
_TRUTH_KEYS = {"relationships": "relations", "answer": "label"}
_OBJECT = {"name", "box", "attributes"}
_OBJECT_KEYS = {
    "bbox": "box", "bounding_box": "box", "class": "name", "category": "name", "object": "name",
    "attribute": "attributes",
}  # fmt: skip
_RELATION = {"subject", "predicate", "object"}
_RELATION_KEYS = {"relation": "predicate", "subject_id": "subject", "object_id": "object"}
_COUNTS = {"count", "number", "quantity"}
_IGNORED = {"id", "object_id", "image_id", "area", "score"}
FAMILY_NAMES = {
    "color": "color", "colour": "color", "colors": "color", "colours": "color",
    "size": "size", "material": "material", "pattern": "pattern", "texture": "pattern",
    "state": "state", "states": "state", "posture": "state", "pose": "state", "action": "state",
    "age": "state", "count": "count",
}  # fmt: skip
"""Key of an attribute, in lower case, to its family."""


def read_own_truth(written: Mapping[str, Any]) -> Truth:
    """The truth that a JSON object tells.

    Args:
        written: the object.

    Raises:
        InputError: a key is not known, or two stand for the same; names it with those that are.
        msgspec.ValidationError: a value is of another type.
    """
    told = _known(written, _TRUTH, _TRUTH_KEYS, "a truth")
    if isinstance(told.get("objects"), list):
        objects = [_object(each) for each in told["objects"]]
        # Further ones stand behind, since relations name objects by their place.
        more = [one for one, number in objects for _ in range(number - 1)]
        told["objects"] = [one for one, _ in objects] + more
    if isinstance(told.get("relations"), list):
        told["relations"] = [
            _known(each, _RELATION, _RELATION_KEYS, "a relation")
            if isinstance(each, dict)
            else each
            for each in told["relations"]
        ]
    return msgspec.convert(told, Truth)


def _object(written: Any) -> tuple[Any, int]:
    """An object, and how many there are of it."""
    if isinstance(written, str):
        return {"name": written}, 1
    if not isinstance(written, dict):
        return written, 1
    own = {key: each for key, each in written.items() if key.lower() not in FAMILY_NAMES}
    number = next((own.pop(key) for key in list(own) if key.lower() in _COUNTS), 1)
    told = _known(own, _OBJECT, _OBJECT_KEYS, "an object")
    beside = {key: each for key, each in written.items() if key.lower() in FAMILY_NAMES}
    inside = told.get("attributes") or {}
    if not isinstance(inside, dict):
        return told, 1
    attributes: dict[str, Any] = {}
    for key, value in (*beside.items(), *inside.items()):
        family = FAMILY_NAMES.get(key.lower(), key.lower())
        if family == "count":
            number = value
        elif family in attributes:
            values = _listed(attributes[family])
            values += [each for each in _listed(_lower(value)) if each not in values]
            attributes[family] = values[0] if len(values) == 1 else values
        else:
            attributes[family] = _lower(value)
    if attributes:
        told["attributes"] = attributes
    return told, _number(number)


def _number(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 5 and int(text)):
        raise InputError(f'"count" of an object is {value!r}; it must be a number from 1 to 9999')
    return int(text)


def _lower(value: Any) -> Any:
    """Values in lower case."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, list):
        return [each.lower() if isinstance(each, str) else each for each in value]
    return value


def _listed(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list) else [value]


def _known(
    written: Mapping[str, Any], keys: set[str], others: Mapping[str, str], what: str
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for key, value in written.items():
        name = others.get(key.lower(), key.lower())
        if name in keys:
            if told.setdefault(name, value) != value:
                what = f'"{key}" and another key of {what} tell different things of its {name}'
                raise InputError(f"{what}; keep one")
        elif name not in _IGNORED:
            known = ", ".join(sorted(keys))
            raise InputError(f'the key "{key}" of {what} is not known; known are {known}')
    return told
