"""Preference pairs as batches of tokens and pictures, for TRL's loss."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from halluc.errors import InputError, ModelError
from halluc.mllm import Request
from mitigation.precorrection.pairs import Pair, Span

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM

CROP = (0.01, 0.2)
"""Share of a picture that mDPO leaves of it."""


@dataclass
class Collator:
    """Turns rows with a pair's id into a batch: chosen answers, then rejected ones.

    Prompts are what the model is asked with elsewhere (`TransformersMLLM.process`), answers follow
    as its chat template writes them. Pictures come once a pair. Nothing is cut short.

    Attributes:
        mllm: the model's processor and template.
        pairs: pair by id.
        open_image: gives a pair's picture.
        span_weight: of the tokens of changed words (RLHF-V); 1: all alike.
        corrupted: also give each picture cropped to a small part, for mDPO.
        seed: of the crops; that of a pair is always the same.
        reference: by id, log-probabilities of chosen, rejected and (with `corrupted`) of the chosen
            answer to the cropped picture; empty while they are computed.
    """

    mllm: TransformersMLLM
    pairs: Mapping[str, Pair]
    open_image: Callable[[Pair], Image]
    span_weight: float = 1.0
    corrupted: bool = False
    seed: int = 0
    reference: dict[str, list[float]] = field(default_factory=dict)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A batch as TRL's collator gives it, pictures but once.

        Raises:
            InputError: a picture cannot be read.
        """
        pairs = [self.pairs[row["id"]] for row in rows]
        batch, prompts, asked = self.asked(pairs)
        better = [self.answer(p, p.chosen, p.chosen_spans) for p in pairs]
        worse = [self.answer(p, p.rejected, p.rejected_spans) for p in pairs]
        batch |= self._rows(prompts * 2, better + worse, asked)
        if self.corrupted:
            requests = [
                Request(p.id, p.prompt, self._crop(p, self.open_image(p))) for p in pairs
            ]
            batch["corrupted"] = self.mllm.process(requests)["pixel_values"]
        if self.reference:
            told = torch.tensor([self.reference[pair.id] for pair in pairs])
            batch["ref_chosen_logps"], batch["ref_rejected_logps"] = told[:, 0], told[:, 1]
            if self.corrupted:
                batch["ref_corrupted_logps"] = told[:, 2]
        return batch

    def asked(self, pairs: Sequence[Pair]) -> tuple[dict[str, Any], list[list[int]], Any]:
        """What is asked: the pictures' part of a batch, token ids of the prompts, and all of it.

        Raises:
            InputError: a picture cannot be read.
        """
        asked = self.mllm.process([Request(p.id, p.prompt, self.open_image(p)) for p in pairs])
        prompts = [
            ids[mask.bool()].tolist()
            for ids, mask in zip(asked["input_ids"], asked["attention_mask"], strict=True)
        ]
        pictures = {
            name: value
            for name, value in asked.items()
            if name not in ("input_ids", "attention_mask")
        }
        return pictures, prompts, asked

    def answer(self, pair: Pair, text: str, spans: Sequence[Span]) -> tuple[list[int], list[float]]:
        """Token ids of an answer behind the prompt, and their weights.

        With a span weight γ, tokens of changed words count γ and the sum is divided by the weights'
        sum, which gives RLHF-V's score; without, all count 1.

        Raises:
            ModelError: the chat template writes prompts before answers otherwise than alone.
        """
        written = self._written(pair, text)
        tokens = self.mllm.tokenizer(
            written, add_special_tokens=False, return_offsets_mapping=self.span_weight != 1
        )
        ids = list(tokens["input_ids"])
        if self.span_weight == 1:
            return ids, [1.0] * len(ids)
        begin = written.index(text)
        weights = [
            self.span_weight
            if any(s + begin < last and first < e + begin for s, e in spans)
            else 1.0
            for first, last in tokens["offset_mapping"]
        ]
        return ids, [each / sum(weights) for each in weights]

    def _written(self, pair: Pair, text: str) -> str:
        """An answer as the chat template writes it, its end token included."""
        processor, end = self.mllm.processor, self.mllm.tokenizer.eos_token
        if not processor.chat_template:
            return f"{' ' if self.mllm.config.model_type == 'llava' else ''}{text}{end}"
        user = {
            "role": "user",
            "content": [{"type": "image"}, {"type": "text", "text": pair.prompt}],
        }
        said = {"role": "assistant", "content": [{"type": "text", "text": text}]}
        alone = processor.apply_chat_template([user], add_generation_prompt=True)
        both = processor.apply_chat_template([user, said])
        if not both.startswith(alone):
            raise ModelError(
                f"{self.mllm.card['model']['name']}: its chat template writes a prompt otherwise "
                "once an answer follows, so answers cannot be told apart"
            )
        return str(both[len(alone) :])

    def _rows(
        self, prompts: list[list[int]], answers: list[tuple[list[int], list[float]]], asked: Any
    ) -> dict[str, Tensor]:
        length = max(len(p) + len(ids) for p, (ids, _) in zip(prompts, answers, strict=True))
        shape = (len(prompts), length)
        rows = {
            "input_ids": torch.full(shape, self.mllm.tokenizer.pad_token_id),
            "attention_mask": torch.zeros(shape, dtype=torch.long),
            "completion_mask": torch.zeros(shape, dtype=torch.long),
        }
        # Token types of prompts (Qwen's pictures, PaliGemma's prefix): answers continue as text.
        kinds = {name: 1 if name == "token_type_ids" else 0 for name in asked if "type_ids" in name}
        for name, text in kinds.items():
            rows[name] = torch.full(shape, text)
        if self.span_weight != 1:
            rows["token_weights"] = torch.ones(shape)
        for row, (prompt, (ids, weights)) in enumerate(zip(prompts, answers, strict=True)):
            end = len(prompt) + len(ids)
            rows["input_ids"][row, :end] = torch.tensor(prompt + ids)
            rows["attention_mask"][row, :end] = 1
            rows["completion_mask"][row, len(prompt) : end] = 1
            if self.span_weight != 1:
                rows["token_weights"][row, len(prompt) : end] = torch.tensor(weights)
            for name in kinds:
                own = row % len(asked["input_ids"])
                told = asked[name][own][asked["attention_mask"][own].bool()]
                rows[name][row, : len(prompt)] = told
        return rows

    def _crop(self, pair: Pair, picture: Image) -> Image:
        """A small part of a picture, as large as the whole: torchvision's RandomResizedCrop."""
        rng = random.Random(f"crop/{self.seed}/{pair.id}")
        width, height = picture.size
        area, ratio = rng.uniform(*CROP) * width * height, rng.uniform(0.75, 4 / 3)
        wide = max(1, min(width, round((area * ratio) ** 0.5)))
        high = max(1, min(height, round((area / ratio) ** 0.5)))
        left, top = rng.randint(0, width - wide), rng.randint(0, height - high)
        return picture.crop((left, top, left + wide, top + high)).resize((width, height))


def check_pairs(collator: Collator, pairs: Sequence[Pair], longest: int) -> None:
    """See before any training that each pair can be learned from.

    Raises:
        InputError: names the pairs whose answers are empty or alike, whose picture cannot be
            read, or that are longer than `longest` tokens.
    """
    bad: dict[str, list[str]] = {}
    readable: dict[str, str] = {}
    prefix: dict[tuple[str, tuple[int, int]], int] = {}
    for pair in pairs:
        if not pair.chosen.strip() or not pair.rejected.strip():
            bad.setdefault("with an empty answer", []).append(pair.id)
            continue
        if pair.chosen.strip() == pair.rejected.strip():
            bad.setdefault("whose answers are alike", []).append(pair.id)
            continue
        try:
            picture = collator.open_image(pair)
        except InputError as error:
            readable[pair.id] = str(error)
            bad.setdefault(f"whose picture cannot be read ({error})", []).append(pair.id)
            continue
        key = (pair.prompt, picture.size)
        if key not in prefix:  # the size alone decides how many tokens a picture takes
            asked = collator.mllm.process([Request(pair.id, pair.prompt, picture)])
            prefix[key] = asked["input_ids"].shape[1]
        answers = (
            collator.answer(pair, pair.chosen, pair.chosen_spans),
            collator.answer(pair, pair.rejected, pair.rejected_spans),
        )
        if prefix[key] + max(len(ids) for ids, _ in answers) > longest:
            bad.setdefault(f"longer than {longest} tokens", []).append(pair.id)
    for what, ids in bad.items():
        more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
        raise InputError(f"there are pairs {what}: {', '.join(ids[:5])}{more}")
