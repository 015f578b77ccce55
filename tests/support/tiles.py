"""Tiny, random checkpoints of families that take pictures in tiles."""

from __future__ import annotations

import json
from pathlib import Path

from checkpoints import CHAT, TEXT, VISION, ids_of, save, tokenizer
from making import LLAMA, QWEN2, SIGLIP, class_of, in_parts, make, pictures_of


def llava_next(folder: Path) -> Path:
    """LLaVA-NeXT's architecture: LLaVA with pictures in tiles of the best fitting grid."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextProcessor,
    )
    from transformers.models.llava_next.image_processing_pil_llava_next import (
        LlavaNextImageProcessorPil,
    )

    words = tokenizer("<image>")
    size = VISION["image_size"]
    grid = [[size, 2 * size], [2 * size, size]]
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**VISION),
        text_config=LlamaConfig(vocab_size=len(words), **TEXT, **ids_of(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=grid,
        image_seq_length=4,
    )
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": size},
            crop_size={"height": size, "width": size},
            image_grid_pinpoints=grid,
        ),
        tokenizer=words,
        patch_size=VISION["patch_size"],
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )
    return save(LlavaNextForConditionalGeneration(config), processor, folder)


def llava_onevision(folder: Path) -> Path:
    """LLaVA-OneVision's architecture: SigLIP, tiles, Qwen2."""
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        Qwen2Config,
        SiglipVisionConfig,
    )
    from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
        LlavaOnevisionImageProcessorPil,
    )

    words = tokenizer("<image>", "<video>")
    size = VISION["image_size"]
    grid = [[size, 2 * size], [2 * size, size]]
    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(**VISION, vision_use_head=False),
        text_config=Qwen2Config(vocab_size=len(words), **TEXT, **ids_of(words)),
        image_token_id=words.convert_tokens_to_ids("<image>"),
        video_token_id=words.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=grid,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        vision_aspect_ratio="anyres_max_9",
    )
    pictures = LlavaOnevisionImageProcessorPil(
        size={"height": size, "width": size}, image_grid_pinpoints=grid
    )
    return in_parts(
        LlavaOnevisionForConditionalGeneration(config),
        words,
        pictures,
        "<image>",
        folder,
        processor_class="LlavaOnevisionProcessor",
        num_image_tokens=4,
        vision_feature_select_strategy="full",
    )


def internvl(folder: Path) -> Path:
    """InternVL's architecture: tiles in a row of their own, pixels shuffled, Qwen2."""
    from transformers import InternVLConfig, InternVLForConditionalGeneration, Qwen2Config
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    words = tokenizer(
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    size = 28
    config = InternVLConfig(
        vision_config={
            **VISION,
            "image_size": [size, size],
            "patch_size": [7, 7],
            "intermediate_size": 64,
        },
        text_config=Qwen2Config(vocab_size=len(words), **TEXT, **ids_of(words)),
        image_token_id=words.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        downsample_ratio=0.5,
    )
    pictures = GotOcr2ImageProcessorPil(
        size={"height": size, "width": size}, crop_to_patches=True, min_patches=1, max_patches=3
    )
    return in_parts(
        InternVLForConditionalGeneration(config),
        words,
        pictures,
        "<IMG_CONTEXT>",
        folder,
        processor_class="InternVLProcessor",
        image_seq_length=4,
    )


def ovis2(folder: Path) -> Path:
    """Ovis2's architecture: pictures become words of a vocabulary of their own."""
    named = ("<IMG_ATOM>", "<img>", "<pre>", "<col>", "<row>", "</img>")
    words = tokenizer("<image>", *named)
    config = class_of("Ovis2Config")(
        vision_config={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "image_size": 28, "patch_size": 7, "vocab_size": 64,
            "hidden_stride": 2,
        },
        text_config={**QWEN2, "vocab_size": len(words), **ids_of(words)},
        image_token_id=words.convert_tokens_to_ids("<IMG_ATOM>"),
        visual_indicator_token_ids=words.convert_tokens_to_ids(list(named[1:])),
        vocab_size=len(words), hidden_size=32, tie_word_embeddings=False,
    )  # fmt: skip
    folder.mkdir()
    pictures_of(
        "ovis2", "Ovis2", size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=3
    ).save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(CHAT.replace("IMAGE", "<image>"))
    save(class_of("Ovis2ForConditionalGeneration")(config), words, folder)
    settings = {"processor_class": "Ovis2Processor", "image_seq_length": 4}
    (folder / "processor_config.json").write_text(json.dumps(settings))
    return folder


def aya_vision(folder: Path) -> Path:
    """Aya Vision's architecture: SigLIP, tiles and Cohere 2, whose logits have a scale."""
    return make(
        folder, "AyaVision",
        tokens={
            "image_token": "<image>", "a": "<|START_OF_IMG|>", "b": "<|END_OF_IMG|>",
            "c": "<|IMG_PATCH|>", "d": "<|IMG_LINE_BREAK|>", "e": "TILE_GLOBAL", "f": "TILE_1",
            "g": "TILE_2", "h": "TILE_3",
        },
        image="<image>",
        pictures=pictures_of(
            "got_ocr2", "GotOcr2", size={"height": 28, "width": 28}, crop_to_patches=True,
            max_patches=3,
        ),
        config={"vision_config": {**SIGLIP, "patch_size": 7}, "downsample_factor": 2},
        text={"model_type": "cohere2", **TEXT, "sliding_window": 512, "logit_scale": 0.25},
        ids={"image_token_index": "<|IMG_PATCH|>"},
        processor={"patch_size": 7, "img_size": 28, "downsample_factor": 2},
    )  # fmt: skip


def smolvlm(folder: Path) -> Path:
    """SmolVLM's architecture, which is Idefics3's."""
    names = ("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>")
    return make(
        folder, "SmolVLM",
        tokens=dict(zip("abcd", names, strict=True)), image="<image>",
        pictures=pictures_of(
            "smolvlm", "SmolVLM", size={"longest_edge": 56}, max_image_size={"longest_edge": 28}
        ),
        config={"vision_config": {**VISION, "patch_size": 7}, "scale_factor": 2},
        text=LLAMA, ids={"image_token_id": "<image>"},
        processor={"image_seq_len": 4},
    )  # fmt: skip


def mllama(folder: Path) -> Path:
    """Llama 3.2 Vision's architecture: tiles, seen through cross-attention."""
    from transformers import MllamaConfig, MllamaForConditionalGeneration, MllamaProcessor
    from transformers.models.mllama.image_processing_pil_mllama import MllamaImageProcessorPil

    words = tokenizer("<|image|>", "<|python_tag|>")
    size = VISION["image_size"]
    config = MllamaConfig(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_global_layers": 1,
            "attention_heads": 4,
            "image_size": size,
            "patch_size": 14,
            "vision_output_dim": 64,
            "intermediate_layers_indices": [0],
            "max_num_tiles": 2,
            "supported_aspect_ratios": [[1, 1], [1, 2], [2, 1]],
        },
        text_config={
            "vocab_size": len(words),
            "cross_attention_layers": [1],
            **TEXT,
            "num_hidden_layers": 3,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
            **ids_of(words),
        },
        image_token_index=words.convert_tokens_to_ids("<|image|>"),
    )
    processor = MllamaProcessor(
        image_processor=MllamaImageProcessorPil(
            size={"height": size, "width": size}, max_image_tiles=2
        ),
        tokenizer=words,
        chat_template=CHAT.replace("IMAGE", "<|image|>"),
    )
    import torch

    model = MllamaForConditionalGeneration(config)
    for name, gate in model.named_parameters():
        if "gate" in name and gate.numel() == 1:
            torch.nn.init.constant_(gate, 0.5)  # at 0, as they begin, no picture counts
    return save(model, processor, folder)


def llama4(folder: Path) -> Path:
    """Llama 4's architecture: a mixture of experts, attention in chunks."""
    return make(
        folder, "Llama4",
        tokens={
            "image_token": "<|image|>", "a": "<|image_start|>", "b": "<|image_end|>",
            "c": "<|patch|>", "d": "<|tile_x_separator|>", "e": "<|tile_y_separator|>",
        },
        image="<|image|>",
        pictures={
            "image_processor_type": "Llama4ImageProcessor", "max_patches": 3,
            "size": {"height": 28, "width": 28},
        },
        config={
            "vision_config": {
                "hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2,
                "num_attention_heads": 4, "image_size": 28, "patch_size": 7,
                "vision_output_dim": 32, "projector_input_dim": 32, "projector_output_dim": 32,
            }
        },
        text={
            **TEXT, "intermediate_size_mlp": 64, "head_dim": 8, "num_local_experts": 2,
            "attention_chunk_size": 64,
        },
        ids={
            "image_token_index": "<|patch|>", "boi_token_index": "<|image_start|>",
            "eoi_token_index": "<|image_end|>",
        },
        processor={"patch_size": 7},
    )  # fmt: skip


def cohere2_vision(folder: Path) -> Path:
    """Command A Vision's architecture: SigLIP, tiles and Cohere 2, whose logits have a scale."""
    return make(
        folder, "Cohere2Vision",
        tokens={
            "image_token": "<|IMG_PATCH|>", "boi_token": "<|START_OF_IMG|>",
            "eoi_token": "<|END_OF_IMG|>", "img_line_break_token": "<|IMG_LINE_BREAK|>",
        },
        image="<|IMG_PATCH|>",
        pictures={
            "image_processor_type": "Cohere2VisionImageProcessor", "max_patches": 3,
            "size": {"height": 28, "width": 28}, "patch_size": 2,
        },
        config={
            "vision_config": {**SIGLIP, "patch_size": 7}, "downsample_factor": 2,
            "alignment_intermediate_size": 64,
        },
        text={"model_type": "cohere2", **TEXT, "sliding_window": 512, "logit_scale": 0.25},
        ids={"image_token_id": "<|IMG_PATCH|>"},
        processor={},
    )  # fmt: skip
