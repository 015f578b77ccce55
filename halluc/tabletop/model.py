"""The embedded MM-LLM, untrained: a small LLaVA with its tokenizer, processor and chat template.

Vision encoder (CLIP's ViT), input projector (two-layer MLP) and LLM backbone (Llama) are classes of
transformers, so the saved checkpoint is loaded by the same code as LLaVA-1.5 (Liu et al., 2024,
arXiv 2310.03744).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

PATCH = 21
"""Width and height of a patch, in pixels."""
PATCHES = 8
"""Patches along each side of the picture: 64 image tokens."""

# LLaVA-1.5's conversation form: turns end with the end token, so that a reply knows where to stop.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}USER: "
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% endif %}{% endfor %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% else %} ASSISTANT: "
    "{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{{ eos_token }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)


def new_processor(texts: Iterable[str]) -> LlavaProcessor:
    """A processor with a byte-level BPE tokenizer trained on the texts; it encodes any text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        min_frequency=20,
        special_tokens=["<pad>", "<s>", "</s>", "<image>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",  # noqa: S106 - a token of text
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        padding_side="left",
        extra_special_tokens={"image_token": "<image>"},
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )
    side = PATCH * PATCHES
    pictures = CLIPImageProcessorPil(
        size={"height": side, "width": side}, do_center_crop=False, do_convert_rgb=True
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=fast,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATE,
        num_additional_image_tokens=1,
    )


def new_model(processor: LlavaProcessor, seed: int) -> LlavaForConditionalGeneration:
    """The untrained model, float32, about five million parameters."""
    tokenizer = processor.tokenizer
    vision = CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=768,
        num_hidden_layers=5,
        num_attention_heads=6,
        image_size=PATCH * PATCHES,
        patch_size=PATCH,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=576,
        num_hidden_layers=6,
        num_attention_heads=6,
        num_key_value_heads=6,
        max_position_embeddings=1024,
        rope_parameters={"rope_type": "default", "rope_theta": 1e5},
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
        image_seq_length=PATCHES * PATCHES,
    )
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(config)
    _let_like_find_like(model)
    return model


@torch.no_grad()
def _let_like_find_like(model: LlavaForConditionalGeneration) -> None:
    """Begin with half of the backbone's heads attending to what resembles them.

    Queries equal keys there, and values are written back where they came from. A word then finds
    the patch that is projected near it from the first step on; left to chance, a model and a
    training this small do not come to look at the picture (mimetic initialisation, Trockman and
    Kolter, 2023, arXiv 2305.09828).
    """
    for layer in model.model.language_model.layers:
        attention = layer.self_attn
        size = attention.head_dim
        for head in range(attention.config.num_attention_heads // 2):
            rows = slice(head * size, (head + 1) * size)
            shape = (size, attention.config.hidden_size)
            match, copy = (nn.init.orthogonal_(torch.empty(shape)) for _ in range(2))
            attention.q_proj.weight[rows] = attention.k_proj.weight[rows] = 1.4 * match
            attention.v_proj.weight[rows] = copy
            attention.o_proj.weight[:, rows] = 0.1 * copy.T


def chat(turns: Iterable[tuple[str, str]], image: bool) -> list[dict[str, Any]]:
    """Questions and answers as chat messages, the picture before the first question."""
    messages: list[dict[str, Any]] = []
    for question, answer in turns:
        content: list[dict[str, str]] = [{"type": "text", "text": question}]
        if image and not messages:
            content.insert(0, {"type": "image"})
        messages.append({"role": "user", "content": content})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return messages
