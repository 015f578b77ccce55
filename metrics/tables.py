"""Figures as tables show them: shares ×100 with two digits, intervals with one."""

from __future__ import annotations

from halluc.records import Score


def figure(score: Score | None, scale: float = 100, digits: int = 2) -> str:
    """A figure; empty where there is none."""
    if score is None:
        return ""
    return "undefined" if score.value is None else f"{score.value * scale:.{digits}f}"


def count(score: Score | None) -> str:
    """A number of things."""
    return "" if score is None or score.value is None else f"{score.value:,.0f}"


def interval(score: Score, scale: float = 100, digits: int = 1) -> str:
    """A figure's 95 % interval; empty where it has none."""
    if score.low is None or score.high is None:
        return ""
    return f"{score.low * scale:.{digits}f} to {score.high * scale:.{digits}f}"


def margin(score: Score, scale: float = 100, digits: int = 1) -> str:
    """Half the width of a figure's 95 % interval; empty where it has none."""
    if score.low is None or score.high is None:
        return ""
    return f"±{(score.high - score.low) / 2 * scale:.{digits}f}"
