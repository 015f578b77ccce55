"""Text-only checkpoints, which judge and rewrite: a tokenizer that is asked like a processor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import transformers

from halluc.errors import InputError


def reads_text_only(config: Any) -> bool:
    """Whether a configuration is that of a language model without an encoder of pictures."""
    named = any(each.endswith("ForCausalLM") for each in config.architectures or ())
    return (
        named
        and type(config) in transformers.MODEL_FOR_CAUSAL_LM_MAPPING
        and type(config) not in transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    )


def auto_class(config: Any) -> Any:
    """The class of transformers that loads a checkpoint with this configuration."""
    if reads_text_only(config):
        return transformers.AutoModelForCausalLM
    return transformers.AutoModelForImageTextToText


class TextProcessor:
    """What a text-only checkpoint has in place of a processor.

    Args:
        tokenizer: of the checkpoint.

    Attributes:
        tokenizer, chat_template: as of a processor.
        image_processor: None.
        image_token: empty.
    """

    image_processor = None
    image_token = ""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.chat_template = tokenizer.chat_template

    def __call__(self, *, text: Sequence[str], images: object, **how: Any) -> Any:
        """Token ids of dialogues that a chat template wrote, with all special tokens in them.

        Raises:
            InputError: there are pictures.
        """
        if images:
            raise InputError("a text-only model is asked about pictures; it can judge texts alone")
        ids = self.tokenizer(list(text), add_special_tokens=False, **how)
        return transformers.BatchFeature(
            {name: ids[name] for name in ("input_ids", "attention_mask")}
        )
