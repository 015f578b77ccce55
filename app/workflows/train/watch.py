"""Held-out answers during a training: asked and scored every few steps, the best state kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from transformers import TrainerCallback

from app.workflows.data.pairs import origin_of
from app.workflows.generate import find_task, generate
from app.workflows.progress import Progress, silent
from app.workflows.score import score
from halluc.datasets import Dataset
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.jsonl import read_json, write_json
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Score
from halluc.runs import Run, read_run

Figures = dict[str, float | None]

BEST = "best"
"""Folder of the best state so far."""
LIST = "evaluations.json"


@dataclass(frozen=True)
class _Asked:
    """What is asked during a training.

    Attributes:
        label: names its folders.
        run: of the model before training.
        dataset: its samples with their pictures.
        metric: that scores it.
        before: its own figures.
    """

    label: str
    run: Run
    dataset: Dataset
    metric: str
    before: Figures


class EvalCallback(TrainerCallback):  # type: ignore[misc]
    """Asks a model in training about held-out pictures, and keeps its best state.

    For any trainer of transformers or TRL that trains ``mllm.model`` (an adapter that PEFT puts
    into it counts): every so many steps and at the end, the samples of the runs are answered as the
    runs were, and scored. The best state has the least CHAIRi (captions) or the greatest F1
    (questions) of the first run, among those whose recall holds. Where recall falls too far below
    that of a run, the training stops.

    Written below `output`: ``eval/LABEL-STEP``, runs to inspect and compare; ``best``, the best
    state; ``evaluations.json``, all figures, by which an interrupted training goes on.

    Args:
        mllm: the model, as `halluc.load_model` gives it.
        runs: finished runs of it before the training, by plain decoding, of captions or POPE.
        output: folder of what is written.
        every: steps between two evaluations, ≥ 1.
        max_recall_drop: points (percent) of recall that may be lost, ≥ 0.
        images: folder of the pictures, where the data set needs it.
        trained_on: pictures that are trained on; none of them may be in a run.
        progress: called with how far it is.

    Attributes:
        figures: step to the figures of each run by its label, shares from 0 to 1.
        stopped: what fell too far, in words; empty while nothing did.
        log: is given figures by name, such as ``{"eval_CHAIRi": .12}``.
        save: writes the state of the model into a folder.

    Raises:
        RunError: no run.
        InputError: a run is unfinished, of another model, decoded by a method, neither of captions
            nor of yes/no questions, or shows pictures that are trained on.
    """

    def __init__(
        self,
        mllm: TransformersMLLM,
        runs: Sequence[str | Path],
        output: str | Path,
        *,
        every: int = 100,
        max_recall_drop: float = 5.0,
        images: str | Path | None = None,
        trained_on: Collection[str] = (),
        progress: Progress = silent,
    ) -> None:
        self.mllm, self.output = mllm, Path(output)
        self.every, self.most, self.progress = every, max_recall_drop, progress
        self.asked: list[_Asked] = []
        for path in map(Path, runs):
            self.asked.append(_asked(path, mllm, images, trained_on, len(self.asked)))
        self.figures: dict[int, dict[str, Figures]] = {}
        if (self.output / LIST).is_file():
            kept = read_json(self.output / LIST, dict[str, dict[str, Figures]])
            self.figures = {int(step): told for step, told in kept.items()}
        self.stopped = ""
        self.log: Callable[[dict[str, float]], None] | None = None
        self.save: Callable[[Path], None] | None = None

    @property
    def card(self) -> dict[str, Any]:
        """What is asked how often, for a card."""
        return {
            "eval": {"every": self.every, "max recall drop": self.most},
            "eval runs": {each.label: origin_of(each.run) for each in self.asked},
        }

    @property
    def best(self) -> int | None:
        """The step of the best state; None before the first evaluation."""
        return min(self.figures, key=self._rank, default=None)

    def on_step_end(
        self, args: Any, state: Any, control: Any, model: Any = None, **more: Any
    ) -> None:
        """Ask, where it is time to."""
        step = state.global_step
        if step % self.every and step < state.max_steps:
            return
        if step not in self.figures:
            found: list[Any] = [None]
            if state.is_world_process_zero:
                found = [self._evaluate(step, model, args.per_device_eval_batch_size)]
            if PartialState().num_processes > 1:
                broadcast_object_list(found)
            self.figures[step] = found[0]
            if state.is_world_process_zero:
                if self.best == step:
                    (self.save or model.save_pretrained)(self.output / BEST)
                write_json(self.output / LIST, self.figures)
        told = self.figures[step]
        if self.log is not None:
            self.log(
                {
                    f"eval_{name}": value
                    for figures in told.values()
                    for name, value in figures.items()
                    if value is not None
                }
            )
        if (drop := self._drop(told)) > self.most:
            self.stopped = f"recall fell by {drop:.1f} points"
            control.should_training_stop = True

    def sentence(self) -> str:
        """What came of it, in a sentence."""
        if self.best is None:
            return ""
        first = self.asked[0]
        now, shown = self.figures[self.best][first.label], []
        for name, value in now.items():
            scale = 1 if name == "words" else 100
            pair = ["–" if v is None else f"{scale * v:.1f}" for v in (first.before[name], value)]
            shown.append(f"{name} {' → '.join(pair)}")
        why = f"; stopped as {self.stopped}" if self.stopped else ""
        return f"kept is the state of step {self.best} ({', '.join(shown)}){why}"

    def _evaluate(self, step: int, model: Any, batch_size: int) -> dict[str, Figures]:
        training = model.training
        model.eval()
        told = {}
        try:
            mllm = self.mllm.in_training({"name": f"{self.output.name} at step {step}"})
            for each in self.asked:
                task, card = find_task(each.run.card["task"]), each.run.card
                run = generate(
                    mllm, each.dataset, self.output / "eval" / f"{each.label}-{step}",
                    task=task.name, batch_size=batch_size, progress=self.progress,
                    prompt=None if card["prompt"] == task.prompt else card["prompt"],
                    **card["decoding"],
                )  # fmt: skip
                told[each.label] = figures_of(score(run, each.metric).scores)
        finally:
            model.train(training)
        return told

    def _drop(self, told: dict[str, Figures]) -> float:
        """Points of recall below the runs, at most."""
        drops = []
        for each in self.asked:
            name = next(name for name in each.before if name.endswith("recall"))
            before, now = each.before[name], told[each.label][name]
            drops.append(100 * ((before or 0) - (now or 0)))
        return max(drops)

    def _rank(self, step: int) -> tuple[bool, float, int]:
        """The least is best: recall that holds, then the figure of the first run, then the step."""
        told = self.figures[step]
        first = told[self.asked[0].label]
        value = first.get("CHAIRi") if "CHAIRi" in first else first["POPE F1"]
        if value is None:
            value = float("inf")
        elif "CHAIRi" not in first:
            value = -value
        return self._drop(told) > self.most, value, step


def figures_of(scores: Sequence[Score]) -> Figures:
    """The figures of a metric that are watched; of several splits their mean."""
    found = {(each.split, each.name): each.value for each in scores}
    names = {name for _, name in found}
    if "CHAIRi" in names:
        return {
            **{name: found["", name] for name in ("CHAIRi", "CHAIRs")},
            "recall": found["", "Recall"],
            "words": found["", "Len"],
        }
    return {
        f"POPE {name}": found["", f"mean {name}"]
        if f"mean {name}" in names
        else next(value for (_, each), value in found.items() if each == name)
        for name in ("F1", "recall", "accuracy")
    }


def _asked(
    path: Path,
    mllm: TransformersMLLM,
    images: str | Path | None,
    trained_on: Collection[str],
    number: int,
) -> _Asked:
    """What a run asks, once it is seen to be of use."""
    run = read_run(path, tokens=False)
    card = run.card
    metric = {"caption": "chair", "pope": "pope"}.get(str(card.get("task")))
    if metric is None:
        raise InputError("is neither of captions nor of yes/no questions (--task pope)", path)
    if not run.finished:
        raise InputError("is not finished; give its halluc generate again", path)
    own, trained = ((each.get("model"), each.get("adapter")) for each in (card, mllm.card))
    if [(part or {}).get("hash") for part in own] != [(p or {}).get("hash") for p in trained]:
        what = f"is of {(own[0] or {}).get('name')}, not of the model that is trained"
        raise InputError(f"{what}; ask {mllm.card['model']['name']} first", path)
    if "method" in card["decoding"] or card.get("plan") or card.get("revision"):
        raise InputError("is not by plain decoding, which training is watched by", path)
    name = str((card.get("data") or {}).get("name") or "").removesuffix(" questions")
    if not name:
        raise InputError("its card does not say which data it is on", path)
    if shared := {each.image for each in run.samples} & set(trained_on):
        what = (
            f"shows {len(shared):,} pictures that are trained on, such as {min(map(str, shared))}"
        )
        raise InputError(f"{what}; ask about others", path)
    dataset = load_dataset(name, None if images is None else Path(images), str(card["task"]))
    kept = run.scores().get(metric)
    scores = msgspec.convert(kept["scores"], list[Score]) if kept else score(run, metric).scores
    label = "captions" if metric == "chair" else "questions"
    return _Asked(
        label=f"{label}-{number + 1}" if number else label,
        run=run,
        dataset=replace(dataset, samples=run.samples),
        metric=metric,
        before=figures_of(scores),
    )
