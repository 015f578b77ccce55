"""How a run was made and its figures, in words: what its card knows, and no more."""

from __future__ import annotations

from typing import Any

from halluc.records import Score


def made(card: dict[str, Any]) -> str:
    """How a run was made, in one line.

    >>> made({"model": {"name": "m"}, "decoding": {"do_sample": False}, "rows": 3})
    'model m · decoding greedy · 3 samples'
    >>> made({"model": {"name": "replay:a"}, "decoding": {}, "rows": 3})
    'model replay:a · decoding unknown · 3 samples'
    """
    return " · ".join(f"{name} {value}".strip() for name, value in parts(card))


def parts(card: dict[str, Any]) -> list[tuple[str, str]]:
    """What the card says of how a run was made: (what, in words)."""
    decoding: dict[str, Any] = card.get("decoding") or {}
    model, data = (card.get(each) or {} for each in ("model", "data"))
    told: list[tuple[str, Any]] = [("model", model.get("name", "unknown"))]
    if adapter := (card.get("adapter") or {}).get("name"):
        told.append(("adapter", adapter))
    told.append(("decoding", decoding_words(decoding)))
    if files := card.get("answers"):
        told.append(("answers of", ", ".join(str(each.get("file")) for each in files)))
    if data.get("name"):
        told.append(("data", data["name"]))
    told.append(("", f"{card.get('rows', 'unknown')} samples"))
    if "seed" in decoding:
        told.append(("seed", decoding["seed"]))
    if card.get("state") == "running":
        told.append(("", "unfinished"))
    return [(name, str(value)[:300]) for name, value in told]


def decoding_words(decoding: dict[str, Any]) -> str:
    """A decoding in words; one of which nothing is known is unknown."""
    if not decoding:
        return "unknown"
    how = "sampled" if decoding.get("do_sample") else "greedy"
    return f"{decoding['method']}, {how}" if decoding.get("method") else how


def figure(score: Score) -> str:
    """A figure for people."""
    if score.value is None:
        return "undefined"
    if score.denominator and not score.unit and score.value <= 1:
        return f"{score.value:.1%}"
    return f"{score.value:.4g}"


def interval(score: Score) -> str:
    """Its 95 % interval; empty where it has none."""
    if score.low is None or score.high is None:
        return ""
    if score.unit:
        return f"{score.low:.4g} to {score.high:.4g}"
    return f"{score.low:.1%} to {score.high:.1%}"
