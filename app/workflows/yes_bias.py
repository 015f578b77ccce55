"""The bias to yes with which a model says it as often as in a given run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.engine.models import Replicas, ask_batches
from app.workflows.progress import Progress, silent
from halluc.datasets import Dataset
from halluc.errors import InputError
from halluc.mllm import MLLM, Decoding
from halluc.records import Sample
from halluc.runs import read_run
from metrics.pope_counts import DEFAULT
from metrics.tasks import Task


def check_yes_bias(
    decode: str | None, task: Task, bias: float | None, run: str | Path | None
) -> None:
    """Refuse a bias to yes that means nothing.

    Raises:
        InputError: says why.
    """
    if decode != "yes-bias":
        raise InputError("--match-yes belongs to --decode yes-bias")
    if not task.answers:
        raise InputError(f"yes-bias is for yes/no questions; --task {task.name} has others")
    if (bias is None) == (run is None):
        raise InputError("yes-bias takes either --bias or --match-yes RUN")


def match_yes_ratio(
    reference: Path,
    model: MLLM | Replicas,
    dataset: Dataset,
    samples: list[Sample],
    ask: Callable[[Sample], str],
    *,
    do_sample: bool,
    batch_size: int,
    progress: Progress = silent,
) -> float:
    """The bias that brings a model to a run's share of yes, to four digits.

    Args:
        reference: the run, on the same questions.
        model: is asked for its first token on every question.
        dataset: opens the pictures.
        samples: the questions.
        ask: gives a question's prompt.
        do_sample: whether the answers will be drawn.
        batch_size: samples asked at once.
        progress: called with how far it is.

    Raises:
        InputError: the run is not about these questions, or none of them has a label.
        RunError: it is no run.
        ModelError: the model cannot be run.
    """
    from mitigation.inprocess.yes_bias import fit_yes_bias

    run = read_run(reference)
    said = {each.id: each for each in run.responses}
    if said.keys() != {each.id for each in samples}:
        raise InputError(f"{reference} does not answer the same questions; name a run that does")
    readings = [  # what is no answer counts in no share of yes, as in POPE's figures
        DEFAULT.read(said[each.id].text, each.truth.label)
        for each in samples
        if each.truth and each.truth.label and not said[each.id].lack
    ]
    if not readings:
        raise InputError(f"{reference} answers no yes/no questions")
    known: dict[str, dict[str, float]] = {}
    progress("fitting the bias", 0, len(samples))
    for responses in ask_batches(model)(
        samples,
        dataset.open_image,
        ask,
        Decoding(max_new_tokens=1),
        batch_size=batch_size,
        answers=("yes", "no"),
    ):
        known |= {each.id: dict(each.answers) for each in responses}
        progress("fitting the bias", len(known), len(samples))
    ratio = readings.count("yes") / len(readings)
    return round(fit_yes_bias([known[each.id] for each in samples], ratio, do_sample=do_sample), 4)
