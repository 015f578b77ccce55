"""What can be written down as text."""

from __future__ import annotations


def is_text(value: str) -> bool:
    r"""Whether a text can be written as UTF-8: it has no lone surrogates.

    >>> is_text("café"), is_text("caf\udce9")
    (True, False)
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
