"""Training of a revisor: an MM-LLM learns to write a masked caption as it should be.

Supervised fine-tuning by TRL's SFTTrainer with LoRA, on pairs whose prompt holds the masked caption
(`mitigation.postcorrection.masked_pairs`): the loss is −log p of the better answer's tokens, its
end token included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from mitigation.precorrection.batches import Collator
from mitigation.precorrection.dpo import _targets
from mitigation.precorrection.pairs import Pair

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM


@dataclass(frozen=True)
class RevisorRecipe:
    learning_rate: float = 1e-4
    epochs: float = 1.0
    batch_size: int = 8
    accumulate: int = 1
    warmup: float = 0.1
    rank: int = 16
    alpha: int = 32
    longest: int = 2048
    seed: int = 0


class Targets(Collator):
    """Turns rows with a pair's id into a batch of better answers alone."""

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        pairs = [self.pairs[row["id"]] for row in rows]
        batch, prompts, asked = self.asked(pairs)
        said = [self.answer(pair, pair.chosen, ()) for pair in pairs]
        batch |= self._rows(prompts, said, asked)
        mask = batch.pop("completion_mask")
        batch["labels"] = batch["input_ids"].masked_fill(mask == 0, -100)
        return batch


def make_sft_trainer(
    mllm: TransformersMLLM,
    splits: dict[str, list[Pair]],
    open_image: Callable[[Pair], Image],
    recipe: RevisorRecipe,
    output: Path,
    *,
    save_steps: int,
    callbacks: Sequence[TrainerCallback] = (),
) -> SFTTrainer:
    pairs = {pair.id: pair for some in splits.values() for pair in some}
    config = SFTConfig(
        output_dir=str(output),
        learning_rate=recipe.learning_rate,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulate,
        warmup_steps=recipe.warmup,
        lr_scheduler_type="cosine",
        seed=recipe.seed,
        max_length=None,
        bf16=mllm.dtype == torch.bfloat16,
        use_cpu=mllm.device.type == "cpu",
        gradient_checkpointing=mllm.device.type != "cpu",
        logging_steps=5,
        logging_first_step=True,
        save_steps=save_steps,
        save_total_limit=2,
        eval_strategy="epoch" if splits["test"] else "no",
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        report_to="none",
        disable_tqdm=True,
    )
    rows = {
        name: Dataset.from_list(
            [{"id": p.id, "images": [p.image], "length": len(p.prompt) + len(p.chosen)} for p in some]
        )
        for name, some in splits.items()
        if some
    }
    return SFTTrainer(
        model=mllm.model,
        args=config,
        data_collator=Targets(mllm, pairs, open_image),
        train_dataset=rows["train"],
        eval_dataset=rows.get("test"),
        processing_class=mllm.processor,
        peft_config=LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=_targets(mllm),
            task_type="CAUSAL_LM",
        ),
        callbacks=list(callbacks),
    )
