"""`--config FILE`: options of a command from a TOML file, and the resolved ones back as one."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import click

from halluc.datasets.files import read_bytes
from halluc.errors import InputError

_ASIDE = frozenset({"config", "dry-run", "help"})
"""What is no setting of a training: not in the file that is kept."""


def read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Let the options of a file be the defaults of a command; the command line goes before them.

    Raises:
        InputError: the file is no TOML, or has an option that the command does not have, or a value
            that it does not take; names the line.
    """
    if path is None:
        return
    try:
        text = read_bytes(path).decode()
        given = tomllib.loads(text)
    except UnicodeDecodeError:
        raise InputError("no TOML: it is not UTF-8", path) from None
    except RecursionError:
        raise InputError("no TOML: nested too deep", path) from None
    except ValueError as error:  # also a number of more digits than Python reads
        place = re.search(r" \(at (?:line (\d+), .*|end of document)\)", str(error))
        what = str(error).removesuffix(place[0] if place else "")
        end = text.count("\n") + 1 if place else None
        line = int(place[1]) if place and place[1] else end
        raise InputError(f"no TOML: {what}", path, line) from None
    known = _named(context.command)
    values: dict[str, Any] = {}
    for key, value in given.items():
        at = _line_of(key, text)
        option = known.get(key.replace("_", "-"))
        if option is None or key == "config":
            close = difflib.get_close_matches(key.replace("_", "-"), known, 1)
            hint = f"did you mean {close[0]!r}" if close else f"see {context.command_path} --help"
            raise InputError(f"there is no option {key!r}; {hint}", path, at)
        if option.name in values:
            raise InputError(f"{key!r} is there a second time", path, at)
        try:
            made = _as_given(option, value)
            option.type_cast_value(context, made)
        except (click.BadParameter, ValueError) as error:
            told = error.message if isinstance(error, click.BadParameter) else str(error)
            raise InputError(f"{key}: {told.removesuffix('.')}", path, at) from None
        values[str(option.name)] = made
    context.default_map = values


def resolved(context: click.Context) -> str:
    """All options of a command that is running, as TOML for `read_config`."""
    lines = [f"# {context.command_path} --config with this file repeats it"]
    for name, option in _named(context.command).items():
        value = context.params.get(str(option.name))
        if name not in _ASIDE and value is not None and value != ():
            lines.append(f"{name} = {_as_toml(value)}")
    return "\n".join(lines) + "\n"


def _named(command: click.Command) -> dict[str, click.Parameter]:
    """The options and arguments of a command, by their names without dashes."""
    return {max(each.opts, key=len).removeprefix("--"): each for each in command.params}


def _as_given(option: click.Parameter, value: Any) -> Any:
    """A value as the command line would give it.

    Raises:
        ValueError: it is of a type that the option does not take.
    """
    if isinstance(option, click.Option) and option.is_flag:
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {value!r}")
        return value
    several = value if isinstance(value, list) else [value]
    if strange := [each for each in several if type(each) not in (str, int, float)]:
        raise ValueError(f"must be a text or a number, not {strange[0]!r}")
    texts = [str(each) for each in several]
    if option.multiple or option.nargs != 1:
        return texts
    return ",".join(texts)


def _as_toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _line_of(key: str, text: str) -> int | None:
    """The line of a key, as far as it stands at the start of one."""
    found = re.search(rf"^[ \t\[]*[\"']?{re.escape(key)}[\"']?[ \t]*[=.\]]", text, re.M)
    return text.count("\n", 0, found.start()) + 1 if found else None
