"""Training of an adapter from end to end: check, train or go on, leave it with card and curves."""

from __future__ import annotations

import json
import shutil
import time
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import PrinterCallback, Trainer, TrainerCallback

from app.workflows import markdown
from app.workflows.plots import save_picture
from app.workflows.progress import Progress, silent
from app.workflows.train.memory import Peak
from app.workflows.train.watch import BEST, EvalCallback
from halluc.card import card_differences, now, versions
from halluc.errors import RunError
from halluc.jsonl import read_json, write_atomically, write_json, write_jsonl
from halluc.locks import alone
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Record
from mitigation.precorrection.lora import Tuning

HELD_OUT = 0.05
"""Share of the pictures whose examples are kept out of training, where no split is given."""

_WATCHED = ("eval_CHAIRi", "eval_recall", "eval_words", "eval_POPE F1")
"""What is drawn of evaluations."""


@dataclass(frozen=True)
class Method:
    """A way to train an adapter.

    Attributes:
        name: of the command, ``halluc train NAME``.
        title: what the adapter is called.
        curves: of the trainer's log, in the order in which they are drawn: name there, title.
        right: which of them is a share of what the model gets right, or else what it is to raise.
        on: what it is trained on, in words.
        note: that share in words, for the progress and the model card.
    """

    name: str
    title: str
    curves: Mapping[str, str]
    right: str
    on: str
    note: str = "{:.0%} right"


def train_adapter(
    mllm: TransformersMLLM,
    output: Path,
    method: Method,
    tuning: Tuning,
    data: dict[str, Any],
    *,
    check: Callable[[], object],
    make: Callable[[], Any],
    keep: Mapping[str, Sequence[Record]] | None = None,
    pictures: Collection[str] = (),
    progress: Progress = silent,
) -> str:
    """Train an adapter, or go on from the last checkpoint in its folder.

    With several processes (`accelerate launch`), the first one checks, writes and reports.

    Args:
        mllm: the model.
        output: folder of the adapter, its card, curves and checkpoints.
        method: how it is trained.
        tuning: its settings.
        data: what it is trained on, for the card: ``{"pairs": {"name", "rows", "sha256"}}``.
        check: looks at all that will be trained on; called where there is anything left to do.
        make: the trainer.
        keep: records to leave beside the adapter, by file name.
        pictures: that are trained on; none of them may be evaluated.
        progress: called with how far it is, in the first process.

    Returns:
        What was done, in a sentence; empty in the other processes.

    Raises:
        RunError: the folder holds something else, or another process is at work on it.
    """
    state = PartialState(cpu=mllm.device.type == "cpu")
    made: dict[str, Any] = {
        "made by": f"halluc train {method.name}",
        **mllm.card,
        **data,
        "recipe": tuning.recipe,
    }
    watch, how = None, tuning.running.watch
    if how is not None:
        watch = EvalCallback(
            mllm, how.runs, output,
            every=how.every, max_recall_drop=how.most, images=how.images,
            trained_on=pictures, progress=progress if state.is_main_process else silent,
        )  # fmt: skip
        made |= watch.card
    with ExitStack() as held:
        with state.main_process_first():
            if _finished(output, made):
                return f"{output} is trained: nothing left to do" if state.is_main_process else ""
            if state.is_main_process:
                check()
                output.mkdir(parents=True, exist_ok=True)
                held.enter_context(alone(output, wait=False))
                write_json(
                    output / "card.json", {**made, "state": "running", "versions": versions()}
                )
                if tuning.running.config:
                    write_atomically(output / "config.toml", [tuning.running.config.encode()])
                for name, records in (keep or {}).items():
                    write_jsonl(output / name, records)
        began, told, peak = time.monotonic(), "", Peak(mllm.device)
        with warnings.catch_warnings(), peak.in_one_line(mllm.card["model"]["name"]):
            # transformers and TRL renamed options of their own; nothing that a user could mend.
            warnings.simplefilter("ignore", FutureWarning)
            trainer = make()
            trainer.remove_callback(PrinterCallback)
            trainer.add_callback(_Reporter(progress if state.is_main_process else silent, method))
            trainer.add_callback(_Tokens(trainer))
            if watch is not None:
                _let_watch(trainer, watch)
            trainer.train(resume_from_checkpoint=last_checkpoint(output))
            if watch is not None and watch.best not in (None, trainer.state.global_step):
                trainer._load_from_checkpoint(str(output / BEST))
        if trainer.is_world_process_zero():
            made |= {
                "state": "finished",
                "trained": now(),
                "steps": trainer.state.global_step,
                "processes": state.num_processes,
                "seconds": round(time.monotonic() - began),
                "peak memory": peak.bytes,
                "versions": versions(),
            }
            if watch is not None:
                made["kept"] = {"step": watch.best, "stopped": watch.stopped}
            _leave(trainer, mllm, output, method, made)
            name = mllm.card["model"]["name"]
            told = f"The adapter is in {output}; use it with --model {name}+{output}"
            if watch is not None:
                told += f"\n{watch.sentence()}"
                shutil.rmtree(output / BEST, ignore_errors=True)
        state.wait_for_everyone()
        return told


def last_checkpoint(output: Path) -> str | None:
    """The newest checkpoint that was saved as a whole; a kill may have left half of one.

    It is whole once it has the trainer's state, which is written last.
    """
    steps = {}
    for folder in output.glob("checkpoint-*"):
        with suppress(OSError, ValueError):
            json.loads((folder / "trainer_state.json").read_bytes())
            steps[int(folder.name.removeprefix("checkpoint-"))] = str(folder)
    return steps[max(steps)] if steps else None


def _let_watch(trainer: Any, watch: EvalCallback) -> None:
    """Let a callback keep states as the trainer does, and log beside it."""
    # TRL's own ``log`` would take the training's figures along, which belong to its next line.
    watch.log = lambda figures: Trainer.log(trainer, figures)
    watch.save = lambda folder: trainer._save(str(folder))
    trainer.add_callback(watch)


def draw_curves(path: Path, history: list[dict[str, float]], curves: Mapping[str, str]) -> None:
    """Draw what a trainer logged over the steps, by name and title."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(curves), 3), dpi=110, layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
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
    save_picture(path, figure)


def _leave(
    trainer: Any,
    mllm: TransformersMLLM,
    output: Path,
    method: Method,
    made: dict[str, Any],
) -> None:
    """Write the adapter with all that stands beside it; the card comes last."""
    # Not the trainer's own way, which pickles its arguments beside the adapter.
    trainer.accelerator.unwrap_model(trainer.model).save_pretrained(output)
    config = read_json(output / "adapter_config.json", dict[str, Any])
    # Not where the base lies on this machine; the card names it by hash.
    config["base_model_name_or_path"] = mllm.card["model"]["name"].removeprefix("hf:")
    # A set to PEFT, which writes it in another order in each process.
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    write_json(output / "adapter_config.json", config)
    history = _history(trainer)
    write_json(output / "curves.json", history)
    watched = dict.fromkeys(
        name.removeprefix("eval_") for each in history for name in each if name in _WATCHED
    )
    draw_curves(
        output / "curves.png", history, {**method.curves, **{name: name for name in watched}}
    )
    if (leave := getattr(trainer, "leave", None)) is not None:
        leave(output)
    write_atomically(output / "README.md", [_readme(method, made, history).encode()])
    write_json(output / "card.json", made)


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


def _history(trainer: Any) -> list[dict[str, float]]:
    """What was logged at each step, as numbers, by name in the order of a checkpoint's state."""
    history = []
    for line in trainer.state.log_history:
        told = {name: float(line[name]) for name in sorted(line) if _is_number(line[name])}
        for prefix in ("", "eval_"):
            if prefix + "rewards/chosen" in told:  # β times this
                told.setdefault(prefix + "kl", told[prefix + "rewards/chosen"] / trainer.beta)
        history.append(told)
    return history


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _readme(method: Method, made: dict[str, Any], history: list[dict[str, float]]) -> str:
    """The model card."""
    recipe = markdown.table([["recipe", ""], *([k, str(v)] for k, v in made["recipe"].items())])
    right = f"eval_{method.right}"
    held_out = next((h for h in reversed(history) if right in h), None)
    seen = f"Held out: {method.note.format(held_out[right])}.\n\n" if held_out else ""
    model, data = made["model"], made.get("pairs") or made["examples"]
    name = markdown.line(model["name"])
    return (
        f"# {method.title} adapter of {name}\n\n"
        f"A LoRA adapter, trained with `halluc train {method.name}` on {data['rows']:,} "
        f"{method.on} (SHA-256 {data['sha256'][:12]}). The base model is {name} "
        f"(hash {model['hash'][:12]}); `card.json` has all of it.\n\n{seen}"
        f"{recipe}\n\n![Curves](curves.png)\n"
    )


class _Tokens(TrainerCallback):  # type: ignore[misc]
    """Counts tokens on from a checkpoint; TRL would begin anew."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take the number from what was logged."""
        counts = (int(line.get("num_tokens", 0)) for line in state.log_history)
        self.trainer._total_train_tokens = max(counts, default=0)


class _Reporter(TrainerCallback):  # type: ignore[misc]
    """Reports a training's steps, with loss and accuracy beside them."""

    def __init__(self, progress: Progress, method: Method) -> None:
        self.progress, self.method, self.note = progress, method, ""
        self.postponed = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """It begins, or goes on."""
        self.progress(self.method.name, state.global_step, state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """One step more; what is averaged since the last line of the log ends with a checkpoint."""
        control.should_log |= control.should_save
        # A checkpoint at the end of an epoch comes after what is evaluated there.
        ends = float(state.epoch).is_integer() or control.should_training_stop
        if control.should_save and ends:
            control.should_save, self.postponed = False, True
        self.progress(self.method.name, state.global_step, state.max_steps, self.note)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """The checkpoint that was put off."""
        control.should_save |= self.postponed
        self.postponed = False

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        """Loss and accuracy."""
        if logs and "loss" in logs:
            self.note = f"loss {float(logs['loss']):.3f}"
            if (right := logs.get(self.method.right)) is not None:
                self.note += f", {self.method.note.format(float(right))}"
            self.progress(self.method.name, state.global_step, state.max_steps, self.note)
