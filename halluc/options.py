"""Options as the annotated fields of a msgspec Struct: of metrics, decodings and revisers alike.

A field such as ``beta: Annotated[float, Meta(ge=0, le=1, description="…")] = 0.1`` states an option
once: its type, its range, its default, its meaning. The command line and the tables in docs are
made from it, and `check_options` holds values to it.
"""

from __future__ import annotations

import math
import types
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from halluc.errors import InputError


class Option(NamedTuple):
    """An option of a Struct.

    Attributes:
        name: of the field; one that is a keyword of Python has an underscore behind it.
        type: bool, int, float, str or `pathlib.Path`.
        default: the value where nobody gives one.
        help: what it means, in a sentence.
        low, high: least and greatest value; None: no bound.
        open_low: the least value itself is not allowed.
        choices: the values of a ``Literal``; empty: any of the type.
        metavar: what stands for the value in help; empty: the type's name.
    """

    name: str
    type: type
    default: Any
    help: str = ""
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    choices: tuple[str, ...] = ()
    metavar: str = ""

    @property
    def flag(self) -> str:
        """As the command line calls it.

        >>> Option("lambda_", float, 0.02).flag
        '--lambda'
        """
        return "--" + self.name.strip("_").replace("_", "-")

    @property
    def range(self) -> str:
        """Its range in words; empty where every value of the type is allowed."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        low, high = (None if each is None else f"{each:g}" for each in (self.low, self.high))
        if low and high:
            return f"{'above ' if self.open_low else ''}{low} to {high}"
        if low:
            return f"{'above' if self.open_low else 'at least'} {low}"
        return f"at most {high}" if high else "a finite number" if self.type is float else ""

    def check(self, value: Any) -> None:
        """Refuse a value that is out of range.

        Raises:
            InputError: names the option, its range and the value.
        """
        if value is None:
            return
        if self.choices:
            fits = value in self.choices
        elif isinstance(value, int | float) and not isinstance(value, bool):
            low = self.low is None or value > self.low or (value == self.low and not self.open_low)
            fits = low and (self.high is None or value <= self.high) and math.isfinite(value)
        else:
            fits = True
        if not fits:
            raise InputError(f"{self.name.strip('_')} must be {self.range}, not {value}")


def options_of(
    struct: type[msgspec.Struct], without: type[msgspec.Struct] | None = None
) -> list[Option]:
    """The options of a Struct, in the order of its fields.

    A field whose ``Meta`` has ``extra={"found": True}`` is none: it is filled in by the program.

    Args:
        struct: whose fields are annotated.
        without: leave out the fields that this one has, too, such as those of a base class.
    """
    hints = get_type_hints(struct, include_extras=True)
    left_out = set(without.__struct_fields__) if without else set()
    fields = [each for each in msgspec.structs.fields(struct) if each.name not in left_out]
    return [_option(each, hints[each.name]) for each in fields if not _found(hints[each.name])]


def check_options(made: msgspec.Struct) -> None:
    """Refuse values of a Struct that are out of their ranges.

    Raises:
        InputError: names the first one.
    """
    for option in options_of(type(made)):
        option.check(getattr(made, option.name))


def _found(hint: Any) -> bool:
    """Whether a field is filled in by the program."""
    metas = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return any((getattr(each, "extra", None) or {}).get("found") for each in metas)


def _option(field: Any, hint: Any) -> Option:
    metas = []
    while get_origin(hint) is Annotated:
        hint, *more = get_args(hint)
        metas += [each for each in more if isinstance(each, msgspec.Meta)]
    if get_origin(hint) in (Union, types.UnionType):  # "or nothing"
        nothing = (type(None), msgspec.UnsetType)
        (hint,) = (each for each in get_args(hint) if each not in nothing)
        while get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            metas += [each for each in more if isinstance(each, msgspec.Meta)]
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    kind = str if choices else hint
    if kind not in (bool, int, float, str, Path):
        raise TypeError(f"{field.name}: an option cannot be of the type {hint}")
    told: dict[str, Any] = {}
    for meta in metas:
        bounds = {name: getattr(meta, name) for name in ("ge", "gt", "le")}
        told |= {name: value for name, value in bounds.items() if value is not None}
        told |= {"help": meta.description} if meta.description else {}
        told |= meta.extra or {}
    return Option(
        name=field.name,
        type=kind,
        default=None if field.default in (msgspec.NODEFAULT, msgspec.UNSET) else field.default,
        help=told.get("help", ""),
        low=told.get("ge", told.get("gt")),
        high=told.get("le"),
        open_low="gt" in told,
        choices=choices,
        metavar=told.get("metavar", ""),
    )
