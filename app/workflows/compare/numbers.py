"""How figures, differences and p-values are written."""

from __future__ import annotations


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
