"""Preference pairs as batches of tokens and pictures, for TRL's loss."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from halluc.mllm import Request
from mitigation.precorrection.pairs import Pair, Span
from mitigation.precorrection.sharing import is_of_rows
from mitigation.precorrection.turns import answer_ids, ask, written
from mitigation.precorrection.turns import rows as turn_rows

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
        pictures = [self.open_image(pair) for pair in pairs]
        prompts, batch, asked = ask(self.mllm, pairs, pictures)
        better = [self.answer(p, p.chosen, p.chosen_spans) for p in pairs]
        worse = [self.answer(p, p.rejected, p.rejected_spans) for p in pairs]
        ids, weights = zip(*better, *worse, strict=True)
        batch |= turn_rows(self.mllm, prompts * 2, ids, asked)
        if self.span_weight != 1:
            batch["token_weights"] = torch.ones(batch["input_ids"].shape)
            batch["token_weights"][batch["completion_mask"].bool()] = torch.tensor(
                [each for some in weights for each in some]
            )
        if self.corrupted:
            requests = [
                Request(p.id, p.prompt, self._crop(p, i))
                for p, i in zip(pairs, pictures, strict=True)
            ]
            cropped = self.mllm.process(requests)
            batch["corrupted"] = {
                name: value for name, value in cropped.items() if not is_of_rows(name)
            }
        if self.reference:
            told = torch.tensor([self.reference[pair.id] for pair in pairs])
            batch["ref_chosen_logps"], batch["ref_rejected_logps"] = told[:, 0], told[:, 1]
            if self.corrupted:
                batch["ref_corrupted_logps"] = told[:, 2]
        return batch

    def answer(self, pair: Pair, text: str, spans: Sequence[Span]) -> tuple[list[int], list[float]]:
        """Token ids of an answer behind the prompt, and their weights.

        With a span weight γ, tokens of changed words count γ and the sum is divided by the weights'
        sum, which gives RLHF-V's score; without, all count 1.

        Raises:
            ModelError: the chat template writes prompts before answers otherwise than alone.
        """
        if self.span_weight == 1:
            ids = answer_ids(self.mllm, pair.prompt, text)
            return ids, [1.0] * len(ids)
        whole = written(self.mllm, pair.prompt, text)
        tokens = self.mllm.tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
        begin = whole.index(text)
        weights = [
            self.span_weight
            if any(s + begin < last and first < e + begin for s, e in spans)
            else 1.0
            for first, last in tokens["offset_mapping"]
        ]
        return list(tokens["input_ids"]), [each / sum(weights) for each in weights]

    def _crop(self, pair: Pair, picture: Image) -> Image:
        """A small part of a picture, as large as the whole: torchvision's RandomResizedCrop."""
        rng = random.Random(f"crop/{self.seed}/{pair.id}")
        width, height = picture.size
        area, ratio = rng.uniform(*CROP) * width * height, rng.uniform(0.75, 4 / 3)
        wide = max(1, min(width, round((area * ratio) ** 0.5)))
        high = max(1, min(height, round((area / ratio) ** 0.5)))
        left, top = rng.randint(0, width - wide), rng.randint(0, height - high)
        return picture.crop((left, top, left + wide, top + high)).resize((width, height))
