"""Contrastive decoding as the papers state it: each branch by itself, without a cache, literally.

Nothing of the code under test is used here but a branch's inputs.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch

from halluc.mllm import Decoding


def vcd(clean: torch.Tensor, noised: torch.Tensor, alpha: float, beta: float) -> torch.Tensor:
    """The published lines of VCD, for logits of shape (vocabulary,)."""
    cutoff = torch.log(torch.tensor(beta)) + clean.max()
    diffs = (1 + alpha) * clean - alpha * noised
    return diffs.masked_fill(clean < cutoff, -float("inf"))


def draw(scores: torch.Tensor, decoding: Decoding, stream: random.Random) -> int:
    """The likeliest token, or one drawn by the inverse of the distribution function."""
    if not decoding.do_sample:
        return int(scores.argmax())
    reached = (scores / decoding.temperature).double().softmax(0).cumsum(0)
    at = stream.random() * float(reached[-1])
    return int((reached <= at).sum())


def two_passes(
    model: Any,
    branches: list[dict[str, torch.Tensor]],
    combine: Callable[..., torch.Tensor],
    decoding: Decoding,
    id: str,
    *,
    read: Callable[[Any], Any] = lambda told: told.logits[0, -1].float(),
    **ask: Any,
) -> tuple[list[int], list[torch.Tensor]]:
    """Tokens of one request and the combined logits of each step.

    Args:
        model: the transformers model.
        branches: inputs of each branch, of one row each.
        combine: from the branches' logits (vocabulary,) and the step to the logits to pick from.
        decoding: how to pick.
        id: the sample's.
        read: from what the model returns to what `combine` gets of a branch.
        ask: what else the model is called with.
    """
    stream = random.Random(f"{decoding.seed}:{id}")
    ends = model.generation_config.eos_token_id
    tokens: list[int] = []
    steps = []
    for step in range(decoding.max_new_tokens):
        with torch.inference_mode():
            logits = [read(model(**_longer(each, tokens), **ask)) for each in branches]
        steps.append(combine(*logits, step))
        tokens.append(draw(steps[-1], decoding, stream))
        if tokens[-1] in (ends if isinstance(ends, list) else [ends]):
            break
    return tokens, steps


def _longer(inputs: dict[str, torch.Tensor], tokens: list[int]) -> dict[str, torch.Tensor]:
    """Inputs with tokens said after the prompt."""
    said = torch.tensor([tokens], dtype=torch.long)
    kinds = {
        "input_ids": said,
        "attention_mask": torch.ones_like(said),
        # PaliGemma: 1 is what it generates, seen from left to right. Gemma 3, Qwen: 0 is text.
        "token_type_ids": torch.full_like(said, int(not inputs.get("token_type_ids", said).any())),
        "mm_token_type_ids": torch.zeros_like(said),
        "image_embeds_position_mask": torch.zeros_like(said),
    }
    longer = {
        key: torch.cat([value, kinds[key]], 1) if key in kinds else value
        for key, value in inputs.items()
    }
    if (
        "cross_attention_mask" in longer and tokens
    ):  # Mllama: what is said sees what the last word saw
        seen = longer["cross_attention_mask"]
        longer["cross_attention_mask"] = torch.cat([seen, *[seen[:, -1:]] * len(tokens)], 1)
    return longer
