"""What a training would take, before anything starts: `--dry-run`.

Tokens and steps are counted. Memory and time are measured on three real steps with the trainer
itself, two of them with the longest examples there are, and the rest is worked out from them.
"""

from __future__ import annotations

import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers import PrinterCallback, TrainerCallback

from app.workflows.train.memory import Peak
from halluc.mllm.transformers import TransformersMLLM
from mitigation.precorrection.lora import Tuning, size_together
from mitigation.precorrection.running import Running
from mitigation.precorrection.turns import Item

T = TypeVar("T", bound=Tuning)
STEPS = 3


@dataclass(frozen=True)
class Plan:
    """What a training would take.

    Attributes:
        examples: to train on.
        prompts, answers: tokens of all pictures with their prompts, and of all answers.
        longest: tokens of the longest example.
        steps: of the optimizer.
        size: examples of a step.
        weights: bytes of the model's weights.
        trained: parameters that are trained; each takes 16 bytes with gradient and Adam's moments.
        peak: bytes of memory at the peak of the three steps; see `Peak`.
        reference: seconds for the reference's log-probabilities; 0 where there is no reference.
        seconds: for all steps.
    """

    examples: int
    prompts: int
    answers: int
    longest: int
    steps: int
    size: int
    weights: int
    trained: int
    peak: int
    reference: float
    seconds: float

    def lines(self) -> Iterator[str]:
        """For a person."""
        whole = self.prompts + self.answers
        yield (
            f"tokens   {whole:,} in {self.examples:,} examples: {self.prompts:,} of pictures and "
            f"prompts, {self.answers:,} of answers; the longest has {self.longest:,}"
        )
        yield f"steps    {self.steps:,} of {self.size} examples"
        yield (
            f"memory   {_size(self.peak)} at the peak of {STEPS} measured steps, the longest among "
            f"them; {_size(self.weights)} are weights, {_size(16 * self.trained)} what is trained "
            f"({self.trained:,} parameters)"
        )
        parts = f", {_span(self.reference)} of it the reference" if self.reference else ""
        yield f"time     about {_span(self.reference + self.seconds)}{parts}; without evaluations"


def dry_run(
    mllm: TransformersMLLM,
    items: Sequence[Item],
    sizes: Mapping[str, tuple[int, ...]],
    tuning: T,
    make: Callable[[dict[str, list[Any]], T, Path], Any],
) -> Plan:
    """Count what there is to train on, and measure three steps; nothing is kept.

    Args:
        mllm: the model.
        items: what is trained on, at least one.
        sizes: by id, the tokens of picture and prompt, then of each answer.
        tuning: how to train.
        make: a trainer of items by split ("train", "test"), by a recipe, in a folder.

    Raises:
        ModelError: the model cannot be trained so, or memory runs out.
    """
    units = {each.id: sum(sizes[each.id]) for each in items}
    ordered = sorted(items, key=lambda each: -units[each.id])
    size = tuning.batch_size
    middle = max(2 * size, len(ordered) // 2)
    few = [*ordered[: 2 * size], *ordered[middle : middle + size]]
    running = Running(checkpointing=tuning.running.checkpointing)
    short = replace(tuning, epochs=1, max_steps=STEPS, accumulate=1, running=running)
    peak = Peak(mllm.device)
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        peak.in_one_line(mllm.card["model"]["name"]),
    ):
        warnings.simplefilter("ignore", FutureWarning)
        trainer = make({"train": few, "test": []}, short, Path(folder))
        trainer.remove_callback(PrinterCallback)
        reference = _reference_time(trainer, few, units)
        clock = _Clock(mllm.device)
        trainer.add_callback(clock)
        batches = _noted(trainer)
        trainer.train()
    each = size // size_together(mllm, tuning)
    done = [
        sum(units[id] for batch in batches[step * each : (step + 1) * each] for id in batch)
        for step in range(STEPS)
    ]
    rate = sum(clock.seconds[1:]) / sum(done[1:])  # the first step also sets up
    steps = steps_of(len(items), tuning, size_together(mllm, tuning))
    whole = sum(units.values())
    work = tuning.epochs * whole
    if tuning.max_steps:
        work = steps * size * tuning.accumulate * whole / len(items)
    base = trainer.model.get_base_model()
    trained = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    return Plan(
        examples=len(items),
        prompts=sum(sizes[each.id][0] for each in items),
        answers=sum(sum(sizes[each.id][1:]) for each in items),
        longest=max(units.values()),
        steps=steps,
        size=size * tuning.accumulate,
        weights=sum(p.numel() * p.element_size() for p in base.parameters() if not p.requires_grad),
        trained=trained,
        peak=peak.bytes,
        reference=reference * whole,
        seconds=rate * work,
    )


def steps_of(count: int, tuning: Tuning, together: int) -> int:
    """Steps of the optimizer, as transformers counts them.

    Args:
        count: examples.
        tuning: batch size, accumulation, epochs or steps.
        together: examples that go through the model at once.
    """
    if tuning.max_steps:
        return tuning.max_steps
    batches = math.ceil(count / together)
    accumulated = tuning.accumulate * tuning.batch_size // together
    return math.ceil(tuning.epochs * max(1, math.ceil(batches / accumulated)))


class _Clock(TrainerCallback):  # type: ignore[misc]
    """Seconds of each step."""

    def __init__(self, device: torch.device) -> None:
        self.seconds: list[float] = []
        self._device, self._began = device, 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Start."""
        self._began = self._now()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Stop."""
        self.seconds.append(self._now() - self._began)

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.monotonic()


def _noted(trainer: Any) -> list[list[str]]:
    """The ids of each batch that the trainer will ask its collator for."""
    seen: list[list[str]] = []
    own = trainer.data_collator

    def collate(rows: Sequence[Mapping[str, Any]]) -> Any:
        seen.append([row["id"] for row in rows])
        return own(rows)

    trainer.data_collator = collate
    return seen


def _reference_time(trainer: Any, items: Sequence[Item], units: Mapping[str, int]) -> float:
    """Seconds that the reference's log-probabilities take for each token; 0 without reference."""
    if not hasattr(trainer, "reference"):
        return 0.0
    some = items[: trainer.args.per_device_eval_batch_size]
    collator = trainer.data_collator
    known, collator.reference = collator.reference, {}
    began = time.monotonic()
    trainer.reference(collator([{"id": each.id} for each in some]))
    seconds = time.monotonic() - began
    collator.reference = known
    return seconds / sum(units[each.id] for each in some)


def _size(bytes_: float) -> str:
    """Bytes in few words."""
    for unit in ("B", "kB", "MB"):
        if bytes_ < 1000:
            return f"{bytes_:.3g} {unit}"
        bytes_ /= 1000
    return f"{bytes_:.3g} GB"


def _span(seconds: float) -> str:
    """Seconds in few words."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
