"""All families beside the four of `checkpoints`, tiny and random."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filled import emu3, gemma4, idefics2, lighton_ocr, mistral3, pixtral
from patches import (
    glm4v,
    glm4v_moe,
    lfm2_vl,
    minicpmv4_6,
    paddleocr_vl,
    qwen2_5_vl,
    qwen3_5,
    qwen3_5_moe,
    qwen3_vl,
    qwen3_vl_moe,
    video_llama_3,
)
from squares import (
    aria,
    blip_2,
    deepseek_vl,
    deepseek_vl_hybrid,
    gemma3,
    got_ocr2,
    instructblip,
    janus,
    llava_do_pad,
    video_llava,
    vipllava,
)
from tiles import (
    aya_vision,
    cohere2_vision,
    internvl,
    llama4,
    llava_next,
    llava_onevision,
    mllama,
    ovis2,
    smolvlm,
)
from untemplated import blip, chameleon, fuyu, git, kosmos2

MORE: dict[str, Callable[[Path], Path]] = {
    each.__name__: each
    for each in (
        llava_next, llava_onevision, qwen2_5_vl, qwen3_vl, internvl, gemma3, blip_2, instructblip,
        mllama, vipllava, llava_do_pad, pixtral, mistral3, lighton_ocr, idefics2, qwen3_vl_moe,
        qwen3_5, glm4v, ovis2, aya_vision, video_llama_3, deepseek_vl, gemma4, aria, paddleocr_vl,
        got_ocr2, qwen3_5_moe, glm4v_moe, deepseek_vl_hybrid, smolvlm, blip, git,
        kosmos2, fuyu, chameleon, janus, emu3, video_llava, lfm2_vl, minicpmv4_6, llama4,
        cohere2_vision,
    )
}  # fmt: skip
