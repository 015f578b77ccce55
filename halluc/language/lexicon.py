"""Predicates of relations: which are the same fact told from the other side."""

from __future__ import annotations

_PAIRS = (("left of", "right of"), ("above", "below"), ("in front of", "behind"))

INVERSES: dict[str, str] = {one: other for pair in _PAIRS for one, other in (pair, reversed(pair))}
"""Predicate to the one that says the same with subject and object exchanged."""

SYMMETRIC = frozenset({"next to", "near"})
"""Predicates that say the same with subject and object exchanged."""
