"""Training of the embedded MM-LLM from end to end: train, save, measure, and write its card.

Where asked for, what corrects it is trained as well; see `app.workflows.train.corrections`.
"""

from __future__ import annotations

import platform
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from app.workflows.measure import measure_tabletop
from app.workflows.plots import save_picture
from app.workflows.progress import Progress, silent
from halluc.card import check_place, now, versions
from halluc.jsonl import write_json
from halluc.mllm import load_model
from halluc.mllm.loading import choose_device
from halluc.tabletop.fitting import curve
from halluc.tabletop.packing import pack_weights
from halluc.tabletop.recipe import Recipe
from halluc.tabletop.training import train_tabletop

COMMAND = "halluc train tabletop"


def train_embedded(
    output: Path,
    work: Path,
    *,
    seed: int,
    scale: float,
    scenes: int,
    device: str,
    torch_compile: bool,
    mined: int = 0,
    progress: Progress = silent,
) -> str:
    """Train the embedded MM-LLM, save it as a Hugging Face checkpoint and write its card.

    Args:
        output: folder of the checkpoint: weights in 8 bits, processor, card.json, curves.
        work: folder that keeps what training needs to go on.
        seed: of weights and examples.
        scale: factor on the length of every stage.
        scenes: how many held-out scenes to measure it on.
        device: as torch names it, or "auto".
        torch_compile: compile the backbone while training.
        mined: scenes of each split to mine for detector and adapters; 0: train none.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: the folder holds something else.
    """
    check_place(output, COMMAND)
    recipe = replace(Recipe(), seed=seed)
    if scale != 1:
        recipe = recipe.scaled(scale)
    place = choose_device(device)
    stages = _Stages(progress)
    model, processor = train_tabletop(work, recipe, place.type, stages, torch_compile)
    output.mkdir(parents=True, exist_ok=True)
    made = {"made by": COMMAND + (f" --scale {scale:g}" if scale != 1 else "")}
    write_json(output / "card.json", made)
    model.half().save_pretrained(output)
    pack_weights(output / "model.safetensors")
    processor.save_pretrained(output)
    shutil.copy(work / "curves.jsonl", output / "curves.jsonl")
    plot_curves(work / "curves.jsonl", output / "curves.png")
    card: dict[str, Any] = {
        **made,
        "recipe": asdict(recipe),
        "parameters": sum(each.numel() for each in model.parameters()),
        "trained": now(),
        "seconds by stage": _seconds(work / "curves.jsonl"),
        "machine": {"device": place.type, "processor": platform.machine()},
        "versions": versions(),
    }
    write_json(output / "card.json", card)
    card["measured"] = measure_tabletop(
        load_model(f"hf:{output}", device=device), work / "measured", scenes, progress
    )
    write_json(output / "card.json", card)
    if mined:
        from app.workflows.train.corrections import train_corrections

        card["seconds of corrections"] = train_corrections(output, work, mined, device, progress)
        card["measured with dpo"] = measure_tabletop(
            load_model(f"hf:{output}+{output / 'adapters' / 'dpo'}", device=device),
            work / "measured-dpo", scenes, progress,
        )  # fmt: skip
        write_json(output / "card.json", card)
    return f"The model is in {output}; use it with --model hf:./{output}"


def plot_curves(lines: Path, picture: Path) -> None:
    """Draw the loss of every stage over its steps."""
    from matplotlib.figure import Figure

    stages: dict[str, list[tuple[int, float]]] = {}
    for line in curve(lines):
        stages.setdefault(line["stage"], []).append((line["step"], line["loss"]))
    figure = Figure(figsize=(12, 3), dpi=110, layout="constrained")
    for axes, (stage, points) in zip(
        figure.subplots(1, len(stages), squeeze=False).flat, stages.items(), strict=True
    ):
        axes.plot(*zip(*points, strict=True), color="#0072B2")
        axes.set_title(f"{stage}: {points[-1][1]:.3f}", fontsize=10, loc="left")
        axes.set_xlabel("step", fontsize=9)
        axes.grid(color="#e6e6e6")
        axes.spines[["top", "right"]].set_visible(False)
    save_picture(picture, figure)


def _seconds(lines: Path) -> dict[str, float]:
    """Seconds a stage took, over all calls that worked on it."""
    total: dict[str, float] = {}
    last: dict[str, float] = {}
    for line in curve(lines):
        stage, seconds = line["stage"], line["seconds"]
        if seconds < last.get(stage, 0):  # the clock of a later call begins anew
            last[stage] = 0
        total[stage] = total.get(stage, 0) + seconds - last.get(stage, 0)
        last[stage] = seconds
    return {stage: round(seconds) for stage, seconds in total.items()}


class _Stages:
    """Reports the stages of a training."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.state: dict[str, tuple[int, int]] = {}

    def start(self, stage: str, total: int, done: int) -> None:
        """A stage begins, or goes on."""
        self.state[stage] = done, total
        self.progress(stage, done, total)

    def advance(self, stage: str, count: int, loss: float | None) -> None:
        """So many steps more."""
        done, total = self.state[stage]
        self.state[stage] = done + count, total
        self.progress(stage, done + count, total, "" if loss is None else f"loss {loss:.3f}")
