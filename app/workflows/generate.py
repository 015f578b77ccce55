"""A data set answered into a run: what `generate`, `demo` and `train` have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from app.engine.models import Replicas
from halluc.datasets import Dataset, amber, mme
from halluc.errors import InputError
from halluc.mllm import MLLM, Decoding
from halluc.mllm.batches import generate_batches
from halluc.records import Response, Sample
from halluc.runs import Run, open_run

Task = Literal["caption", "pope", "mme", "amber"]

CAPTION = "Describe this image in detail."
"""The instruction of the caption task, where neither user nor data set gives one."""

_YES_NO = ("yes", "no")

# AMBER asks for captions too, and the answers of a run are asked for alike.
ANSWERS: dict[Task, Sequence[str]] = {
    "caption": (),
    "pope": _YES_NO,
    "mme": _YES_NO,
    "amber": (),
}
"""Short answers whose probabilities are kept with each response."""

_PARTS = {"mme": mme.TASKS, "amber": amber.DIMENSIONS}
_ASKED = {
    "caption": "samples",
    "pope": "yes/no questions with labels",
    "mme": "questions of MME",
    "amber": "queries of AMBER",
}


def select_samples(dataset: Dataset, task: Task, limit: int | None = None) -> list[Sample]:
    """The samples that a task can ask about, at most `limit`.

    Raises:
        InputError: there are none.
    """
    samples = dataset.samples
    if task in ("pope", "mme"):
        samples = [each for each in samples if each.prompt and each.truth and each.truth.label]
    if parts := _PARTS.get(task):
        samples = [each for each in samples if each.split in parts]
    if not samples:
        raise InputError(f"there are no {_ASKED[task]} in {dataset.name}")
    return samples[:limit]


def open_answers(
    output: Path,
    *,
    model: MLLM | Replicas,
    dataset: Dataset,
    samples: list[Sample],
    task: Task,
    decoding: Decoding,
    prompt: str | None = None,
) -> Run:
    """The run of a task, new or to be gone on with; see `halluc.runs.open_run`."""
    card = {
        "task": task,
        "prompt": prompt or (CAPTION if task == "caption" else None),
        "decoding": decoding,
        "data": {"name": dataset.name, **dataset.card},
        **model.card,
    }
    return open_run(output, card, samples)


def answer(
    run: Run,
    model: MLLM | Replicas,
    dataset: Dataset,
    decoding: Decoding,
    *,
    console: Console,
    prompt: str | None = None,
    batch_size: int = 8,
    title: str | None = None,
) -> None:
    """Ask about what is pending, keep every batch, and finish the run.

    Args:
        run: as `open_answers` gave it.
        model: what to ask.
        dataset: opens the pictures.
        decoding: as given to `open_answers`.
        console: shows the progress.
        prompt: what the user asks, as given to `open_answers`; it goes before the data set's own.
        batch_size: samples asked at once.
        title: what the bar is called; default: the task.

    Raises:
        InputError: a picture cannot be read, or the prompt lacks its {question}.
        ModelError: the model cannot be run.
    """
    if run.finished:
        return
    task: Task = run.card["task"]
    ask = prompter(task, prompt)
    with progress_bars(console) as progress:
        done = {response.id for response in run.responses}
        bar = progress.add_task(title or task, total=len(run.samples), completed=len(done))
        for responses in ask_batches(model)(
            run.samples,
            dataset.open_image,
            ask,
            decoding,
            batch_size=batch_size,
            answers=ANSWERS[task],
            done=done,
        ):
            run.append(responses)
            progress.advance(bar, len(responses))
    run.finish()


def ask_batches(model: MLLM | Replicas) -> Callable[..., Iterator[list[Response]]]:
    """`generate_batches` of a model, wherever it is."""
    return (
        model.generate_batches if isinstance(model, Replicas) else partial(generate_batches, model)
    )


def progress_bars(console: Console, *more: ProgressColumn) -> Progress:
    """Bars with counts and the time that is left; nothing where no person looks on."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    return Progress(*columns, *more, console=console, disable=not console.is_terminal)


def prompter(task: Task, prompt: str | None) -> Callable[[Sample], str]:
    """What to ask about a sample.

    Raises:
        InputError: the prompt of a task of questions has no place for the question.
    """
    if task == "caption":
        return lambda sample: prompt or sample.prompt or CAPTION
    if prompt is None:
        return lambda sample: sample.prompt or ""
    if "{question}" not in prompt:
        raise InputError(f"--prompt with --task {task} must hold {{question}}, unlike {prompt!r}")
    # A prompt of the user's brings its own instruction in place of MME's.
    bare = mme.bare_question if task == "mme" else str
    return lambda sample: prompt.replace("{question}", bare(sample.prompt or ""))
