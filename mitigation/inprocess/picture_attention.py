"""More attention to the picture: attention scores of the last query are changed before the softmax.

Attention of all other queries is torch's own, and computed as fast; the last one's is computed a
second time, literally, and replaced. While an answer grows each token is the last query once, so
that every token that is said is changed, and the prompt's last one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from halluc.errors import ModelError
from halluc.mllm import LocalMLLM
from halluc.mllm.attention import NAME as SHARED
from halluc.mllm.pictures import image_token
from mitigation.inprocess.layers import depth, layers_of

NAME = "picture_attention"
"""What transformers knows `attend` by."""

Columns = Literal["picture", "text", "random"]

Change = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""From scores (rows, heads, keys), the boosted keys and those before the picture, both (rows, 1,
keys) and bool, to scores."""


@dataclass
class _Changed:
    """What is changed in one layer.

    Attributes:
        change: how.
        boosted, system: the prompt's columns, (rows, tokens of the prompt).
        passed: tokens of a row so far, padding included.
    """

    change: Change
    boosted: torch.Tensor
    system: torch.Tensor
    passed: int = 0

    def columns(self, rows: int, keys: int) -> Iterator[torch.Tensor]:
        """Columns among all keys, (rows, 1, keys).

        Beams stand behind one another.
        """
        for each in (self.boosted, self.system):
            every = each.repeat_interleave(rows // len(each), 0)
            every = torch.nn.functional.pad(every, (0, self.passed - every.shape[1]))
            yield every[:, None, self.passed - keys :]


def attend(  # noqa: PLR0917 (as transformers calls it)
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """An attention function of transformers: torch's own, and the last query changed."""
    output, _ = sdpa_attention_forward(
        module, query, key, value, attention_mask, scaling=scaling, **others
    )
    changed: _Changed | None = getattr(module, NAME, None)
    if changed is None:
        return output, None
    rows, heads, _, size = query.shape
    last = query[:, :, -1] * (size**-0.5 if scaling is None else scaling)
    grouped = last.view(rows, key.shape[1], -1, size)  # query heads of a key head
    scores = (grouped @ key.transpose(2, 3)).view(rows, heads, -1).float()
    begins = query.shape[2] == changed.boosted.shape[1]
    changed.passed = query.shape[2] + (0 if begins else changed.passed)
    scores = changed.change(scores, *changed.columns(rows, scores.shape[-1]))
    if attention_mask is not None:
        seen = attention_mask[:, :, -1, : scores.shape[-1]]
        if seen.dtype == torch.bool:
            scores = scores.masked_fill(~seen, torch.finfo(scores.dtype).min)
        else:
            scores = scores + seen
    weights = scores.softmax(-1).to(value.dtype).view(grouped.shape[:3] + scores.shape[-1:])
    output = output.clone()
    output[:, -1] = (weights @ value).view(rows, heads, -1)
    return output, None


@contextmanager
def changed_attention(
    model: LocalMLLM,
    inputs: Any,
    change: Change,
    *,
    method: str,
    first: float,
    last: float,
    columns: Columns,
    seed: int,
) -> Iterator[None]:
    """Change the attention of the last query in some layers.

    Args:
        model: the model.
        inputs: what it is called with; its image tokens say where pictures are.
        change: what to make of the scores.
        method: whose it is, for messages.
        first: of the layers, as a fraction of the depth.
        last: the layer before which they end, likewise.
        columns: which columns are boosted: the picture's, the text's (control), or as many as the
            picture has, drawn from the whole prompt (control).
        seed: of the draw.

    Raises:
        ModelError: the model attends otherwise, or does not show where pictures are in the text.
    """
    name = model.card["model"]["name"]
    decoder = model.model.get_decoder()
    _, layers = layers_of(model, method)
    usual = decoder.config._attn_implementation
    start = min(depth(first, len(layers)), len(layers) - 1)
    chosen = [
        getattr(each, "self_attn", None)
        for each in layers[start : max(depth(last, len(layers)), start + 1)]
    ]
    sliding = any(getattr(each, "sliding_window", None) for each in chosen)
    known = usual in {"sdpa", SHARED} and decoder._supports_attention_backend
    if not known or sliding or None in chosen:
        raise ModelError(f"{name}: {method} changes attention that this model does not compute")
    ids = inputs["input_ids"]
    pictures = ids == (-1 if (token := image_token(model.config)) is None else token)
    if not pictures.any():
        raise ModelError(f"{name}: {method} does not find the picture in this model's text")
    text = inputs["attention_mask"].bool() & ~pictures
    system = text & (pictures.cumsum(1) == 0) & pictures.any(1, keepdim=True)
    boosted = {"picture": pictures, "text": text & pictures.any(1, keepdim=True)}.get(columns)
    if boosted is None:
        boosted = _drawn(pictures, text | pictures, seed)
    try:
        decoder.set_attn_implementation(NAME)
        for each in chosen:
            setattr(each, NAME, _Changed(change, boosted, system & ~boosted))
        yield
    finally:
        decoder.set_attn_implementation(usual)
        for each in chosen:
            each.__dict__.pop(NAME, None)


def _drawn(pictures: torch.Tensor, own: torch.Tensor, seed: int) -> torch.Tensor:
    """As many columns of each row as its pictures have, of all that are its own.

    They are drawn by their place in the row's text, so that padding changes nothing.
    """
    drawn = torch.zeros_like(own)
    for row, (picture, mine) in enumerate(zip(pictures, own, strict=True)):
        places = mine.nonzero()[:, 0].tolist()
        count = int(picture.sum())
        stream = random.Random(f"{seed}:{len(places)}:{count}")
        drawn[row, stream.sample(places, count)] = True
    return drawn


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
