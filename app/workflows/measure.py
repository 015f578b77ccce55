"""How much a model hallucinates on the embedded world: captions and POPE, with their figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.workflows.generate import generate
from app.workflows.progress import Progress, silent
from app.workflows.revise import open_revised, revise_run
from app.workflows.score import score
from halluc.datasets import Dataset
from halluc.datasets.tabletop import load, with_questions
from halluc.language.claims.things import load_things
from halluc.mllm import MLLM
from halluc.records import Finding, Score
from halluc.runs import Run
from mitigation.postcorrection.protocol import Reviser

# A caption of the embedded world has about 60 tokens, an answer two.
TOKENS = {"caption": 128, "pope": 8}
BATCH = 32


@dataclass(frozen=True)
class MeasuredRun:
    """A finished run with its figures; for captions also what is wrong in them."""

    run: Run
    scores: list[Score]
    findings: list[Finding]

    def figure(self, name: str, split: str = "") -> float | None:
        """The value of one figure; None where it is undefined."""
        return self.score(name, split).value

    def score(self, name: str, split: str = "") -> Score:
        """One figure with its interval."""
        return next(s for s in self.scores if (s.name, s.split) == (name, split))


def measure_task(
    folder: Path,
    model: MLLM,
    dataset: Dataset,
    task: str,
    *,
    do_sample: bool = False,
    method: str | None = None,
    own: dict[str, Any] | None = None,
    title: str | None = None,
    progress: Progress = silent,
) -> MeasuredRun:
    """Answer scenes of the embedded world, or questions on them, and score the run.

    Args:
        folder: of the run; one that is there already is continued.
        model: what to ask.
        dataset: of the embedded world.
        task: "caption" or "pope".
        do_sample: draw the tokens.
        method: of in-process correction, with `own` as its options; see `make_decoding`.
        own: those that differ from the method's defaults.
        title: what the progress is called.
        progress: called with how far it is.
    """
    run = generate(
        model, dataset, folder, task=task, decode=method, batch_size=BATCH,
        progress=lambda name, *how: progress(title or name, *how),
        max_new_tokens=TOKENS[task], do_sample=do_sample, **(own or {}),
    )  # fmt: skip
    if task == "caption":
        return measure_captions(run)
    return MeasuredRun(run, score(run, "pope").scores, [])


def measure_revised(
    folder: Path,
    original: Run,
    model: MLLM,
    dataset: Dataset,
    method: Reviser,
    *,
    title: str,
    progress: Progress = silent,
) -> MeasuredRun:
    """Revise captions of the embedded world, and score them.

    Args:
        folder: of the revised run; one that is there already is continued.
        original: the captions.
        model: what is asked about the pictures.
        dataset: of the embedded world.
        method: the reviser with its options.
        title: what the progress is called.
        progress: called with how far it is.
    """
    things = load_things(None)
    prepared = method.prepare(original, things)
    run = open_revised(folder, original, model, prepared.card)
    try:
        revise_run(
            run, original, dataset, model,
            things=things, prepared=prepared, progress=progress, title=title,
        )  # fmt: skip
    finally:
        run.close()
    return measure_captions(run)


def measure_captions(run: Run) -> MeasuredRun:
    """CHAIR and the rates by kind of a finished run of captions."""
    chair, kinds = score(run, "chair"), score(run, "finegrained")
    return MeasuredRun(run, chair.scores + kinds.scores, run.findings("finegrained"))


def first_scenes(count: int) -> Dataset:
    """The first held-out bias-broken scenes."""
    whole = load("tabletop:broken")
    return replace(whole, samples=whole.samples[:count], card={**whole.card, "first": count})


def measure_tabletop(
    model: MLLM, folder: Path, scenes: int, progress: Progress = silent
) -> dict[str, Any]:
    """Figures of a model on held-out bias-broken scenes, greedy.

    Args:
        model: what to measure.
        folder: keeps the two runs, so that an interrupted measurement continues.
        scenes: how many scenes, from the first, 1 to 1000.
        progress: called with how far it is.
    """
    shown = first_scenes(scenes)
    questions = with_questions(shown)
    captions = measure_task(folder / "captions", model, shown, "caption", progress=progress)
    answers = measure_task(folder / "pope", model, questions, "pope", progress=progress)
    return {
        "data": {"name": shown.name, **shown.card},
        "questions": questions.card,
        "decoding": "greedy",
        "captions": {score.name: score.value for score in captions.scores},
        "pope": {
            f"{score.name} {score.split}".strip(): score.value
            for score in answers.scores
            if score.name in ("accuracy", "F1", "yes ratio", "mean F1")
        },
    }
