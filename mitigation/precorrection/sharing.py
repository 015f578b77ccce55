"""Prefix sharing: picture and prompt of a preference pair are computed once.

Chosen and rejected answer follow the same prefix, and with hundreds of image tokens the prefix is
most of the work (Wang and Hegde, 2024, arXiv 2410.20305). So a pair is one row instead of two:

    [ prefix | chosen | rejected ]

where the rejected answer does not see the chosen one, and its positions go on from the prefix. The
last token of the prefix stands before either answer, so that each answer's first token is
predicted in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from halluc.mllm.pictures import one_row

# With these beside tokens, prefixes can be shared. Others, such as token_type_ids and Qwen's
# positions in three dimensions, need rows of their own.
_SHARED = frozenset({"pixel_values", "image_sizes", "pixel_attention_mask"})
# Arguments that are no inputs.
_PLAIN = frozenset({"use_cache", "fused_lm_head", "output_router_logits"})


def is_of_rows(name: str) -> bool:
    """Whether an input has an entry for each row; all others are of pictures, once a pair."""
    names = ("input_ids", "attention_mask", "completion_mask", "labels", "token_weights")
    return name in names or name.endswith("type_ids") or name.startswith("ref_")


def twice(pictures: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of pictures, for the chosen answers and again for the rejected ones."""
    beside = "pixel_values" if one_row(pictures) else ""
    doubled = dict(pictures)
    for name, value in pictures.items():
        if isinstance(value, Tensor):
            doubled[name] = torch.cat([value, value], -1 if name == beside else 0)
        elif isinstance(value, list):
            doubled[name] = value + value
    return doubled


def can_share(model: Any) -> bool:
    """Whether a model attends by a mask that it is given: no sliding windows, no encoder."""
    if model.config.is_encoder_decoder or not model._supports_default_dynamic_cache():
        return False
    decoder = model.get_decoder()
    layers = DynamicCache(config=decoder.config).layers
    return decoder.config._attn_implementation == "sdpa" and all(
        type(layer) is DynamicLayer for layer in layers
    )


class PairForward:
    """Stands for the model in TRL's loss: rows of chosen, then of rejected answers, in and out.

    Args:
        model: the model, with TRL's fused head.
        share: compute prefixes once where the inputs allow it.

    Attributes:
        log_probs: what the last call gave, (2 × pairs, length - 1); 0 outside of the answers.
    """

    def __init__(self, model: Any, share: bool) -> None:
        self.model, self.share = model, share
        self.log_probs: Tensor | None = None

    def __call__(
        self, *, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, **more: Any
    ) -> Any:
        """TRL's fused output for rows of chosen and rejected answers.

        Args:
            input_ids: (2 × pairs, length), padded on the right.
            attention_mask: likewise.
            labels: likewise; -100 outside of the answers.
            more: pictures, once a pair; ``token_weights`` (2 × pairs, length) weighs
                log-probabilities; all else goes to the model.
        """
        weights = more.pop("token_weights", None)
        names = [name for name in more if not is_of_rows(name) and name not in _PLAIN]
        pictures = {name: more.pop(name) for name in names}
        if self.share and pictures.keys() <= _SHARED and more.keys() <= _PLAIN:
            row = _Rows(input_ids, attention_mask, labels)
            out = self.model(**row.inputs, **pictures, **more)
            for name in ("log_probs", "entropy", "mean_logits", "is_top1"):
                if (value := getattr(out, name)) is not None:
                    setattr(out, name, row.apart(value))
        else:
            more |= twice(pictures)
            out = self.model(
                input_ids=input_ids, attention_mask=attention_mask, labels=labels, **more
            )
        if weights is not None:
            out.log_probs = out.log_probs * weights[:, 1:]
        self.log_probs = out.log_probs
        return out


class _Rows:
    """Pairs as one row each.

    Attributes:
        inputs: ``input_ids``, ``labels``, ``position_ids`` (pairs, length') and what each place
            sees (pairs, 1, length', length').
    """

    def __init__(self, ids: Tensor, mask: Tensor, labels: Tensor) -> None:
        pairs = len(ids) // 2
        lengths = mask.sum(1)
        prompts = (labels != -100).long().argmax(1)  # all rows have an answer
        self.answered = labels != -100
        own = (
            lengths[pairs:] - prompts[pairs:] + 1
        )  # the prefix's last token and the rejected answer
        whole = int((lengths[:pairs] + own).max())
        place = torch.arange(whole, device=ids.device).expand(pairs, -1)
        first = lengths[:pairs, None]  # where the rejected branch begins
        second = place >= first
        self.shift = (first - prompts[pairs:, None] + 1).repeat(2, 1)
        self.shift[:pairs] = 0
        # In the row of its own answer, each place of the shared row.
        back = place - self.shift[pairs:]
        real = place < first + own[:, None]
        source = torch.where(second, back, place).clamp(0, ids.shape[1] - 1)
        pick = torch.where(second, ids[pairs:].gather(1, source), ids[:pairs].gather(1, source))
        targets = torch.where(
            second, labels[pairs:].gather(1, source), labels[:pairs].gather(1, source)
        )
        targets = targets.masked_fill(~real | (place == first), -100)
        query, key = place[:, :, None], place[:, None, :]
        start = (prompts[:pairs] - 1)[:, None, None]
        hidden = second[:, :, None] & (key >= start) & (key < first[:, :, None])
        seen = (key <= query) & ~hidden & (real[:, None, :] | (key == query))
        self.inputs = {
            "input_ids": pick.masked_fill(~real, int(ids[0, lengths[0] - 1])),
            "labels": targets,
            "position_ids": torch.where(second, back, place).clamp(min=0),
            "attention_mask": seen[:, None],
        }

    def apart(self, value: Tensor) -> Tensor:
        """What was computed for each next token, back in rows of chosen and of rejected answers."""
        answered = self.answered[:, 1:]
        place = torch.arange(answered.shape[1], device=value.device).expand(len(answered), -1)
        index = (place + self.shift).clamp(max=value.shape[1] - 1)
        return value.repeat(2, 1).gather(1, index).masked_fill(~answered, 0)
