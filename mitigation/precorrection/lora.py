"""What every training of an adapter has in common: LoRA's layers and the trainer's settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from peft import LoraConfig

from halluc.errors import ModelError
from halluc.mllm.anatomy import MODULES
from halluc.mllm.proven import PROVEN
from mitigation.precorrection.running import Running
from mitigation.precorrection.turns import Item

if TYPE_CHECKING:
    from halluc.mllm.transformers import TransformersMLLM

SCHEDULERS = {
    "cosine": "cosine",
    "linear": "linear",
    "constant": "constant_with_warmup",  # transformers' "constant" has no warm-up
    "inverse_sqrt": "inverse_sqrt",
}
"""Ours to transformers' names."""


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How to train; defaults are those of the papers at LLaVA's size, or TRL's.

    Attributes:
        learning_rate, epochs, batch_size, accumulate, warmup: of AdamW; `warmup` is a share of the
            steps where it is below 1, else their number; `batch_size` counts for each device.
        scheduler: how the learning rate goes on behind it: one of `SCHEDULERS`.
        max_steps: steps instead of epochs; 0: epochs.
        rank, alpha: of LoRA.
        targets: names of linear layers that LoRA is put on, as ``q_proj``; empty: all of the
            backbone.
        projector: also put LoRA on the linear layers between encoder and backbone.
        longest: most tokens of prompt, picture and answer together.
        seed: of adapter and order.
        running: what is no part of the recipe.
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
    scheduler: str = "cosine"
    max_steps: int = 0
    targets: tuple[str, ...] = ()
    projector: bool = False
    running: Running = Running()  # noqa: RUF009 (frozen)

    @property
    def recipe(self) -> dict[str, Any]:
        """What decides what is learned, as plain values."""
        told = {name: value for name, value in asdict(self).items() if name != "running"}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()}


def settings(
    mllm: TransformersMLLM, tuning: Tuning, output: Path, *, save_steps: int, evaluate: bool
) -> dict[str, Any]:
    """The trainer's arguments that do not depend on what is trained on.

    A family that is not known to bear batches learns the same steps one example at a time.
    """
    together = size_together(mllm, tuning)
    checkpointing = tuning.running.checkpointing
    if checkpointing is None:
        checkpointing = mllm.device.type != "cpu"
    return {
        "output_dir": str(output),
        "learning_rate": tuning.learning_rate,
        "num_train_epochs": tuning.epochs,
        "per_device_train_batch_size": together,
        "per_device_eval_batch_size": together,
        "gradient_accumulation_steps": tuning.accumulate * tuning.batch_size // together,
        "warmup_steps": tuning.warmup,
        "lr_scheduler_type": SCHEDULERS[tuning.scheduler],
        "max_steps": tuning.max_steps or -1,
        "seed": tuning.seed,
        "max_length": None,
        "bf16": mllm.dtype == torch.bfloat16,
        "use_cpu": mllm.device.type == "cpu",
        "gradient_checkpointing": checkpointing,
        "logging_steps": 5,
        "logging_first_step": True,
        "save_steps": save_steps,
        "save_total_limit": 2,
        "eval_strategy": "epoch" if evaluate else "no",
        "train_sampling_strategy": "group_by_length",
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
        "report_to": tuning.running.report_to,
        "disable_tqdm": True,
    }


def size_together(mllm: TransformersMLLM, tuning: Tuning) -> int:
    """How many examples go through the model at once; 1 of families that may not bear more."""
    return tuning.batch_size if mllm.config.model_type in PROVEN else 1


def lora(mllm: TransformersMLLM, tuning: Tuning) -> LoraConfig:
    """LoRA on linear layers of the backbone, its head left out, and of the projector if asked.

    Raises:
        ModelError: there are no such layers, or none with a name that is asked for.
    """
    name = mllm.card["model"]["name"]
    _keep_gradients(mllm.model)
    decoder, head = mllm.model.get_decoder(), mllm.model.get_output_embeddings()
    inside = {id(module) for module in decoder.modules()}
    linear = {
        path: module
        for path, module in mllm.model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    }
    found = [path for path, module in linear.items() if id(module) in inside]
    if not found:
        raise ModelError(f"{name}: no linear layers in its backbone for LoRA")
    if tuning.targets:
        known = dict.fromkeys(path.rpartition(".")[2] for path in found)
        if strange := [each for each in tuning.targets if each not in known]:
            what = f"there is no linear layer {strange[0]!r} in its backbone"
            raise ModelError(f"{name}: {what}; there are {', '.join(known)}")
        found = [path for path in found if path.rpartition(".")[2] in tuning.targets]
    if tuning.projector:
        names = set(MODULES["input projector"])
        between = [
            path for path, module in linear.items()
            if id(module) not in inside and names & set(path.split("."))
        ]  # fmt: skip
        if not between:
            raise ModelError(f"{name}: no linear layers between encoder and backbone to train")
        found += between
    return LoraConfig(
        r=tuning.rank, lora_alpha=tuning.alpha, target_modules=found, task_type="CAUSAL_LM"
    )


def _keep_gradients(model: torch.nn.Module) -> None:
    """Let layers of 4 bits stay as they are where a model is asked between steps.

    bitsandbytes (0.50) packs them anew on CPUs with AVX-512 once they are called without gradients,
    for a kernel through which no gradient goes: what stands before them would learn nothing.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False  # type: ignore[assignment]


def as_rows(items: Iterable[Item]) -> Dataset:
    """What TRL asks for to see pictures; a collator takes the item by its id."""
    return Dataset.from_list(
        [
            {"id": each.id, "images": [each.image], "length": sum(map(len, each.answers))}
            for each in items
        ]
    )
