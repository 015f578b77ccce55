"""The optimisation loop of a training stage: learning rate, state on disk, curves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from halluc.tabletop.recipe import Stage

SAVE_EVERY = 200
LOG_EVERY = 20


class Progress(Protocol):
    """What training tells of itself."""

    def start(self, stage: str, total: int, done: int) -> None:
        """A stage begins, or goes on after `done` of `total`."""

    def advance(self, stage: str, count: int, loss: float | None) -> None:
        """So many more are done."""


class Fitter:
    """The optimisation loop, the same for every stage."""

    def __init__(self, work: Path, progress: Progress) -> None:
        self.work, self.progress = work, progress

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
