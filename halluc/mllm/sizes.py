"""How much memory a model takes: its weights, and its cache by token."""

from __future__ import annotations

from typing import Any


def weight_bytes(model: Any) -> int:
    """Bytes of a loaded model's weights, shared ones once; a quantised one has fewer."""
    return sum(each.numel() * each.element_size() for each in model.parameters())


def cache_bytes(config: Any, itemsize: int) -> int | None:
    """Bytes of the key-value cache for each token of each row; None where it is unknown.

    Keys and values of every layer that attends to all tokens: 2 · layers · key/value heads ·
    size of a head · bytes of a number. Layers with a state or a window of their own do not grow.
    """
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or getattr(text, "num_attention_heads", None)
    width, layers = getattr(text, "hidden_size", None), getattr(text, "num_hidden_layers", None)
    asking = getattr(text, "num_attention_heads", None)
    if not all(isinstance(each, int) and each for each in (heads, width, layers, asking)):
        return None
    size = getattr(text, "head_dim", None) or width // asking  # type: ignore[operator]
    kinds = getattr(text, "layer_types", None)
    growing = sum(kind == "full_attention" for kind in kinds) if kinds else layers
    return int(2 * growing * heads * size * itemsize)  # type: ignore[operator]
