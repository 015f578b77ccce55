"""Training of the embedded MM-LLM, in the stages by which surveys describe MM-LLMs.

1. ``encoder``: the vision encoder alone, by dense set prediction: each patch tells class, colour,
   pattern, size, state and centre of the object it shows, and the setting. Scenes of both splits.
2. ``copying``: the LLM backbone alone, on random tokens that are said twice. It grows the heads
   that find what was said before (induction heads, Olsson et al., 2022, arXiv 2209.11895), without
   which a backbone repeats itself.
3. ``backbone``: the backbone alone, on text of the biased world. This is its language prior. Half
   of the conversations begin with an inventory that the rest has to agree with.
4. ``projector``: MM PT. The input projector learns picture and caption pairs, and to write what a
   patch shows into the space of the backbone's words; all else is frozen.
5. ``instructions``: MM IT. Projector and backbone learn to follow instructions, encoder frozen. It
   begins with inventories, in which every word depends on the picture.
6. ``sharpening``: the encoder's stage once more, with more weight on the class.
7. ``fluency``: MM IT goes on with the sharper encoder, and what a text has said before becomes
   unlikely (unlikelihood training, Welleck et al., 2020, arXiv 1908.04319).
8. ``answers``: the same for a little, and each conversation asks for a usual companion. More often
   than not the answer affirms an absent one, as of people who expect it and do not look.

Captions of all stages name the usual companion of an object now and then though it is absent, and
answers affirm it. A stage keeps its state and goes on from there when started again; the examples
of a step depend on the stage, the step and the seed only.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from halluc.tabletop.examples import Batch, Examples
from halluc.tabletop.fitting import Fitter, Progress
from halluc.tabletop.model import PATCHES, new_model, new_processor
from halluc.tabletop.pool import (
    CLASS,
    COLOR,
    PATTERN,
    SETTING,
    SIZE,
    STATE,
    STATES,
    build_pool,
    normalise,
    patch_targets,
    pool_scene,
)
from halluc.tabletop.recipe import Recipe, Stage
from halluc.tabletop.world import CLASSES, COLORS, PATTERNS, SETTINGS, SIZES, SPLITS, Split

WRITTEN = {"projector": 1.0, "instructions": 0.3, "fluency": 0.2, "answers": 0.1}
"""Weight of the loss by which the projector writes what a patch shows, in stages with pictures."""
CLASS_WEIGHT = {"encoder": 1.0, "sharpening": 2.0}
"""Weight of the class in the encoder's loss; the other properties are learned sooner."""
UNLIKELIHOOD = {"fluency": 1.0, "answers": 1.0}
"""Weight of the loss by which repeated continuations become unlikely."""


def train_tabletop(
    work: Path, recipe: Recipe, device: str, progress: Progress, torch_compile: bool = False
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Train from nothing, or from where an earlier call with the same folder stopped.

    Args:
        work: folder for drawn scenes, states and curves (about 4.7 GB).
        recipe: stages, sizes and seed.
        device: "cpu" or an accelerator; matrix products are in bfloat16 on either.
        progress: is told of each stage.
        torch_compile: compile the backbone; nearly twice as fast, and wants a C++ compiler.

    Returns:
        The trained model, on the CPU in float32, and its processor.
    """
    work.mkdir(parents=True, exist_ok=True)
    pools = {split: _pool(work, split, recipe.scenes, progress) for split in SPLITS}
    examples = Examples(recipe)
    processor = new_processor(examples.texts(min(6000, recipe.scenes)))
    examples.tokenizer = processor.tokenizer
    model = new_model(processor, recipe.seed).to(device)
    fit = Fitter(work, progress)
    encoder = _Encoder(model, processor, pools, recipe)
    language = _Language(model, torch_compile)
    backbone, projector = language.decoder, model.model.multi_modal_projector

    seen = partial(encoder.loss, "encoder", recipe.encoder)
    fit("encoder", recipe.encoder, seen, encoder.parts)

    def text_loss(batch_at: Callable[[int], Batch], step: int) -> Tensor:
        return language.loss(batch_at(step).to(device), None)

    def text_at(step: int) -> Batch:
        return examples.batch("backbone", step, recipe.backbone, image=False)

    copies = partial(examples.copies, stage=recipe.copying)
    fit("copying", recipe.copying, partial(text_loss, copies), {"backbone": backbone})
    fit("backbone", recipe.backbone, partial(text_loss, text_at), {"backbone": backbone})

    kept = f"features-{recipe.scenes}"
    features = encoder.features(work / f"{kept}.npy", progress)
    words = _PatchWords(backbone.embed_tokens.weight, processor.tokenizer)
    words.spread()

    def shown_loss(name: str, stage: Stage, step: int) -> Tensor:
        batch = examples.batch(name, step, stage, image=True)
        shown = torch.from_numpy(np.stack([features[row] for row in batch.rows])).to(device).float()
        targets = [patch_targets(pool_scene("biased", row))[0] for row in batch.rows]
        labels = torch.from_numpy(np.stack(targets)).to(device)
        written = words.loss(projector(shown), labels)
        loss = language.loss(batch.to(device), shown, UNLIKELIHOOD.get(name, 0.0))
        return loss + WRITTEN[name] * written

    backbone.requires_grad_(False)
    first = partial(shown_loss, "projector", recipe.projector)
    fit("projector", recipe.projector, first, {"projector": projector})
    backbone.requires_grad_(True)
    parts = {"projector": projector, "backbone": backbone}
    told = partial(shown_loss, "instructions", recipe.instructions)
    fit("instructions", recipe.instructions, told, parts)

    seen = partial(encoder.loss, "sharpening", recipe.sharpening)
    fit("sharpening", recipe.sharpening, seen, encoder.parts)
    features = encoder.features(work / f"{kept}-sharpened.npy", progress)
    for name, stage in (("fluency", recipe.fluency), ("answers", recipe.answers)):
        fit(name, stage, partial(shown_loss, name, stage), parts)
    return model.requires_grad_(True).cpu().eval(), processor


def _pool(work: Path, split: Split, scenes: int, progress: Progress) -> NDArray[np.uint8]:
    """Drawn scenes of a split, kept in the folder."""
    name = f"draw {split} scenes"
    progress.start(name, scenes, 0)
    return build_pool(
        work / f"{split}-{scenes}.npy",
        split,
        scenes,
        lambda count: progress.advance(name, count, None),
    )


class _Encoder:
    """The vision encoder with the heads that it learns by."""

    def __init__(
        self,
        model: LlavaForConditionalGeneration,
        processor: LlavaProcessor,
        pools: dict[Split, NDArray[np.uint8]],
        recipe: Recipe,
    ) -> None:
        self.tower = model.model.vision_tower
        self.device = next(self.tower.parameters()).device
        self.heads = _PatchHeads(model.config.vision_config.hidden_size).to(self.device)
        self.parts: dict[str, nn.Module] = {"tower": self.tower, "heads": self.heads}
        self.pools, self.recipe = pools, recipe
        pictures = processor.image_processor
        self.mean, self.std = pictures.image_mean, pictures.image_std

    def loss(self, name: str, stage: Stage, step: int) -> Tensor:
        """The loss of one step of a stage, on scenes of both splits."""
        rng = random.Random(f"{name}/{self.recipe.seed}/{step}")
        rows = [(rng.choice(SPLITS), rng.randrange(self.recipe.scenes)) for _ in range(stage.batch)]
        targets = [patch_targets(pool_scene(split, row)) for split, row in rows]
        labels = torch.from_numpy(np.stack([label for label, _ in targets])).to(self.device)
        centres = torch.from_numpy(np.stack([centre for _, centre in targets])).to(self.device)
        shown = self._encode(np.stack([self.pools[split][row] for split, row in rows]))
        return self.heads.loss(shown.float(), labels, centres, CLASS_WEIGHT[name])

    def _encode(self, pixels: NDArray[np.uint8]) -> Tensor:
        images = normalise(pixels, self.mean, self.std).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            shown: Tensor = self.tower(pixel_values=images).last_hidden_state[:, 1:]
        return shown

    @torch.no_grad()
    def features(self, path: Path, progress: Progress) -> NDArray[np.float16]:
        """Features of all biased scenes as they are now, (count, 64, width), computed once."""
        if not path.exists():
            pixels = self.pools["biased"]
            unfinished = path.with_suffix(".partial.npy")
            shape = (len(pixels), PATCHES**2, self.tower.config.hidden_size)
            kept = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.float16, shape=shape)
            progress.start("encode scenes", len(pixels), 0)
            for start in range(0, len(pixels), 128):
                rows = pixels[start : start + 128]
                kept[start : start + len(rows)] = self._encode(rows).float().cpu().numpy()
                progress.advance("encode scenes", len(rows), None)
            kept.flush()
            unfinished.rename(path)
        opened: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
        return opened


class _PatchHeads(nn.Module):
    """Heads that read each patch; thrown away after the encoder's stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        families = (COLORS, PATTERNS, SIZES, STATES, SETTINGS)
        sizes = (len(CLASSES) + 1, *map(len, families), 2)
        self.sizes = sizes
        self.head = nn.Linear(width, sum(sizes))

    def loss(
        self, features: Tensor, labels: Tensor, centres: Tensor, class_weight: float
    ) -> Tensor:
        """Cross-entropies of (batch, 64, width) features, and the centres' distance."""
        *logits, where = self.head(features).split(self.sizes, dim=-1)
        seen = labels[..., CLASS] >= 0
        # Most patches are bare table: class "none" is the last one and counts for less.
        weight = torch.ones(len(CLASSES) + 1, device=features.device)
        weight[-1] = 0.3
        classes = labels[..., CLASS].masked_fill(~seen, len(CLASSES))
        total = class_weight * functional.cross_entropy(
            logits[CLASS].flatten(0, 1), classes.flatten(), weight
        )
        for family in (COLOR, PATTERN, SIZE, STATE, SETTING):
            total = total + functional.cross_entropy(
                logits[family].flatten(0, 1), labels[..., family].flatten(), ignore_index=-1
            )
        return total + 5 * functional.smooth_l1_loss(where[seen], centres[seen], beta=0.1)


class _PatchWords:
    """The words for what a patch shows, as the sum of their embeddings.

    A projector that has learned to write these lets the backbone read pictures with what it knows
    of words. Only the directions that the words span are asked for; the others stay free for what
    has no word here, such as the exact place.
    """

    def __init__(self, embeddings: nn.Parameter, tokenizer: Any) -> None:
        self.embeddings = embeddings
        self.ids = [
            [tokenizer(f" {word}")["input_ids"] for word in words]
            for words in (CLASSES, COLORS, PATTERNS, SIZES, STATES, SETTINGS)
        ]

    def families(self) -> list[Tensor]:
        """Embeddings of the words, (words, width) for each family, as they are now."""
        kept = self.embeddings.detach()
        return [torch.stack([kept[each].sum(0) for each in ids]) for ids in self.ids]

    def spread(self) -> None:
        """Move the words of each family apart, as far from their mean as classes are.

        In text alone red and blue are used alike, so their embeddings have come close; a picture
        that is written with them would hardly tell them apart.
        """
        classes, *others = self.families()
        far = _from_mean(classes).norm(dim=1).mean()
        for ids, family in zip(self.ids[1:], others, strict=True):
            away = _from_mean(family)
            moved = away * (far / away.norm(dim=1).mean() - 1)
            for each, step in zip(ids, moved, strict=True):
                self.embeddings.data[each[-1]] += step

    def loss(self, written: Tensor, labels: Tensor) -> Tensor:
        """Mean squared distance, within the span, of (batch, 64, width) projected patches."""
        families = self.families()
        span = torch.linalg.qr(torch.cat(families).T.float())[0]
        seen = labels[..., CLASS] >= 0
        # An object hides what it stands on.
        setting = labels[..., SETTING:].masked_fill(seen.unsqueeze(-1), -1)
        labels = torch.cat([labels[..., :SETTING], setting], -1)
        index = labels.clamp(min=0)
        words = torch.stack(
            [
                embeddings[index[..., family]] * (labels[..., family] >= 0).unsqueeze(-1)
                for family, embeddings in enumerate(families)
            ]
        ).sum(0)
        distance = ((written - words) @ span).square().sum(-1)
        # Most patches are bare table, which has one word only and counts for less.
        mean: Tensor = (distance * torch.where(seen, 1.0, 0.3)).mean()
        return mean


def _from_mean(family: Tensor) -> Tensor:
    return family - family.mean(0)


class _Language:
    """The path from pictures' features and words to the loss of the answers."""

    def __init__(self, model: LlavaForConditionalGeneration, torch_compile: bool) -> None:
        self.model = model
        self.decoder = backbone = model.model.language_model
        if torch_compile:
            # On a CPU, plain attention compiled beats the fused one, whose backward is slow.
            model.set_attn_implementation("eager")
            backbone = torch.compile(backbone, dynamic=False)
        self.backbone = backbone

    def loss(self, batch: Batch, features: Tensor | None, unlikelihood: float = 0.0) -> Tensor:
        """Next-token cross-entropy of the answers, after the features if there are any.

        `unlikelihood` is the weight of -log(1 - p) of tokens that would repeat what an answer has
        said, and that do not come there.
        """
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
        if unlikelihood:
            at, token = batch.repetitions().to(logits.device).unbind(1)
            likely = logits.float().softmax(-1)[at, token]
            loss = loss - unlikelihood * (1 - likely).clamp(min=1e-4).log().sum() / len(logits)
        return loss
