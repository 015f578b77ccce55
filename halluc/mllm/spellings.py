"""How a tokenizer may spell a short answer such as "yes" at the beginning of a reply."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from halluc.errors import ModelError


def spellings(tokenizer: Any, answers: Sequence[str]) -> dict[str, list[list[int]]]:
    """Token sequences that say each answer.

    Counted are the answer as given, in lower case and with a capital, each with and without a
    space before it; of these, the ones of fewest tokens. An answer that the vocabulary cannot
    spell has none.

    Args:
        tokenizer: a transformers tokenizer.
        answers: short answers, such as ``("yes", "no")``.

    Raises:
        ModelError: two answers cannot be distinguished by their tokens.
    """
    found: dict[str, list[list[int]]] = {}
    for answer in answers:
        forms = dict.fromkeys((answer, answer.lower(), answer.capitalize()))
        sequences: list[list[int]] = []
        for form in (space + each for each in forms for space in ("", " ")):
            tokens = tokenizer(form, add_special_tokens=False)["input_ids"]
            said = tokenizer.decode(tokens, skip_special_tokens=True).strip()
            if said == form.strip() and tokens not in sequences:
                sequences.append(tokens)
        fewest = min(map(len, sequences), default=0)
        found[answer] = [each for each in sequences if len(each) == fewest]
    for (one, ours), (other, theirs) in permutations(found.items(), 2):
        if any(a == b[: len(a)] for a in ours for b in theirs):
            raise ModelError(f"the model's tokens cannot distinguish {one!r} from {other!r}")
    return found
