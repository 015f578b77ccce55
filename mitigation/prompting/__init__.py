"""Prompting: plans of several calls in place of one, for any model and without its weights.

One file a method, with its paper, its prompts and its controls. Each is a `Plan` whose fields are
its options, found by the entry point ``halluc.plans``.
"""

from __future__ import annotations

from typing import Any

from halluc.errors import InputError
from halluc.options import Option, options_of
from halluc.plugins import load_plugin
from mitigation.prompting.protocol import Plan


def plan_options(name: str) -> list[Option]:
    """The options of a plan, without the number that stands behind its name.

    Raises:
        InputError: there is no such plan.
    """
    kind = load_plugin("plans", name)
    return [each for each in options_of(kind) if each.name != kind.number]


def make_plan(named: str, own: dict[str, Any]) -> Plan:
    """The plan of a name.

    Args:
        named: its name, as `halluc list plans` shows it, and a number behind a colon where it takes
            one: "vote:8".
        own: values of its options; those left out are at their defaults.

    Raises:
        InputError: there is no such plan, or an option is not the plan's or out of its range.
    """
    name, colon, number = named.partition(":")
    kind = load_plugin("plans", name)
    own = dict(own)
    if colon:
        if not kind.number:
            raise InputError(f"--plan {name} takes no number, unlike {named!r}")
        if not number.isascii() or not number.isdecimal() or len(number) > 9:
            raise InputError(f"--plan {name} takes a whole number behind its colon, not {number!r}")
        own[kind.number] = int(number)
    known = [option.name for option in options_of(kind)]
    if strange := [each for each in own if each not in known]:
        flags = ", ".join(f"--{each.replace('_', '-')}" for each in strange)
        raise InputError(f"{flags} does not belong to --plan {name}")
    plan = kind(**own)
    assert isinstance(plan, Plan)  # noqa: S101
    return plan
