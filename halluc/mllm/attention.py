"""Attention to a prefix that rows of a batch share, without repeating it in memory.

Repeating the keys and values of a picture for each question on it costs more than computing them
(18 questions on LLaVA-7B's 600 tokens: 5 GB), so a `SharedLayer` of the cache keeps them once and
only what comes after for each row. `attend` computes the queries of all rows against their prefix
in one product, joins the scores with those of the row's own keys, and is ordinary attention else.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.cache_utils import DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "shared_prefix"
"""What transformers knows `attend` by."""


class SharedLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values of one layer: each row's own, behind a prefix that it shares.

    Args:
        prefix: the layer of the prefixes, (prefixes, heads, length, size of a head).
        index: the prefix of each row.
    """

    def __init__(self, prefix: DynamicLayer, index: torch.Tensor) -> None:
        super().__init__()
        self.prefix, self.index = prefix, index

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Each row's own keys and values; the keys lead `attend` to the prefix."""
        keys, values = super().update(key_states, value_states)
        keys.behind = self
        return keys, values

    def get_seq_length(self) -> int:
        """Tokens of the prefix and behind it."""
        return int(self.prefix.get_seq_length() + super().get_seq_length())

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows."""
        super().batch_select_indices(indices)
        self.index = self.index[indices]


def attend(  # noqa: PLR0917 (as transformers calls it)
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """An attention function of transformers; (rows, heads, tokens, size) as these are."""
    layer: SharedLayer | None = getattr(key, "behind", None)
    if layer is None:
        told: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **others
        )
        return told
    rows, heads, tokens, size = query.shape
    shared_keys, shared_values = layer.prefix.keys, layer.prefix.values
    length = shared_keys.shape[2]
    # Query heads of the same key head stand behind one another, like more tokens.
    asked = (query * (size**-0.5 if scaling is None else scaling)).reshape(
        rows, key.shape[1], -1, size
    )
    groups = [
        (place, (layer.index == place).nonzero()[:, 0]) for place in torch.unique(layer.index)
    ]
    scores = asked.new_empty(*asked.shape[:3], length + key.shape[2])
    scores[..., length:] = asked @ key.transpose(2, 3)
    for place, own in groups:
        scores[own, ..., :length] = _split(
            _joined(asked[own]) @ shared_keys[place].transpose(1, 2), len(own)
        )
    scores = scores.view(rows, heads, tokens, -1)
    if attention_mask is None:
        attention_mask = scores.new_ones(tokens, scores.shape[-1], dtype=torch.bool)
        attention_mask = attention_mask.tril(scores.shape[-1] - tokens)
    if attention_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    else:
        scores = scores + attention_mask
    weights = scores.softmax(-1, dtype=torch.float32).to(query.dtype)
    weights = weights.view(rows, key.shape[1], -1, weights.shape[-1])
    output = weights[..., length:] @ value
    for place, own in groups:
        output[own] += _split(_joined(weights[own, ..., :length]) @ shared_values[place], len(own))
    return output.view(rows, heads, tokens, -1).transpose(1, 2).contiguous(), None


def _joined(rows: torch.Tensor) -> torch.Tensor:
    """(rows, heads, tokens, size) → (heads, tokens of all rows, size)."""
    return rows.transpose(0, 1).flatten(1, 2)


def _split(joined: torch.Tensor, rows: int) -> torch.Tensor:
    """(heads, tokens of all rows, size) → (rows, heads, tokens, size)."""
    return joined.reshape(len(joined), rows, -1, joined.shape[-1]).transpose(0, 1)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
