"""Rewards of a user's own."""

from __future__ import annotations


def vowels(text: str, truth: object) -> float:
    """Different captions have different ones."""
    return sum(text.count(each) for each in "aeiou") / 10


def none(text: str, truth: object) -> float | None:
    return None if "a" in text else 1.0


def endless(text: str, truth: object) -> float:
    return float("inf")


def fails(text: str, truth: object) -> float:
    raise ZeroDivisionError("by nothing")
