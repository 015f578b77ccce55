"""Direct preference optimisation (Rafailov et al., 2023, arXiv 2305.18290) of an MM-LLM on pairs.

The training is that of TRL's DPOTrainer with LoRA: π is the model with the adapter, the reference
is the model without. With D(y) = log π(y|x, v) - log π_ref(y|x, v), its loss is
-log σ(β (D(chosen) - D(rejected))), or another of TRL's losses by name.

Beside it stands what TRL lacks for pictures: prompt and picture of a pair are computed once
(`mitigation.precorrection.sharing`), the reference's log-probabilities once for all epochs, and two
published additions:

- mDPO (Wang et al., 2024, arXiv 2406.11839): - log σ(β (D(chosen) - D(chosen | cropped picture)))
  makes the answer hang on the picture, - log σ(β D(chosen)) keeps it likely. Policy and reference
  see the same crop.
- span weights (RLHF-V, Yu et al., 2024, arXiv 2312.00849): changed words count γ times in
  log π(y), which is divided by the sum of the weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer

from halluc.errors import InputError
from halluc.jsonl import write_json
from mitigation.precorrection.agreement import (
    agree,
    has_aux_loss,
    has_own_head,
    in_one_line,
    use_right_head,
)
from mitigation.precorrection.batches import Collator
from mitigation.precorrection.lora import Tuning, as_rows, lora, settings
from mitigation.precorrection.order import KeepsOrder
from mitigation.precorrection.pairs import Pair
from mitigation.precorrection.sharing import PairForward, can_share, is_of_rows, twice

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM

LOSSES = (
    "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot",
    "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Recipe(Tuning):
    """How to train by DPO, beside what `Tuning` says; the seed is that of mDPO's crops, too.

    Attributes:
        losses: TRL's losses by name, summed with `weights` (1 each if empty).
        beta: β; how far the model may go from the reference, smaller is further.
        mdpo: weight of mDPO's two terms; 0: none.
        span_weight: γ of changed words; 1: all words alike.
        share_prefix: compute picture and prompt once a pair, where the model allows it.
    """

    losses: tuple[str, ...] = ("sigmoid",)
    weights: tuple[float, ...] = ()
    beta: float = 0.1
    mdpo: float = 0.0
    span_weight: float = 1.0
    share_prefix: bool = True

    def __post_init__(self) -> None:
        unknown = [each for each in self.losses if each not in LOSSES]
        if unknown:
            raise InputError(f"there is no loss {unknown[0]!r}; choose {', '.join(LOSSES)}")
        if self.weights and len(self.weights) != len(self.losses):
            raise InputError(f"{len(self.weights)} weights for {len(self.losses)} losses")


class PairTrainer(KeepsOrder, DPOTrainer):  # type: ignore[misc]
    """TRL's trainer on batches of `Collator`, whose pictures come once a pair."""

    def __init__(self, *, recipe: Recipe, **settings: Any) -> None:
        super().__init__(**settings)
        self.recipe = recipe
        base = self.model.get_base_model()
        self.share = recipe.share_prefix and can_share(base)

    @property
    def fused(self) -> bool:
        """Whether TRL's fused head gives the model's own log-probabilities."""
        return not has_own_head(self.model.get_base_model())

    @torch.no_grad()
    def reference(self, batch: dict[str, Any]) -> list[list[float]]:
        """Log-probabilities of the reference: chosen, rejected, chosen with the cropped picture."""
        batch = self._prepare_inputs(batch)
        crop = batch.pop("corrupted", None)
        log_probs = [*self.compute_ref_log_probs(PairForward(self.model, self.share), batch)]
        if crop is not None:
            with self.model.disable_adapter():
                log_probs.append(self._with_crop(PairForward(self.model, False), batch, crop))
        rows: list[list[float]] = torch.stack(log_probs, 1).tolist()
        return rows

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
        crop = inputs.pop("corrupted", None)
        ref_crop = inputs.pop("ref_corrupted_logps", None)
        forward = PairForward(model, self.share)
        loss = super()._compute_loss(forward, inputs, return_outputs)
        if crop is None or forward.log_probs is None or ref_crop is None:
            return loss
        chosen = forward.log_probs[: len(ref_crop)].sum(1) - inputs["ref_chosen_logps"]
        cropped = self._with_crop(PairForward(model, False), inputs, crop) - ref_crop
        conditional = -logsigmoid(self.beta * (chosen - cropped))
        anchored = -logsigmoid(self.beta * chosen)
        return loss + self.recipe.mdpo * (conditional + anchored).mean()

    @torch.no_grad()
    def check_log_probs(self, batch: dict[str, Any], name: str) -> None:
        """Make sure that the log-probabilities of a batch are the model's own.

        Raises:
            ModelError: the model cannot take the batch.
        """
        batch = self._prepare_inputs(batch)
        left_out = ("corrupted", "token_weights", "completion_mask")
        given = {key: value for key, value in batch.items() if key not in left_out}
        rows = {key: value for key, value in given.items() if is_of_rows(key)}
        rows |= twice({key: value for key, value in given.items() if key not in rows})
        rows["labels"] = rows["input_ids"].masked_fill(batch["completion_mask"] == 0, -100)
        base = self.model.get_base_model()
        training = base.training
        base.eval()
        with self.model.disable_adapter():
            use_right_head(base, rows, name)
            # That of experts is not to be had of all families.
            self.aux_loss_enabled: bool = (
                self.aux_loss_enabled and not has_own_head(base) and has_aux_loss(base, rows)
            )
            if self.share:
                once = {key: batch[key] for key in batch if key in rows}
                once |= {"labels": rows["labels"], "use_cache": False, "fused_lm_head": True}
                shared, plain = (
                    PairForward(base, share)(**once).log_probs for share in (True, False)
                )
                self.share = agree(shared, plain, base.dtype)
        base.train(training)

    def _with_crop(
        self, forward: PairForward, batch: dict[str, Any], crop: dict[str, Any]
    ) -> Tensor:
        """Log-probabilities of the chosen answers to the cropped pictures."""
        mine = {"completion_mask", "ref_chosen_logps", "ref_rejected_logps"}
        count = len(batch["input_ids"]) // 2
        rows = {
            name: value[:count] if is_of_rows(name) else value
            for name, value in batch.items()
            if name not in mine
        }
        weights = rows.pop("token_weights", None)
        labels = rows["input_ids"].masked_fill(batch["completion_mask"][:count] == 0, -100)
        rows |= {**crop, "labels": labels}
        told: Tensor = forward.model(**rows, use_cache=False, fused_lm_head=True).log_probs
        return (told if weights is None else told * weights[:, 1:]).sum(1)


def make_trainer(
    mllm: TransformersMLLM,
    splits: dict[str, list[Pair]],
    open_image: Callable[[Pair], Image],
    recipe: Recipe,
    output: Path,
    *,
    save_steps: int,
    callbacks: Sequence[TrainerCallback] = (),
) -> PairTrainer:
    """A trainer whose reference log-probabilities are known, computed now or read from `output`.

    Raises:
        ModelError: the model's backbone has no layers that LoRA could be put on, or it cannot take
            pairs.
    """
    pairs = {pair.id: pair for some in splits.values() for pair in some}
    collator = Collator(
        mllm,
        pairs,
        open_image,
        span_weight=recipe.span_weight,
        corrupted=recipe.mdpo > 0,
        seed=recipe.seed,
    )
    config = DPOConfig(
        beta=recipe.beta,
        loss_type=list(recipe.losses),
        loss_weights=list(recipe.weights) or None,
        **settings(mllm, recipe, output, save_steps=save_steps, evaluate=bool(splits["test"])),
    )
    name = mllm.card["model"]["name"]
    with in_one_line(name):
        trainer = PairTrainer(
            recipe=recipe,
            model=mllm.model,
            args=config,
            data_collator=collator,
            train_dataset=as_rows(splits["train"]),
            eval_dataset=as_rows(splits["test"]) if splits["test"] else None,
            processing_class=mllm.processor,
            peft_config=lora(mllm, recipe),
            callbacks=list(callbacks),
        )
    trainer.precompute_ref_logps = True
    if splits["train"]:
        few = [{"id": pair.id} for pair in splits["train"][:2]]
        with in_one_line(name):
            batch = collator(few)
        trainer.check_log_probs(batch, name)
    with trainer.accelerator.main_process_first(), in_one_line(name):
        collator.reference = _reference(trainer, list(pairs.values()), output / "reference.json")
    return trainer


def _reference(trainer: PairTrainer, pairs: Sequence[Pair], file: Path) -> dict[str, list[float]]:
    """Log-probabilities of the reference by pair id, from the file if an earlier call left it."""
    if file.is_file():
        known: dict[str, list[float]] = json.loads(file.read_text())
        if set(known) == {pair.id for pair in pairs}:
            return known
    size = trainer.args.per_device_eval_batch_size
    found: dict[str, list[float]] = {}
    was_training = trainer.model.training
    trainer.model.eval()
    trainer.model.to(trainer.args.device)
    pairs = sorted(pairs, key=lambda pair: len(pair.chosen) + len(pair.rejected))
    for start in range(0, len(pairs), size):
        some = pairs[start : start + size]
        batch = trainer.data_collator([{"id": pair.id} for pair in some])
        found |= zip((pair.id for pair in some), trainer.reference(batch), strict=True)
    trainer.model.train(was_training)
    write_json(file, found)
    return found
