"""The bias to the end of the text with which a model says as much as a given run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from app.engine.models import Replicas, ask_batches
from app.workflows.progress import Progress, silent
from halluc.datasets import Dataset
from halluc.errors import InputError
from halluc.mllm import MLLM, Decoding
from halluc.records import Sample
from halluc.runs import read_run
from metrics.tasks import CAPTION, Task

# Captions that are written with each bias that is tried; evenly spread over the samples.
PILOT = 200
# How far the mean length may be off, as a share.
_OFF = 0.02


def check_eos_bias(
    decode: str | None, task: Task, bias: float | None, run: str | Path | None
) -> None:
    """Refuse a bias to the end that means nothing.

    Raises:
        InputError: says why.
    """
    if decode != "eos-bias":
        raise InputError("--match-length belongs to --decode eos-bias")
    if task is not CAPTION:
        raise InputError(f"eos-bias is for captions; --task {task.name} asks for short answers")
    if (bias is None) == (run is None):
        raise InputError("eos-bias takes either --bias or --match-length RUN")


def match_length(
    reference: Path,
    model: MLLM | Replicas,
    dataset: Dataset,
    samples: list[Sample],
    ask: Callable[[Sample], str],
    *,
    decoding: Callable[[float], Decoding],
    batch_size: int,
    progress: Progress = silent,
) -> float:
    """The bias that brings captions to a run's mean number of words, to four digits.

    Args:
        reference: the run, of the same samples.
        model: writes up to `PILOT` captions with each bias that is tried.
        dataset: opens the pictures.
        samples: what is asked.
        ask: gives a sample's prompt.
        decoding: with a bias.
        batch_size: samples asked at once.
        progress: called with how far it is.

    Raises:
        InputError: the run is not of these samples, or no bias comes within 2 % of its length.
        RunError: it is no run.
        ModelError: the model cannot be run, or does not say how a text ends.
    """
    from mitigation.inprocess.eos_bias import fit_eos_bias

    run = read_run(reference)
    words = {each.id: len(each.text.split()) for each in run.responses}
    if words.keys() != {each.id for each in samples}:
        raise InputError(f"{reference} does not describe the same pictures; name a run that does")
    number = min(PILOT, len(samples))
    chosen = [samples[place * len(samples) // number] for place in range(number)]
    wanted = fmean(words[each.id] for each in chosen)
    trials = 0

    def length(bias: float) -> float:
        nonlocal trials
        trials += 1
        said: list[Any] = []
        for responses in ask_batches(model)(
            chosen, dataset.open_image, ask, decoding(round(bias, 4)), batch_size=batch_size
        ):
            said += responses
            progress(f"fitting the bias, trial {trials}", len(said), len(chosen))
        return fmean(len(each.text.split()) for each in said)

    bias, reached = fit_eos_bias(length, wanted)
    if abs(reached - wanted) > _OFF * wanted:
        raise InputError(
            f"no bias brings captions to the {wanted:.1f} words of {reference}; the nearest is "
            f"{reached:.1f} with --bias {bias:.4g}"
        )
    return round(bias, 4)
