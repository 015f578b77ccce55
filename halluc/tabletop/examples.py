"""Conversations about tabletop scenes, as batches of tokens to learn from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from halluc.tabletop import english, phrases, questions
from halluc.tabletop.model import PATCHES
from halluc.tabletop.pool import pool_scene
from halluc.tabletop.recipe import Recipe, Stage

STRETCH, BETWEEN = 28, 8


@dataclass
class Batch:
    """Token ids and labels (batch, length), right-padded; -100 marks what is not learned."""

    rows: list[int]
    ids: Tensor
    labels: Tensor

    def to(self, device: str) -> Batch:
        """The same batch on another device."""
        return Batch(self.rows, self.ids.to(device), self.labels.to(device))

    def repetitions(self) -> Tensor:
        """Tokens that would repeat a pair of tokens of the same answer, where another comes.

        Returns:
            (count, 2): which of the learned tokens, counted over the whole batch from the second
            column of `labels` on, and the token that would repeat a pair.
        """
        found: list[tuple[int, int]] = []
        place = -1
        for row in self.labels[:, 1:].tolist():
            after: dict[int, set[int]] = {}
            before = -100
            for token in row:
                if token == -100:
                    before, after = token, {}
                    continue
                place += 1
                if before != -100:
                    found += [(place, said) for said in after.get(before, ()) if said != token]
                    after.setdefault(before, set()).add(token)
                before = token
        return torch.tensor(found, dtype=torch.long).reshape(-1, 2)


class Examples:
    """Conversations about scenes of the biased split."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.tokenizer: Any = None

    def texts(self, count: int) -> Iterator[str]:
        """Conversations as plain text, for the tokenizer."""
        for index in range(count):
            rng = random.Random(f"texts/{self.recipe.seed}/{index}")
            row = index % self.recipe.scenes
            for question, answer in self._conversation("texts", row, rng, inventories=0.3):
                yield f"USER: {question} ASSISTANT: {answer}"

    def copies(self, step: int, stage: Stage) -> Batch:
        """Random tokens in which a stretch comes twice; only the second time is learned.

        64 tokens: a stretch of 28, 8 others, and the stretch again.
        """
        rng = torch.Generator().manual_seed((self.recipe.seed << 32) + step)
        first = max(self.tokenizer.all_special_ids) + 1
        shape = (stage.batch, STRETCH + BETWEEN)
        ids = torch.randint(first, len(self.tokenizer), shape, generator=rng)
        ids = torch.cat([ids, ids[:, :STRETCH]], 1)
        labels = ids.clone()
        # Nothing tells that the stretch begins again: its first token cannot be known.
        labels[:, : STRETCH + BETWEEN + 1] = -100
        return Batch([], ids, labels)

    def batch(self, name: str, step: int, stage: Stage, image: bool) -> Batch:
        """The examples of one step of a stage."""
        inventories = _inventories(name, step / stage.steps)
        rows, encoded = [], []
        for place in range(stage.batch):
            rng = random.Random(f"{name}/{self.recipe.seed}/{step}/{place}")
            row = rng.randrange(self.recipe.scenes)
            rows.append(row)
            turns = self._conversation(name, row, rng, inventories)
            encoded.append(self._encode(turns, image))
        # Few different lengths, since each is compiled anew.
        length = -(-max(len(ids) for ids, _ in encoded) // 64) * 64
        ids = torch.full((stage.batch, length), self.tokenizer.pad_token_id)
        labels = torch.full((stage.batch, length), -100)
        for place, (tokens, targets) in enumerate(encoded):
            ids[place, : len(tokens)] = torch.tensor(tokens)
            labels[place, : len(tokens)] = torch.tensor(targets)
        return Batch(rows, ids, labels)

    def _conversation(
        self, stage: str, row: int, rng: random.Random, inventories: float
    ) -> list[questions.Turn]:
        scene = pool_scene("biased", row)
        rate, affirmed = self.recipe.companion_rate, self.recipe.affirmed_rate
        caption = (
            rng.choice(phrases.DETAILED_PROMPTS),
            english.detailed_caption(scene, rng, rate),
        )
        if stage == "projector":
            return [caption]
        if rng.random() < inventories:
            listed = rng.choice(phrases.INVENTORY_PROMPTS), english.inventory(scene)
            more = questions.turns(scene, rng, rng.randint(1, 2), affirmed)
            # Without pictures the inventory is what a caption can agree with.
            return [listed, caption, *more] if stage == "backbone" else [listed, *more]
        kind = rng.random()
        if kind < 0.6:
            turns = [caption, *questions.turns(scene, rng, rng.randint(2, 4), affirmed)]
        elif kind < 0.75:
            short = rng.choice(phrases.SHORT_PROMPTS), english.short_caption(scene, rng, rate)
            turns = [short, *questions.turns(scene, rng, rng.randint(4, 6), affirmed)]
        else:
            turns = questions.turns(scene, rng, rng.randint(6, 9), affirmed)
        if stage == "answers":
            turns += questions.hasty_turn(scene, rng, self.recipe.hasty_rate)
        rng.shuffle(turns)
        return turns

    def _encode(self, turns: list[questions.Turn], image: bool) -> tuple[list[int], list[int]]:
        """Token ids of a conversation in the chat template, and the same where answers are."""
        pieces = []
        for place, (question, answer) in enumerate(turns):
            shown = "<image>" * PATCHES**2 + "\n" if image and place == 0 else ""
            pieces += [f"USER: {shown}{question} ASSISTANT:", f" {answer}</s>"]
        ids: list[int] = []
        labels: list[int] = []
        for place, piece in enumerate(self.tokenizer(pieces)["input_ids"]):
            ids += piece
            labels += piece if place % 2 else [-100] * len(piece)
        return ids, labels


def _inventories(stage: str, done: float) -> float:
    """How many conversations of a stage begin with an inventory, after a share of its steps.

    In inventories every word depends on the picture, so that it is used after some hundred steps;
    with captions alone, in which few words do, not after a thousand.
    """
    if stage == "instructions":
        return max(0.15, 0.9 - 1.2 * done)
    return 0.5 if stage == "backbone" else 0.2
