"""Training of the embedded MM-LLM, in the stages by which surveys describe MM-LLMs.

1. ``encoder``: the vision encoder alone, by dense set prediction: each patch tells class, colour,
   pattern, size and centre of the object it shows. Scenes of both splits.
2. ``backbone``: the LLM backbone alone, on text of the biased world. This is its language prior.
3. ``projector``: MM PT. The input projector learns picture and caption pairs, and to write what a
   patch shows into the space of the backbone's words; all else is frozen.
4. ``instructions``: MM IT. Projector and backbone learn to follow instructions, encoder frozen. It
   begins with inventories, in which every word depends on the picture.

Captions of stages 2 to 4 name the usual companion of an object now and then though it is absent,
and answers affirm it.
A stage keeps its state every `SAVE_EVERY` steps and goes on from there when started again; the
examples of a step depend on the stage, the step and the seed only.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from halluc.tabletop import english
from halluc.tabletop.model import PATCHES, new_model, new_processor
from halluc.tabletop.pool import (
    CLASS,
    COLOR,
    PATTERN,
    SIZE,
    build_pool,
    normalise,
    patch_targets,
    pool_scene,
)
from halluc.tabletop.world import CLASSES, COLORS, PATTERNS, SIZES, SPLITS

SAVE_EVERY = 200
LOG_EVERY = 20


@dataclass(frozen=True)
class Stage:
    """How long and how fast a stage learns.

    Attributes:
        steps: optimiser steps.
        batch: examples a step.
        rate: peak learning rate of AdamW; linear warm-up over 5 %, then cosine to a tenth.
    """

    steps: int
    batch: int
    rate: float


@dataclass(frozen=True)
class Recipe:
    """All there is to choose about the training.

    Attributes:
        encoder, backbone, projector, instructions: the stages.
        scenes: scenes drawn for each split.
        companion_rate: how often a caption names an absent companion, or an answer affirms one.
        seed: of weights and examples.
    """

    encoder: Stage = Stage(2400, 64, 1e-3)
    backbone: Stage = Stage(320, 32, 1.5e-3)
    projector: Stage = Stage(160, 32, 2e-3)
    instructions: Stage = Stage(6000, 32, 1e-3)
    scenes: int = 24_000
    companion_rate: float = 0.35
    seed: int = 0

    def scaled(self, factor: float) -> Recipe:
        """The same recipe with every stage, and the pool, shorter or longer."""

        def longer(stage: Stage) -> Stage:
            return Stage(max(1, round(stage.steps * factor)), stage.batch, stage.rate)

        return Recipe(
            encoder=longer(self.encoder),
            backbone=longer(self.backbone),
            projector=longer(self.projector),
            instructions=longer(self.instructions),
            scenes=max(64, round(self.scenes * min(factor, 1))),
            companion_rate=self.companion_rate,
            seed=self.seed,
        )


class Progress(Protocol):
    """What training tells of itself."""

    def start(self, stage: str, total: int, done: int) -> None:
        """A stage begins, or goes on after `done` of `total`."""

    def advance(self, stage: str, count: int, loss: float | None) -> None:
        """So many more are done."""


def train_tabletop(
    work: Path, recipe: Recipe, device: str, progress: Progress, torch_compile: bool = False
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Train from nothing, or from where an earlier call with the same folder stopped.

    Args:
        work: folder for drawn scenes, states and curves (about 2.5 GB).
        recipe: stages, sizes and seed.
        device: "cpu" or an accelerator; matrix products are in bfloat16 on either.
        progress: is told of each stage.
        torch_compile: compile the backbone; nearly twice as fast, and wants a C++ compiler.

    Returns:
        The trained model, on the CPU in float32, and its processor.
    """
    work.mkdir(parents=True, exist_ok=True)
    pools = {}
    for split in SPLITS:
        name = f"draw {split} scenes"
        progress.start(name, recipe.scenes, 0)
        pools[split] = build_pool(
            work / f"{split}-{recipe.scenes}.npy",
            split,
            recipe.scenes,
            lambda count, name=name: progress.advance(name, count, None),  # type: ignore[misc]
        )
    examples = _Examples(recipe)
    processor = new_processor(examples.texts(min(6000, recipe.scenes)))
    examples.tokenizer = processor.tokenizer
    model = new_model(processor, recipe.seed).to(device)
    fit = _Fitter(work, model, recipe, device, progress)

    pictures = processor.image_processor
    looks = _PatchLooks(model.config.vision_config.hidden_size).to(device)

    def encoder_loss(step: int) -> Tensor:
        rng = random.Random(f"encoder/{recipe.seed}/{step}")
        rows = [
            (rng.choice(SPLITS), rng.randrange(recipe.scenes)) for _ in range(recipe.encoder.batch)
        ]
        pixels = np.stack([pools[split][row] for split, row in rows])
        targets = [patch_targets(pool_scene(split, row)) for split, row in rows]
        labels = torch.from_numpy(np.stack([label for label, _ in targets])).to(device)
        centres = torch.from_numpy(np.stack([centre for _, centre in targets])).to(device)
        images = normalise(pixels, pictures.image_mean, pictures.image_std).to(device)
        with torch.autocast(device, torch.bfloat16):
            features = model.model.vision_tower(pixel_values=images).last_hidden_state[:, 1:]
        return looks.loss(features.float(), labels, centres)

    tower = model.model.vision_tower
    fit("encoder", recipe.encoder, encoder_loss, {"tower": tower, "looks": looks})
    tower.requires_grad_(False)

    backbone = model.model.language_model
    language = _Language(model, torch_compile)

    def text_loss(step: int) -> Tensor:
        batch = examples.batch("backbone", step, recipe.backbone, image=False)
        return language.loss(batch.to(device), None)

    fit("backbone", recipe.backbone, text_loss, {"backbone": backbone})

    kept = work / f"features-{recipe.scenes}.npy"
    features = _features(kept, tower, pools["biased"], pictures, progress)

    projector = model.model.multi_modal_projector
    backbone.requires_grad_(False)
    words = _PatchWords(backbone.embed_tokens.weight, processor.tokenizer)

    def pair_loss(step: int) -> Tensor:
        batch = examples.batch("projector", step, recipe.projector, image=True)
        shown = torch.from_numpy(np.stack([features[row] for row in batch.rows])).to(device).float()
        targets = [patch_targets(pool_scene("biased", row))[0] for row in batch.rows]
        labels = torch.from_numpy(np.stack(targets)).to(device)
        said = words.loss(projector(shown), labels)
        return language.loss(batch.to(device), shown) + said

    fit("projector", recipe.projector, pair_loss, {"projector": projector})
    backbone.requires_grad_(True)

    def instruction_loss(step: int) -> Tensor:
        batch = examples.batch("instructions", step, recipe.instructions, image=True)
        shown = torch.from_numpy(np.stack([features[row] for row in batch.rows])).to(device).float()
        return language.loss(batch.to(device), shown)

    parts = {"projector": projector, "backbone": backbone}
    fit("instructions", recipe.instructions, instruction_loss, parts)
    return model.requires_grad_(True).cpu().eval(), processor


@dataclass
class _Batch:
    """Token ids and labels (batch, length), right-padded; -100 marks what is not learned."""

    rows: list[int]
    ids: Tensor
    labels: Tensor

    def to(self, device: str) -> _Batch:
        return _Batch(self.rows, self.ids.to(device), self.labels.to(device))


class _Examples:
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

    def batch(self, name: str, step: int, stage: Stage, image: bool) -> _Batch:
        """The examples of one step of a stage."""
        # In inventories every word depends on the picture, so that it is used after some hundred
        # steps; with captions alone, in which few words do, not after a thousand.
        inventories = max(0.15, 0.9 - 1.2 * step / stage.steps) if name == "instructions" else 0.2
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
        return _Batch(rows, ids, labels)

    def _conversation(
        self, stage: str, row: int, rng: random.Random, inventories: float
    ) -> list[english.Turn]:
        scene, rate = pool_scene("biased", row), self.recipe.companion_rate
        caption = (
            rng.choice(english.DETAILED_PROMPTS),
            english.detailed_caption(scene, rng, rate),
        )
        if stage == "projector":
            return [caption]
        if rng.random() < inventories:
            listed = rng.choice(english.INVENTORY_PROMPTS), english.inventory(scene)
            return [listed, *english.turns(scene, rng, rng.randint(1, 2), rate)]
        kind = rng.random()
        if kind < 0.6:
            turns = [caption, *english.turns(scene, rng, rng.randint(2, 4), rate)]
        elif kind < 0.75:
            short = rng.choice(english.SHORT_PROMPTS), english.short_caption(scene, rng, rate)
            turns = [short, *english.turns(scene, rng, rng.randint(4, 6), rate)]
        else:
            turns = english.turns(scene, rng, rng.randint(6, 9), rate)
        rng.shuffle(turns)
        return turns

    def _encode(self, turns: list[english.Turn], image: bool) -> tuple[list[int], list[int]]:
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


class _PatchLooks(nn.Module):
    """Heads that read each patch; thrown away after the encoder's stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = (len(CLASSES) + 1, len(COLORS), len(PATTERNS), len(SIZES), 2)
        self.sizes = sizes
        self.head = nn.Linear(width, sum(sizes))

    def loss(self, features: Tensor, labels: Tensor, centres: Tensor) -> Tensor:
        """Cross-entropies of (batch, 64, width) features, and the centres' distance."""
        *logits, where = self.head(features).split(self.sizes, dim=-1)
        seen = labels[..., CLASS] >= 0
        # Most patches are bare table: class "none" is the last one and counts for less.
        weight = torch.ones(len(CLASSES) + 1, device=features.device)
        weight[-1] = 0.3
        classes = labels[..., CLASS].masked_fill(~seen, len(CLASSES))
        total = functional.cross_entropy(logits[CLASS].flatten(0, 1), classes.flatten(), weight)
        for family in (COLOR, PATTERN, SIZE):
            total = total + functional.cross_entropy(logits[family][seen], labels[seen][:, family])
        return total + 5 * functional.smooth_l1_loss(where[seen], centres[seen], beta=0.1)


class _Fitter:
    """The optimisation loop, the same for every stage."""

    def __init__(
        self, work: Path, model: nn.Module, recipe: Recipe, device: str, progress: Progress
    ) -> None:
        self.work, self.model, self.recipe = work, model, recipe
        self.device, self.progress = device, progress

    def __call__(
        self,
        name: str,
        stage: Stage,
        loss_at: Callable[[int], Tensor],
        parts: dict[str, nn.Module],
    ) -> None:
        """Bring a stage to its end; only the given parts learn, and are kept."""
        learners = {
            f"{part}.{key}": value
            for part, module in parts.items()
            for key, value in module.named_parameters()
        }
        optimiser = torch.optim.AdamW(
            learners.values(), lr=stage.rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        path = self.work / f"{name}.safetensors"
        done = _load_state(path, learners, optimiser)
        self.progress.start(name, stage.steps, done)
        since, losses = time.monotonic(), []
        for step in range(done, stage.steps):
            for group in optimiser.param_groups:
                group["lr"] = stage.rate * _schedule(step, stage.steps)
            loss = loss_at(step)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learners.values(), 1.0)
            optimiser.step()
            losses.append(loss.item())
            self.progress.advance(name, 1, losses[-1])
            if (step + 1) % LOG_EVERY == 0 or step + 1 == stage.steps:
                self._log(name, step + 1, sum(losses) / len(losses), time.monotonic() - since)
                losses = []
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == stage.steps:
                _save_state(path, learners, optimiser, step + 1)

    def _log(self, stage: str, step: int, loss: float, seconds: float) -> None:
        line = {"stage": stage, "step": step, "loss": round(loss, 5), "seconds": round(seconds, 1)}
        with (self.work / "curves.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


class _PatchWords:
    """The words for what a patch shows, as the sum of their embeddings.

    A projector that has learned to write these lets the backbone read pictures with what it knows
    of words. Only the directions that the words span are asked for; the others stay free for what
    has no word here, such as the exact place.
    """

    def __init__(self, embeddings: Tensor, tokenizer: Any) -> None:
        def embed(words: Iterable[str]) -> Tensor:
            ids = [tokenizer(f" {word}")["input_ids"] for word in words]
            return torch.stack([embeddings.detach()[each].sum(0) for each in ids])

        self.families = [embed(words) for words in (CLASSES, COLORS, PATTERNS, SIZES)]
        self.span = torch.linalg.qr(torch.cat(self.families).T.float())[0]

    def loss(self, written: Tensor, labels: Tensor) -> Tensor:
        """Mean squared distance, within the span, of (batch, 64, width) projected patches."""
        seen = labels[..., CLASS] >= 0
        index = labels.clamp(min=0)
        words = torch.stack(
            [self.families[family][index[..., family]] for family in (CLASS, COLOR, PATTERN, SIZE)]
        ).sum(0)
        distance = ((written - words * seen.unsqueeze(-1)) @ self.span).square().sum(-1)
        # Most patches are bare table, which has no words and counts for less.
        mean: Tensor = (distance * torch.where(seen, 1.0, 0.3)).mean()
        return mean


class _Language:
    """The path from pictures' features and words to the loss of the answers."""

    def __init__(self, model: LlavaForConditionalGeneration, torch_compile: bool) -> None:
        self.model = model
        backbone = model.model.language_model
        if torch_compile:
            # On a CPU, plain attention compiled beats the fused one, whose backward is slow.
            model.set_attn_implementation("eager")
            backbone = torch.compile(backbone, dynamic=False)
        self.backbone = backbone

    def loss(self, batch: _Batch, features: Tensor | None) -> Tensor:
        """Next-token cross-entropy of the answers, after the features if there are any."""
        core = self.model.model
        with torch.autocast(batch.ids.device.type, torch.bfloat16):
            embedded = core.language_model.embed_tokens(batch.ids)
            if features is not None:
                shown = core.multi_modal_projector(features).to(embedded.dtype)
                image = (batch.ids == self.model.config.image_token_index).unsqueeze(-1)
                embedded = embedded.masked_scatter(image, shown)
            # Padding stands on the right, where causal attention never looks.
            hidden = self.backbone(inputs_embeds=embedded, use_cache=False).last_hidden_state
            learned = batch.labels[:, 1:] != -100
            logits = self.model.lm_head(hidden[:, :-1][learned])
        loss: Tensor = functional.cross_entropy(logits.float(), batch.labels[:, 1:][learned])
        return loss


@torch.no_grad()
def _features(
    path: Path,
    tower: Any,
    pixels: NDArray[np.uint8],
    pictures: Any,
    progress: Progress,
) -> NDArray[np.float16]:
    """The frozen encoder's features of all scenes, (count, 64, width), computed once."""
    if not path.exists():
        partial = path.with_suffix(".partial.npy")
        place = next(tower.parameters()).device
        shape = (len(pixels), PATCHES**2, tower.config.hidden_size)
        kept = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
        progress.start("encode scenes", len(pixels), 0)
        for start in range(0, len(pixels), 128):
            rows = pixels[start : start + 128]
            images = normalise(rows, pictures.image_mean, pictures.image_std).to(place)
            with torch.autocast(place.type, torch.bfloat16):
                hidden = tower(pixel_values=images).last_hidden_state[:, 1:]
            kept[start : start + len(rows)] = hidden.float().cpu().numpy()
            progress.advance("encode scenes", len(rows), None)
        kept.flush()
        partial.rename(path)
    opened: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    return opened


def _schedule(step: int, steps: int) -> float:
    """Share of the peak learning rate at a step."""
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.1 + 0.45 * (1 + float(np.cos(np.pi * (step - warm) / max(1, steps - warm))))


def _save_state(
    path: Path, learners: dict[str, nn.Parameter], optimiser: torch.optim.Optimizer, step: int
) -> None:
    tensors = {}
    for name, value in learners.items():
        tensors[name] = value.detach().cpu().contiguous()
        # A parameter that no loss reached has no moments.
        for key, moment in optimiser.state[value].items():
            tensors[f"{key}:{name}"] = moment.detach().cpu().contiguous()
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, {"step": str(step)})
    partial.replace(path)


def _load_state(
    path: Path, learners: dict[str, nn.Parameter], optimiser: torch.optim.Optimizer
) -> int:
    """Bring back a stage's state; how many steps it has done."""
    if not path.exists():
        return 0
    with safe_open(path, "pt") as file:
        for name, value in learners.items():
            value.data.copy_(file.get_tensor(name))
            optimiser.state[value] = {
                key: file.get_tensor(f"{key}:{name}").to("cpu" if key == "step" else value.device)
                for key in ("exp_avg", "exp_avg_sq", "step")
                if f"{key}:{name}" in file.keys()  # noqa: SIM118 - the handle is no mapping
            }
        return int(file.metadata()["step"])


def curve(path: Path) -> Iterable[dict[str, Any]]:
    """The lines of a curves.jsonl: stage, step, mean loss since the line before, seconds."""
    return [json.loads(line) for line in path.read_text().splitlines()]
