"""Does a family give the same answers in a batch as alone? Known of some, found out of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from halluc.mllm.base import Decoding, Request
from halluc.records import Response

if TYPE_CHECKING:
    from halluc.mllm.base import LocalMLLM

PROVEN = frozenset({
    "aria", "aya_vision", "blip-2", "deepseek_vl", "deepseek_vl_hybrid", "gemma3", "glm4v",
    "glm4v_moe", "idefics2", "idefics3", "instructblip", "internvl", "lighton_ocr", "llava",
    "llava_next", "llava_onevision", "mllama", "ovis2", "paddleocr_vl", "paligemma", "qwen2_5_vl",
    "qwen2_vl", "qwen3_5", "qwen3_5_moe", "qwen3_vl", "qwen3_vl_moe", "video_llama_3", "vipllava",
})  # fmt: skip
"""Families whose answers in a batch the tests compare with those alone; see docs/models.md."""


def same_in_batches(mllm: LocalMLLM, requests: Sequence[Request]) -> bool:
    """Ask two of several requests together and alone; True where no two are alike in kind."""
    first = requests[0]
    others = [each for each in requests[1:] if (each.image is None) == (first.image is None)]
    if not others:
        return True
    # Of another length, so that one of them is padded.
    pair = [first, max(others, key=lambda each: abs(len(each.prompt) - len(first.prompt)))]
    short = Decoding(max_new_tokens=4)
    together = mllm.generate(pair, short)
    alone = [mllm.generate([each], short)[0] for each in pair]
    near = 1e-3 if mllm.dtype == torch.float32 else 0.1
    return all(_alike(*each, near) for each in zip(together, alone, strict=True))


def _alike(one: Response, other: Response, near: float) -> bool:
    """Whether two answers begin with the same token, as likely."""
    if not one.tokens or not other.tokens:
        return one.text == other.text
    return abs(one.tokens[0].logprob - other.tokens[0].logprob) <= near
