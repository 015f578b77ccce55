"""Metrics, decodings, plans and revisers by name, from entry points of installed packages.

halluc's own stand in its pyproject.toml in the same way, so a package of somebody else adds one by
an entry point of the same group. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from halluc.errors import HallucError, InputError

Group = Literal["metrics", "decodings", "plans", "revisers"]

GROUPS: dict[Group, str] = {
    "metrics": "metric",
    "decodings": "decoding",
    "plans": "plan",
    "revisers": "reviser",
}
"""The groups, whose entry points are ``halluc.metrics`` and so on, and the word for one of each."""


@cache
def plugins(group: Group) -> dict[str, EntryPoint]:
    """The entry points of a group by name, in alphabetical order.

    Raises:
        HallucError: two packages give the same name.
    """
    found: dict[str, EntryPoint] = {}
    for each in sorted(entry_points(group=f"halluc.{group}")):
        other = found.setdefault(each.name, each)
        if other.value != each.value:
            raise HallucError(
                f"two packages bring a {GROUPS[group]} named {each.name!r} ({_origin(other)} and "
                f"{_origin(each)}); uninstall one of them"
            )
    if not found:
        raise HallucError("halluc is not installed: its own metrics are not found; pip install it")
    return found


@cache
def load_plugin(group: Group, name: str) -> Any:
    """What the entry point of a name stands for.

    Raises:
        InputError: there is none of that name.
        HallucError: it cannot be imported.
    """
    known = plugins(group)
    if name not in known:
        raise InputError(f"there is no {GROUPS[group]} {name!r}; there are {', '.join(known)}")
    try:
        return known[name].load()
    except (ImportError, AttributeError) as error:
        raise HallucError(f"{GROUPS[group]} {name} ({_origin(known[name])}): {error}") from None


def origin(group: Group, name: str) -> str:
    """The package that brings a plugin, with its version."""
    return _origin(plugins(group)[name])


def _origin(each: EntryPoint) -> str:
    return f"{each.dist.name} {each.dist.version}" if each.dist else each.value
