"""Does a family give the same answers in a batch as alone? Known of some, found out of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from halluc.mllm.base import Decoding, Request
from halluc.records import Response

if TYPE_CHECKING:
    from halluc.mllm.base import LocalMLLM

PROVEN = frozenset({
    "aria", "aya_vision", "blip-2", "chameleon", "deepseek_vl", "deepseek_vl_hybrid", "gemma3",
    "gemma4", "git", "glm4v", "glm4v_moe", "idefics2", "idefics3", "instructblip", "internvl",
    "janus", "lighton_ocr", "llava", "llava_next", "llava_onevision", "minicpmv4_6", "mllama",
    "ovis2", "paddleocr_vl", "paligemma", "qwen2_5_vl", "qwen2_vl", "qwen3_5", "qwen3_5_moe",
    "qwen3_vl", "qwen3_vl_moe", "video_llama_3", "video_llava", "vipllava",
})  # fmt: skip
"""Families whose answers in a batch the tests compare with those alone; see docs/models.md."""


_LONGER = " Say it in a few words, please."


def same_in_batches(mllm: LocalMLLM, requests: Sequence[Request]) -> bool:
    """Ask two requests together and alone, a prompt and a picture of other sizes in each."""
    first = requests[0]
    alike = [each for each in requests if len(each.images) == len(first.images)]
    longest = max(alike, key=lambda each: len(each.prompt))
    others = (each for each in alike if each is not longest)
    part = longest.image and longest.image.crop((0, 0, *_part(*longest.image.size)))
    longer = replace(
        longest, id=f"{longest.id}+", prompt=longest.prompt + _LONGER, image=part or None
    )
    pair = [min(others, key=lambda each: len(each.prompt), default=first), longer]
    short = Decoding(max_new_tokens=4)
    together = mllm.generate(pair, short)
    alone = [mllm.generate([each], short)[0] for each in pair]
    exact = mllm.dtype == torch.float32
    return all(_alike(*each, exact) for each in zip(together, alone, strict=True))


def _part(width: int, height: int) -> tuple[int, int]:
    """Of a picture, what has another shape."""
    return max(width // 2, 1), max(height * 3 // 4, 1)


def _alike(one: Response, other: Response, exact: bool) -> bool:
    """Whether two answers are the same tokens, as likely.

    In half precision, the likeliest of two near tokens hangs on the last digits; there they are
    compared until they part.
    """
    for mine, its in zip(one.tokens, other.tokens, strict=False):
        if abs(mine.logprob - its.logprob) > (1e-3 if exact else 0.1):
            return False
        if not exact and one.text[: mine.end] != other.text[: its.end]:
            return True
    return one.text == other.text
