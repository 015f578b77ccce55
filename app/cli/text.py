"""What is printed is shown, never obeyed: names and answers may hold escape sequences."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from pathlib import Path

import click

# Controls (of C0 but tab and line feed, and of C1), turns of the direction of writing, other ends
# of lines, and halves of surrogates, as in file names that are no UTF-8.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_ESCAPED = "halluc.escaped"


def harmless(text: str) -> str:
    r"""A text with what a terminal would obey written as JSON and Python write it.

    >>> harmless("a\x1b[31mb\x9bm")
    'a\\u001b[31mb\\u009bm'
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def prepare_streams() -> None:
    """Have any text printed, whatever the encoding, and where stdout or stderr is closed.

    Letters that the encoding lacks are written as JSON writes them. Where the locale knows ASCII
    alone (LANG=C), UTF-8 is written, as click and Python do.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            ascii = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if ascii else None, errors=_ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


codecs.register_error(_ESCAPED, _escaped)


def say(what: str | bytes = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text or a JSON document, which stays the same document."""
    click.echo(harmless(what if isinstance(what, str) else what.decode()), err=err, nl=nl)
