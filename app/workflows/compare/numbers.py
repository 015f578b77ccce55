"""How figures, differences and p-values are written."""

from __future__ import annotations

from collections.abc import Sequence


def scaled(unit: str, value: float, digits: int, *, sign: bool = False) -> str:
    """A figure or a difference in its unit, shares in percent, with a real minus."""
    text = f"{value * (1 if unit else 100):{'+' if sign else ''}.{digits}f}"
    return text.replace("-", "−")


def p_value(p: float | None, *, words: bool = False) -> str:
    """A p-value to four digits."""
    if p is None:
        return "–"
    if p < 0.0001:
        return "< .0001" if words else "<.0001"
    text = f"{p:.4f}".removeprefix("0")
    return f"= {text}" if words else text


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names for a sentence, the first ones of many.

    >>> listed(["a", "b", "c"], most=2), listed(["a", "b"], most=2)
    ('a, b and 1 more', 'a, b')
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
