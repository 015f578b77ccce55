"""Prompts, pictures and answers as rows of tokens, as a model's chat template writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from halluc.errors import HallucError, InputError, ModelError, said
from halluc.mllm import Request
from halluc.mllm.plain import as_answered
from halluc.mllm.templates import message, render

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM


Asked = tuple[list[list[int]], dict[str, Any], Mapping[str, Any]]
"""What `ask` gives."""


class Question(Protocol):
    """What a model can be asked."""

    @property
    def id(self) -> str:
        """Unique in its set."""

    @property
    def prompt(self) -> str:
        """What was asked, before any chat template."""


class Item(Question, Protocol):
    """What can be learned from: answers to a prompt on a picture."""

    @property
    def image(self) -> str:
        """The picture, as its data set names it."""

    @property
    def answers(self) -> tuple[str, ...]:
        """One, or those that are compared."""


def ask(
    mllm: TransformersMLLM, items: Sequence[Question], pictures: Sequence[Image | None]
) -> Asked:
    """What the model is asked with elsewhere (`TransformersMLLM.process`); None is no picture.

    Returns:
        The tokens of each prompt; what comes beside tokens (pictures, their sizes); the whole.
    """
    asked = mllm.process([Request(p.id, p.prompt, i) for p, i in zip(items, pictures, strict=True)])
    prompts = [
        ids[mask.bool()].tolist()
        for ids, mask in zip(asked["input_ids"], asked["attention_mask"], strict=True)
    ]
    more = {
        name: value for name, value in asked.items() if name not in ("input_ids", "attention_mask")
    }
    return prompts, more, asked


def written(mllm: TransformersMLLM, prompt: str, text: str) -> str:
    """An answer as the chat template writes it behind a prompt, its end token included.

    Raises:
        ModelError: the chat template writes prompts before answers otherwise than alone.
    """
    processor, end = mllm.processor, mllm.tokenizer.eos_token
    if not processor.chat_template:
        return f"{as_answered(mllm.config.model_type, text)}{end}"
    user = message(processor, mllm.form, prompt, picture=True)
    content = text if mllm.form == "text" else [{"type": "text", "text": text}]
    alone = render(processor, [user], ask=True)
    both = render(processor, [user, {"role": "assistant", "content": content}])
    if not both.startswith(alone):
        raise ModelError(
            f"{mllm.card['model']['name']}: its chat template writes a prompt otherwise "
            "once an answer follows, so the answers cannot be separated"
        )
    return str(both[len(alone) :])


def answer_ids(mllm: TransformersMLLM, prompt: str, text: str) -> list[int]:
    """Token ids of an answer behind its prompt."""
    tokens = mllm.tokenizer(written(mllm, prompt, text), add_special_tokens=False)
    return list(tokens["input_ids"])


def rows(
    mllm: TransformersMLLM,
    prompts: Sequence[list[int]],
    answers: Sequence[list[int]],
    asked: Mapping[str, Any],
) -> dict[str, Tensor]:
    """Prompts with their answers, padded on the right; nothing is cut short.

    Args:
        mllm: the model's tokenizer.
        prompts: (rows), a multiple of what was asked.
        answers: (rows).
        asked: what the model's processor gave.

    Returns:
        ``input_ids``, ``attention_mask``, ``completion_mask`` (1 on answers) and the family's
        token types, (rows, length).
    """
    length = max(len(p) + len(ids) for p, ids in zip(prompts, answers, strict=True))
    shape = (len(prompts), length)
    made = {
        "input_ids": torch.full(shape, mllm.tokenizer.pad_token_id),
        "attention_mask": torch.zeros(shape, dtype=torch.long),
        "completion_mask": torch.zeros(shape, dtype=torch.long),
    }
    # Token types of prompts (Qwen's pictures, PaliGemma's prefix): answers continue as text.
    kinds = {name: 1 if name == "token_type_ids" else 0 for name in asked if "type_ids" in name}
    for name, text in kinds.items():
        made[name] = torch.full(shape, text)
    for row, (prompt, ids) in enumerate(zip(prompts, answers, strict=True)):
        end = len(prompt) + len(ids)
        made["input_ids"][row, :end] = torch.tensor(prompt + ids)
        made["attention_mask"][row, :end] = 1
        made["completion_mask"][row, len(prompt) : end] = 1
        for name in kinds:
            own = row % len(asked["input_ids"])
            told = asked[name][own][asked["attention_mask"][own].bool()]
            made[name][row, : len(prompt)] = told
    return made


def answered(
    mllm: TransformersMLLM, asked: Asked, answers: Sequence[list[int]]
) -> tuple[dict[str, Tensor], Tensor]:
    """What the model is called with for prompts and their answers, without training.

    Args:
        mllm: the model.
        asked: what `ask` gave.
        answers: token ids, (rows); empty ones leave the prompts as they are.

    Returns:
        The model's arguments on its device; where answers stand, (rows, length), on the CPU.
    """
    prompts, more, whole = asked
    batch = {**more, **rows(mllm, prompts, answers, whole)}
    said = batch.pop("completion_mask").bool()

    def placed(value: Tensor) -> Tensor:
        value = value.to(mllm.device)
        return value.to(mllm.dtype) if value.is_floating_point() else value

    return {name: placed(value) for name, value in batch.items()}, said


def check_items(
    mllm: TransformersMLLM,
    items: Iterable[Item],
    open_image: Callable[[Any], Image],
    longest: int,
) -> dict[str, tuple[int, ...]]:
    """See before any training that each item can be learned from.

    Returns:
        By id, the tokens of picture and prompt, then of each answer.

    Raises:
        InputError: names those whose answers are empty or alike, whose picture cannot be read, or
            that are longer than `longest` tokens.
    """
    bad: dict[str, list[str]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    prefix: dict[tuple[str, tuple[int, int]], int] = {}
    lengths: dict[str, tuple[int, ...]] = {}
    for item in items:
        texts = [text.strip() for text in item.answers]
        if not all(texts):
            bad.setdefault("with an empty answer", []).append(item.id)
            continue
        if len(set(texts)) < len(texts):
            bad.setdefault("whose answers are alike", []).append(item.id)
            continue
        try:
            if item.image not in sizes:  # each picture is opened once
                sizes[item.image] = open_image(item).size
        except InputError as error:
            bad.setdefault(f"whose picture cannot be read ({error})", []).append(item.id)
            continue
        key = (item.prompt, sizes[item.image])
        if key not in prefix:  # the size alone decides how many tokens a picture takes
            try:
                asked = mllm.process([Request(item.id, item.prompt, open_image(item))])
            except HallucError:
                raise
            except Exception as error:  # processors say in many ways what they cannot take
                what = f"that the model cannot take ({said(error)})"
                bad.setdefault(what, []).append(item.id)
                continue
            prefix[key] = asked["input_ids"].shape[1]
        answers = [len(answer_ids(mllm, item.prompt, text)) for text in item.answers]
        lengths[item.id] = (prefix[key], *answers)
        if prefix[key] + max(answers) > longest:
            bad.setdefault(f"longer than {longest} tokens", []).append(item.id)
    for what, ids in bad.items():
        more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
        raise InputError(f"there are examples {what}: {', '.join(ids[:5])}{more}")
    return lengths
