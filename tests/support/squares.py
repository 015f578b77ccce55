"""Tiny, random checkpoints of families that take pictures as squares of one size."""

from __future__ import annotations

from pathlib import Path

from checkpoints import CHAT, TEXT, VISION, ids_of, save, tokenizer
from making import LLAMA, QFORMER, QWEN2, SIGLIP, SIZE, class_of, make, pictures_of


def vipllava(folder: Path) -> Path:
    """ViP-LLaVA's architecture: LLaVA with features of several layers of the encoder."""
    return make(
        folder, "VipLlava",
        tokens={"image_token": "<image>"}, image="<image>",
        pictures=class_of("CLIPImageProcessorPil")(
            size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}
        ),
        config={
            "vision_config": {"model_type": "clip_vision_model", **VISION},
            "image_seq_length": 4, "vision_feature_layer": [-1, -2],
        },
        text=LLAMA, ids={"image_token_index": "<image>"},
        processor={
            "processor_class": "LlavaProcessor", "patch_size": 14,
            "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default",
        },
    )  # fmt: skip


def llava_do_pad(folder: Path) -> Path:
    """LLaVA 1.5's architecture with pictures that are filled up to squares."""
    return make(
        folder, "Llava",
        tokens={"image_token": "<image>"}, image="<image>",
        pictures=pictures_of(
            "llava", "Llava", do_pad=True, size={"shortest_edge": SIZE},
            crop_size={"height": SIZE, "width": SIZE},
        ),
        config={
            "vision_config": {"model_type": "clip_vision_model", **VISION}, "image_seq_length": 4,
        },
        text=LLAMA, ids={"image_token_id": "<image>"},
        processor={
            "patch_size": 14, "num_additional_image_tokens": 1,
            "vision_feature_select_strategy": "default",
        },
    )  # fmt: skip


def gemma3(folder: Path) -> Path:
    """Gemma 3's architecture: SigLIP, pictures seen as a whole, sliding windows in most layers."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3Processor
    from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil

    names = ("<start_of_image>", "<end_of_image>", "<image_soft_token>")
    words = tokenizer(boi_token=names[0], eoi_token=names[1], image_token=names[2])
    start, end, image = words.convert_tokens_to_ids(list(names))
    config = Gemma3Config(
        vision_config={"model_type": "siglip_vision_model", **VISION, "vision_use_head": False},
        text_config={
            "model_type": "gemma3_text",
            "vocab_size": len(words),
            "head_dim": 8,
            "sliding_window": 16,
            "layer_types": ["sliding_attention", "full_attention"],
            **TEXT,
            **ids_of(words),
        },
        image_token_id=image,
        boi_token_id=start,
        eoi_token_id=end,
        mm_tokens_per_image=4,
    )
    size = VISION["image_size"]
    processor = Gemma3Processor(
        image_processor=Gemma3ImageProcessorPil(size={"height": size, "width": size}),
        tokenizer=words,
        image_seq_length=4,
        chat_template=CHAT.replace("IMAGE", "<start_of_image>"),
    )
    return save(Gemma3ForConditionalGeneration(config), processor, folder)


def deepseek_vl(folder: Path) -> Path:
    """DeepSeek-VL's architecture: SigLIP, pictures as squares, Llama."""
    return make(
        folder, "DeepseekVL",
        tokens={"image_token": "<image_placeholder>"}, image="<image_placeholder>",
        pictures=pictures_of("deepseek_vl", "DeepseekVL", size={"height": SIZE, "width": SIZE}),
        config={"vision_config": SIGLIP},
        text=LLAMA, ids={"image_token_id": "<image_placeholder>"},
        processor={"num_image_tokens": 4},
    )  # fmt: skip


def deepseek_vl_hybrid(folder: Path) -> Path:
    """DeepSeek-VL 7B's architecture: SigLIP beside SAM, which sees a picture of more pixels."""
    return make(
        folder, "DeepseekVLHybrid",
        tokens={"image_token": "<image_placeholder>"}, image="<image_placeholder>",
        pictures=pictures_of(
            "deepseek_vl_hybrid", "DeepseekVLHybrid", size={"height": 32, "width": 32},
            high_res_size={"height": 128, "width": 128},
        ),
        config={
            "vision_config": {**SIGLIP, "image_size": 32, "patch_size": 16},
            "high_res_vision_config": {
                "model_type": "sam_vision_model", "hidden_size": 32, "output_channels": 16,
                "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 128,
                "patch_size": 16, "mlp_dim": 64, "window_size": 4, "global_attn_indexes": [1],
            },
        },
        text=LLAMA, ids={"image_token_id": "<image_placeholder>"},
        processor={"num_image_tokens": 4},
    )  # fmt: skip


def aria(folder: Path) -> Path:
    """Aria's architecture: pictures resampled, a mixture of experts."""
    return make(
        folder, "Aria",
        tokens={"image_token": "<|img|>"}, image="<|img|>",
        pictures=pictures_of("aria", "Aria", max_image_size=980, min_image_size=336),
        config={
            "vision_config": {
                "model_type": "idefics3_vision", **VISION, "image_size": 980, "patch_size": 140,
            },
            "projector_patch_to_query_dict": {49: 4},
        },
        text={**TEXT, "moe_num_experts": 4, "moe_topk": 2, "moe_num_shared_experts": 1},
        ids={"image_token_index": "<|img|>"},
        processor={"size_conversion": {"980": 4}},
    )  # fmt: skip


def got_ocr2(folder: Path) -> Path:
    """GOT-OCR 2's architecture: SAM's encoder, Qwen2."""
    return make(
        folder, "GotOcr2",
        tokens={"image_token": "<imgpad>", "a": "<img>", "b": "</img>"},
        image="<img><imgpad></img>",
        pictures=pictures_of("got_ocr2", "GotOcr2", size={"height": 64, "width": 64}),
        config={
            "vision_config": {
                "hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2,
                "num_attention_heads": 4, "image_size": 64, "patch_size": 4, "mlp_dim": 64,
                "window_size": 4, "global_attn_indexes": [1],
            },
            "image_seq_length": 4,
        },
        text=QWEN2, ids={"image_token_index": "<imgpad>"},
        processor={},
    )  # fmt: skip


def blip_2(folder: Path) -> Path:
    """BLIP-2's architecture: a Q-Former between a frozen encoder and OPT."""
    from transformers import (
        Blip2Config,
        Blip2ForConditionalGeneration,
        Blip2Processor,
        OPTConfig,
    )
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    words = tokenizer("<image>")
    size = VISION["image_size"]
    config = Blip2Config(
        vision_config=VISION,
        qformer_config={**QFORMER, "vocab_size": len(words)},
        text_config=OPTConfig(
            vocab_size=len(words),
            hidden_size=32,
            ffn_dim=64,
            word_embed_proj_dim=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=512,
            **ids_of(words),
        ).to_dict(),
        num_query_tokens=4,
        image_text_hidden_size=16,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    processor = Blip2Processor(
        image_processor=BlipImageProcessorPil(size={"height": size, "width": size}),
        tokenizer=words,
        num_query_tokens=4,
    )
    return save(Blip2ForConditionalGeneration(config), processor, folder)


def instructblip(folder: Path) -> Path:
    """InstructBLIP's architecture: the Q-Former reads the instruction, too."""
    from transformers import (
        InstructBlipConfig,
        InstructBlipForConditionalGeneration,
        InstructBlipProcessor,
    )
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    words = tokenizer("<image>")
    size = VISION["image_size"]
    config = InstructBlipConfig(
        vision_config=VISION,
        qformer_config={**QFORMER, "vocab_size": len(words)},
        text_config={"model_type": "llama", "vocab_size": len(words), **TEXT, **ids_of(words)},
        num_query_tokens=4,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    processor = InstructBlipProcessor(
        image_processor=BlipImageProcessorPil(size={"height": size, "width": size}),
        tokenizer=words,
        qformer_tokenizer=tokenizer(),
        num_query_tokens=4,
    )
    return save(InstructBlipForConditionalGeneration(config), processor, folder)


def video_llava(folder: Path) -> Path:
    """Video-LLaVA's architecture: LLaVA with an encoder of pictures and one of videos."""
    clip = {"model_type": "clip_vision_model", **VISION}
    return make(
        folder, "VideoLlava",
        tokens={"image_token": "<image>", "video_token": "<video>"}, image="<image>",
        pictures=class_of("VideoLlavaImageProcessor")(
            size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}
        ),
        config={"vision_config": clip, "image_seq_length": 4},
        text=LLAMA, ids={"image_token_index": "<image>", "video_token_index": "<video>"},
        processor={
            "patch_size": 14, "num_additional_image_tokens": 1,
            "vision_feature_select_strategy": "default",
        },
    )  # fmt: skip


def janus(folder: Path) -> Path:
    """Janus' architecture: SigLIP for what it sees, another encoder for what it draws."""
    codes = {
        "base_channels": 32, "channel_multiplier": [1, 1], "num_res_blocks": 1,
        "latent_channels": 8, "num_embeddings": 16, "embed_dim": 8, "projection_dim": 32,
        "image_token_embed_dim": 32, "num_hidden_layers": 1,
    }  # fmt: skip
    return make(
        folder, "Janus",
        tokens={
            "image_token": "<image_placeholder>", "boi_token": "<begin_of_image>",
            "eoi_token": "<end_of_image>",
        },
        image="<image_placeholder>",
        pictures=pictures_of("janus", "Janus", size={"height": SIZE, "width": SIZE}, min_size=14),
        config={
            "vision_config": {
                "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
                "image_size": SIZE, "patch_size": 14, "mlp_ratio": 2, "projection_dim": 32,
                "num_image_tokens": 4,
            },
            "vq_config": codes,
        },
        text=LLAMA, ids={"image_token_id": "<image_placeholder>"},
        processor={"num_image_tokens": 4},
    )  # fmt: skip
