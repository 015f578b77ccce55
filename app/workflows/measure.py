"""How much a model hallucinates on the embedded world: captions and POPE, with their figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from app.workflows.generate import Task, answer, open_answers, select_samples
from app.workflows.kinds import claims_card
from app.workflows.revise import Settled, open_revised, revise_run
from app.workflows.score import read_given, result_card
from halluc.answers.files import read_answers
from halluc.bootstrap import count_pictures
from halluc.datasets import Dataset
from halluc.datasets.tabletop import load, with_questions
from halluc.language.claims.things import load_things
from halluc.language.words.offline import offline_words
from halluc.mllm import MLLM
from halluc.records import Finding, Score
from halluc.runs import Run
from halluc.statistics import with_intervals
from metrics import chair, finegrained, pope
from mitigation.inprocess import make_decoding

# A caption of the embedded world has about 60 tokens, an answer two.
TOKENS: dict[Task, int] = {"caption": 128, "pope": 8}
BATCH = 32


@dataclass(frozen=True)
class Measured:
    """A finished run with its figures; for captions also what is wrong in them."""

    run: Run
    scores: list[Score]
    findings: list[Finding]

    def figure(self, name: str, split: str = "") -> float | None:
        """The value of one figure; None where it is undefined."""
        return next(s.value for s in self.scores if (s.name, s.split) == (name, split))


def measure_task(
    folder: Path,
    model: MLLM,
    dataset: Dataset,
    task: Task,
    console: Console,
    *,
    do_sample: bool = False,
    method: str | None = None,
    own: dict[str, Any] | None = None,
    title: str | None = None,
) -> Measured:
    """Answer scenes of the embedded world, or questions on them, and score the run.

    Args:
        folder: of the run; one that is there already is gone on with.
        model: what to ask.
        dataset: of the embedded world.
        task: "caption" or "pope".
        console: shows the progress.
        do_sample: draw the tokens.
        method: of in-process correction, with `own` as its parameters; see `make_decoding`.
        own: those that differ from the method's defaults.
        title: what the bar is called.
    """
    decoding = make_decoding(
        method, {"max_new_tokens": TOKENS[task], "do_sample": do_sample}, own or {}
    )
    run = open_answers(
        folder,
        model=model,
        dataset=dataset,
        samples=select_samples(dataset, task),
        task=task,
        decoding=decoding,
    )
    try:
        answer(run, model, dataset, decoding, console=console, batch_size=BATCH, title=title)
    finally:
        run.close()
    if task == "caption":
        return _measure_captions(run)
    texts = {each.id: each.text for each in run.responses}
    _, given = read_given((str(folder),), read_answers)
    tally = pope.Tally()
    tally.update((each, texts[each.id]) for each in run.samples)
    scores = with_intervals(tally.counted())
    run.write_scores(scores, result_card(pope.EDITION, run, given, parser="pope"))
    return Measured(run, scores, [])


def measure_revised(
    folder: Path,
    original: Run,
    model: MLLM,
    dataset: Dataset,
    method: Settled,
    *,
    console: Console,
    title: str,
) -> Measured:
    """Revise captions of the embedded world, and score them.

    Args:
        folder: of the revised run; one that is there already is gone on with.
        original: the captions.
        model: what is asked about the pictures.
        dataset: of the embedded world.
        method: of revision, with its settings.
        console: shows the progress.
        title: what the bar is called.
    """
    run = open_revised(folder, original, model, method.card)
    try:
        revise_run(
            run, original, dataset, model,
            things=load_things(None), method=method, console=console, title=title,
        )  # fmt: skip
    finally:
        run.close()
    return _measure_captions(run)


def _measure_captions(run: Run) -> Measured:
    texts = {each.id: each.text for each in run.responses}
    pictures = {each.id: each.image or each.id for each in run.samples}
    _, given = read_given((str(run.path),), read_answers)
    truths = {each.id: each.truth for each in run.samples if each.truth is not None}
    chaired = chair.chair(texts, truths, offline_words)
    counted = count_pictures(chaired.counts, pictures, chair.compute, chair.BLENDS)
    scores = with_intervals(counted)
    run.write_scores(scores, result_card(chair.EDITION, run, given, compat="offline"))
    run.write_findings("chair", chaired.findings)
    things = load_things(None)
    told = finegrained.finegrained(texts, truths, things)
    kinds = with_intervals(count_pictures(told.counts, pictures, finegrained.compute))
    how = result_card(finegrained.EDITION, run, given, **claims_card(things))
    run.write_findings(finegrained.METRIC, told.findings)
    run.write_scores(kinds, how)
    return Measured(run, scores + kinds, told.findings)


def first_scenes(count: int) -> Dataset:
    """The first held-out bias-broken scenes."""
    whole = load("tabletop:broken")
    return replace(whole, samples=whole.samples[:count], card={**whole.card, "first": count})


def measure_tabletop(model: MLLM, folder: Path, scenes: int, console: Console) -> dict[str, Any]:
    """Figures of a model on held-out bias-broken scenes, greedy.

    Args:
        model: what to measure.
        folder: keeps the two runs, so that an interrupted measurement goes on.
        scenes: how many scenes, from the first, 1 to 1000.
        console: shows the progress.
    """
    shown = first_scenes(scenes)
    questions = with_questions(shown)
    captions = measure_task(folder / "captions", model, shown, "caption", console)
    answers = measure_task(folder / "pope", model, questions, "pope", console)
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
