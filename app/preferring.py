"""DPO from end to end: check, train or go on, and leave an adapter with its card and curves."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import TextColumn
from transformers import PrinterCallback, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from app.generation import progress_bars
from halluc.card import card_differences, now, versions
from halluc.datasets.images import open_from
from halluc.datasets.load import load_dataset
from halluc.errors import InputError, RunError
from halluc.jsonl import read_json, write_json
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Sample
from mitigation.precorrection.batches import Collator, check_pairs
from mitigation.precorrection.dpo import PairTrainer, Recipe, make_trainer
from mitigation.precorrection.pairs import Pair, pairs_hash, read_pairs
from mitigation.precorrection.published import read_published

if TYPE_CHECKING:
    from PIL.Image import Image

# Of TRL's log, in the order in which they are drawn: name there, title.
CURVES = {
    "loss": "loss",
    "rewards/margins": "margin of rewards",
    "rewards/accuracies": "accuracy",
    "kl": "log π / π_ref of chosen",
}


def train_dpo(
    mllm: TransformersMLLM,
    pairs: Path,
    output: Path,
    recipe: Recipe,
    *,
    images: Path | None,
    save_steps: int,
) -> None:
    """Train an adapter, or go on from the last checkpoint in its folder.

    Args:
        mllm: the model.
        pairs: folder of the pairs, or a published file.
        output: folder of the adapter, its card, curves and checkpoints.
        recipe: how to train.
        images: folder of the pictures, where the data set needs it.
        save_steps: steps between checkpoints.

    Raises:
        InputError: pairs cannot be used.
        ModelError: the model cannot be trained.
        RunError: the folder holds something else.
    """
    console = Console(stderr=True)
    card, splits = _read(pairs, images)
    every = [pair for some in splits.values() for pair in some]
    if not splits["train"]:
        raise InputError("holds no pairs to train on", pairs / "train.jsonl")
    made: dict[str, Any] = {
        "made by": "halluc train dpo",
        **mllm.card,
        "pairs": {"name": str(pairs), "rows": len(every), "sha256": pairs_hash(every)},
        "recipe": {name: _plain(value) for name, value in asdict(recipe).items()},
    }
    if _finished(output, made):
        console.print(f"{output} is trained: nothing left to do")
        return
    open_image = _opener(card, images)
    check_pairs(
        Collator(mllm, {pair.id: pair for pair in every}, open_image), every, recipe.longest
    )
    output.mkdir(parents=True, exist_ok=True)
    if os.environ.get("RANK", "0") == "0":  # of the processes that `accelerate launch` starts
        write_json(output / "card.json", {**made, "state": "running", "versions": versions()})
    began = time.monotonic()
    with (
        warnings.catch_warnings(),
        progress_bars(console, TextColumn("{task.fields[told]}")) as bars,
    ):
        # transformers and TRL renamed options of their own; nothing that a user could mend.
        warnings.simplefilter("ignore", FutureWarning)
        trainer = make_trainer(mllm, splits, open_image, recipe, output, save_steps=save_steps)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(_Bar(bars))
        trainer.train(resume_from_checkpoint=get_last_checkpoint(output))
    if not trainer.is_world_process_zero():
        return
    # Not the trainer's own way, which pickles its arguments beside the adapter.
    trainer.accelerator.unwrap_model(trainer.model).save_pretrained(output)
    config = read_json(output / "adapter_config.json", dict[str, Any])
    # Not where the base lies on this machine; the card names it by hash.
    config["base_model_name_or_path"] = mllm.card["model"]["name"].removeprefix("hf:")
    write_json(output / "adapter_config.json", config)
    history = _curves(trainer)
    write_json(output / "curves.json", history)
    draw_curves(output / "curves.png", history)
    (output / "README.md").write_text(_readme(made, history), encoding="utf-8")
    made |= {
        "state": "finished",
        "trained": now(),
        "steps": trainer.state.global_step,
        "seconds": round(time.monotonic() - began),
        "versions": versions(),
    }
    write_json(output / "card.json", made)
    name = mllm.card["model"]["name"]
    console.print(f"The adapter is in {output}; use it with --model {name}+{output}")


def draw_curves(path: Path, history: list[dict[str, float]]) -> None:
    """Draw loss, margin, accuracy and distance from the reference over the steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3), dpi=110, layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(CURVES)), CURVES.items(), strict=True):
        for prefix, color in (("", "#0072B2"), ("eval_", "#D55E00")):
            points = [(h["step"], h[prefix + name]) for h in history if prefix + name in h]
            if points:
                label = "held out" if prefix else "training"
                axes.plot(*zip(*points, strict=True), ".-", color=color, label=label)
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("step", fontsize=9)
        axes.grid(color="#e6e6e6")
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _finished(output: Path, made: dict[str, Any]) -> bool:
    """Whether this training is done already.

    Raises:
        RunError: the folder is of another training, or of something else.
    """
    if output.exists() and not output.is_dir():
        raise RunError(f"{output} is a file; an adapter is a folder, use another -o")
    if not (output / "card.json").is_file():
        if output.is_dir() and any(output.iterdir()):
            raise RunError(f"{output} holds other files and no adapter; use another -o")
        return False
    card = read_json(output / "card.json", dict[str, Any])
    kept = {key: card.get(key) for key in made}
    if differences := ", ".join(card_differences(kept, made)):
        raise RunError(f"{output} is an adapter made otherwise ({differences}); use another -o")
    return card.get("state") == "finished"


def _read(pairs: Path, images: Path | None) -> tuple[dict[str, Any], dict[str, list[Pair]]]:
    """The card and the pairs of a folder of ours or of a published file."""
    if not pairs.is_file():
        return read_pairs(pairs)
    if images is None:
        raise InputError("published pairs want the folder of their pictures: give --images", pairs)
    return {}, {"train": read_published(pairs), "test": []}


def _opener(card: dict[str, Any], images: Path | None) -> Callable[[Pair], Image]:
    """The way to open the picture of a pair."""
    folder = images or (Path(card["images"]) if card.get("images") else None)
    if "data" not in card and folder is not None:
        return lambda pair: open_from(folder, Sample(id=pair.id, image=pair.image))
    name = str(card.get("data"))
    if name == "tabletop":
        name = "tabletop:broken:0-0"  # a scene's own name is enough to draw it
    open_image = load_dataset(name, folder).open_image
    return lambda pair: open_image(Sample(id=pair.id, image=pair.image))


def _curves(trainer: PairTrainer) -> list[dict[str, float]]:
    """What was logged at each step, as numbers."""
    history = []
    for line in trainer.state.log_history:
        told = {name: float(value) for name, value in line.items() if _is_number(value)}
        for prefix in ("", "eval_"):
            if prefix + "rewards/chosen" in told:
                told[prefix + "kl"] = told[prefix + "rewards/chosen"] / trainer.beta
        history.append(told)
    return history


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _readme(made: dict[str, Any], history: list[dict[str, float]]) -> str:
    """The model card."""
    recipe = "\n".join(f"| {name} | {value} |" for name, value in made["recipe"].items())
    held_out = next((h for h in reversed(history) if "eval_rewards/accuracies" in h), None)
    seen = (
        f"On held-out pairs the better answer is preferred in "
        f"{100 * held_out['eval_rewards/accuracies']:.1f} % of cases.\n\n"
        if held_out
        else ""
    )
    model = made["model"]
    return (
        f"# DPO adapter of {model['name']}\n\n"
        f"A LoRA adapter, trained with `halluc train dpo` on {made['pairs']['rows']:,} pairs of "
        f"answers (SHA-256 {made['pairs']['sha256'][:12]}). The base model is {model['name']} "
        f"(hash {model['hash'][:12]}); `card.json` has all of it.\n\n{seen}"
        f"| recipe | |\n| --- | --- |\n{recipe}\n\n![Curves](curves.png)\n"
    )


class _Bar(TrainerCallback):  # type: ignore[misc]
    """Training's progress as a bar on a terminal."""

    def __init__(self, bars: Any) -> None:
        self.bars = bars
        self.task: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """A new bar."""
        self.task = self.bars.add_task(
            "dpo", total=state.max_steps, completed=state.global_step, told=""
        )

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """The bar moves."""
        self.bars.update(self.task, completed=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        """Loss and accuracy beside it."""
        if logs and "loss" in logs:
            told = f"loss {float(logs['loss']):.3f}, {float(logs['rewards/accuracies']):.0%} right"
            self.bars.update(self.task, told=told)
