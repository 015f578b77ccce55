"""What every training of an adapter has in common: LoRA's layers and the trainer's settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from peft import LoraConfig

from halluc.errors import ModelError
from halluc.mllm.proven import PROVEN
from mitigation.precorrection.turns import Item

if TYPE_CHECKING:
    from halluc.mllm.transformers import TransformersMLLM


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How to train; defaults are those of the papers at LLaVA's size, or TRL's.

    Attributes:
        learning_rate, epochs, batch_size, accumulate, warmup: of AdamW with a cosine schedule;
            `warmup` is a share of the steps, `batch_size` counts for each device.
        rank, alpha: of LoRA.
        longest: most tokens of prompt, picture and answer together.
        seed: of adapter and order.
    """

    learning_rate: float = 1e-5
    epochs: float = 1.0
    batch_size: int = 8
    accumulate: int = 1
    warmup: float = 0.1
    rank: int = 16
    alpha: int = 32
    longest: int = 2048
    seed: int = 0


def settings(
    mllm: TransformersMLLM, tuning: Tuning, output: Path, *, save_steps: int, evaluate: bool
) -> dict[str, Any]:
    """The trainer's arguments that do not depend on what is trained on.

    A family that is not known to bear batches learns the same steps one example at a time.
    """
    together = tuning.batch_size if mllm.config.model_type in PROVEN else 1
    return {
        "output_dir": str(output),
        "learning_rate": tuning.learning_rate,
        "num_train_epochs": tuning.epochs,
        "per_device_train_batch_size": together,
        "per_device_eval_batch_size": together,
        "gradient_accumulation_steps": tuning.accumulate * tuning.batch_size // together,
        "warmup_steps": tuning.warmup,
        "lr_scheduler_type": "cosine",
        "seed": tuning.seed,
        "max_length": None,
        "bf16": mllm.dtype == torch.bfloat16,
        "use_cpu": mllm.device.type == "cpu",
        "gradient_checkpointing": mllm.device.type != "cpu",
        "logging_steps": 5,
        "logging_first_step": True,
        "save_steps": save_steps,
        "save_total_limit": 2,
        "eval_strategy": "epoch" if evaluate else "no",
        "train_sampling_strategy": "group_by_length",
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
        "report_to": "none",
        "disable_tqdm": True,
    }


def lora(mllm: TransformersMLLM, tuning: Tuning) -> LoraConfig:
    """LoRA on the linear layers of the backbone, its head left out.

    Raises:
        ModelError: the model's backbone has no layers that LoRA could be put on.
    """
    decoder, head = mllm.model.get_decoder(), mllm.model.get_output_embeddings()
    inside = {id(module) for module in decoder.modules()}
    found = [
        name
        for name, module in mllm.model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head and id(module) in inside
    ]
    if not found:
        raise ModelError(f"{mllm.card['model']['name']}: no linear layers in its backbone for LoRA")
    return LoraConfig(
        r=tuning.rank, lora_alpha=tuning.alpha, target_modules=found, task_type="CAUSAL_LM"
    )


def as_rows(items: Iterable[Item]) -> Dataset:
    """What TRL asks for to see pictures; a collator takes the item by its id."""
    return Dataset.from_list(
        [
            {"id": each.id, "images": [each.image], "length": sum(map(len, each.answers))}
            for each in items
        ]
    )
