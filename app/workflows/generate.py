"""A data set answered into a run: what `halluc generate` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.engine.cluster import Cluster
from app.engine.models import Named, Replicas, ask_batches, place_model
from app.workflows.eos_bias import check_eos_bias
from app.workflows.eos_bias import match_length as length_bias
from app.workflows.hints import FILE as HINTS
from app.workflows.hints import with_hints
from app.workflows.plans import plan_card, set_plan, take_best, take_plan, with_plan
from app.workflows.progress import Progress, silent
from app.workflows.yes_bias import check_yes_bias, match_yes_ratio
from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.jsonl import write_json
from halluc.mllm import MLLM, Decoding
from halluc.plugins import load_plugin, plugins
from halluc.records import Sample
from halluc.runs import Run, open_run
from metrics.tasks import Task
from mitigation.inprocess import make_decoding


def tasks() -> dict[str, Task]:
    """What can be asked, by name: the tasks of all metrics and judges, "caption" first."""
    kinds = [load_plugin("metrics", name) for name in plugins("metrics")]
    every: list[Task] = [each for kind in kinds for each in (kind.task, kind.judges) if each]
    found = {task.name: task for task in every}
    return dict(sorted(found.items(), key=lambda each: (each[0] != "caption", each[0])))


def find_task(name: str) -> Task:
    """A task by its name.

    Raises:
        InputError: there is no such task.
    """
    known = tasks()
    if name not in known:
        raise InputError(f"there is no task {name!r}; there are {', '.join(known)}")
    return known[name]


def select_samples(dataset: Dataset, task: Task, limit: int | None = None) -> list[Sample]:
    """The samples that a task can ask about, at most `limit`.

    Raises:
        InputError: there are none.
    """
    samples = [each for each in dataset.samples if task.fits(each)]
    if not samples:
        raise InputError(f"there are no {task.asks} in {dataset.name}")
    return samples[:limit]


def generate(
    model: str | Named | MLLM | Replicas,
    data: str | Dataset,
    output: str | Path,
    *,
    task: str = "caption",
    decode: str | None = None,
    plan: str | None = None,
    best_of: int | None = None,
    by: Sequence[str] = (),
    prompt: str | None = None,
    limit: int | None = None,
    images: str | Path | None = None,
    match_yes: str | Path | None = None,
    match_length: str | Path | None = None,
    cluster: Cluster | None = None,
    batch_size: int = 8,
    skip_failing: bool = False,
    progress: Progress = silent,
    started: Callable[[Run], None] | None = None,
    **options: Any,
) -> Run:
    """Ask an MM-LLM about a data set, and keep the answers as a run.

    The same call continues a run that was interrupted.

    Example: ``generate("tabletop", "tabletop", "runs/vcd", decode="vcd", do_sample=True)``

    Args:
        model: its name, as `halluc.mllm.load_model` takes it, or a model that is loaded.
        data: the data set's name, as `halluc.datasets.load.load_dataset` takes it, or a data set.
        output: folder of the run.
        task: what to ask: "caption", "pope", "mme", "amber" or that of another metric.
        decode: method of in-process correction, as `halluc list decodings` shows it, or several
            with commas between them; None: none.
        plan: plan of several calls, as `halluc list plans` shows it, with its number: "vote:8";
            None: one call.
        best_of: draw so many captions and keep the best, 2 to 64; a control that reads the ground
            truth.
        by: the reward by which it is the best, as `mitigation.precorrection.rewards` names them.
        prompt: what to ask instead of the data set's own or the default; with questions,
            {question} stands for the question.
        limit: ask about the first so many samples.
        images: folder of the pictures, where they do not lie with the data set.
        match_yes: with yes-bias: a run whose share of yes is to be reached.
        match_length: with eos-bias: a run whose mean number of words is to be reached.
        cluster: where a model that is given by name is asked; None: in this process.
        batch_size: samples asked at once, ≥ 1.
        skip_failing: go on behind samples that cannot be answered; their responses say why.
        progress: called with how far it is.
        started: called with the run before anything is asked.
        options: of `halluc.mllm.Decoding` (max_new_tokens, do_sample, temperature, top_p, top_k,
            seed, top_logprobs, without_picture), and the method's or plan's own, such as
            ``alpha=1.0``, ``control="neutral"``.

    Returns:
        The finished run.

    Raises:
        InputError: data, prompt or an option cannot be used, or a picture cannot be read.
        ModelError: the model cannot be loaded or run.
        RunError: the folder holds something else.
    """
    plain = {name: options.pop(name) for name in Decoding.__struct_fields__ if name in options}
    own = dict(options)
    if decode == "yes-bias" or match_yes:
        check_yes_bias(decode, find_task(task), own.get("bias"), match_yes)
    if decode == "eos-bias" or match_length:
        check_eos_bias(decode, find_task(task), own.get("bias"), match_length)
    planned = take_best(best_of, by, plan, decode) or take_plan(plan, own, decode)
    how = make_decoding(decode, plain, own)
    asked = find_task(task)
    ask = asked.ask(prompt)  # a bad prompt is refused before any model is read
    dataset = data
    if isinstance(dataset, str):
        dataset = load_dataset(dataset, None if images is None else Path(images), task)
    samples = select_samples(dataset, asked, limit)
    setting = None if planned is None else set_plan(planned, dataset, samples, asked, prompt)
    mllm = model
    if isinstance(mllm, str | Named):
        mllm = place_model(Named(mllm) if isinstance(mllm, str) else mllm, cluster)
    if match_yes:
        own["bias"] = match_yes_ratio(
            Path(match_yes), mllm, dataset, samples, ask,
            do_sample=how.do_sample, batch_size=batch_size, progress=progress,
        )  # fmt: skip
        how = make_decoding(decode, plain, own)
    if match_length:
        own["bias"] = length_bias(
            Path(match_length), mllm, dataset, samples, ask,
            decoding=lambda bias: make_decoding(decode, plain, {**own, "bias": bias}),
            batch_size=batch_size, progress=progress,
        )  # fmt: skip
        how = make_decoding(decode, plain, own)
    more: dict[str, Any] = {}
    if planned is not None and setting is not None:
        mllm = with_plan(mllm, planned, setting)
        more = plan_card(planned, setting)
    run = open_answers(
        Path(output), model=mllm, dataset=dataset, samples=samples, task=asked, decoding=how,
        prompt=prompt, more=more,
    )  # fmt: skip
    try:
        if started is not None:
            started(run)
        how, hints = with_hints(
            how, run, mllm, dataset, batch_size=batch_size, progress=progress
        )  # fmt: skip
        answer(
            run, mllm, dataset, how, prompt=prompt, batch_size=batch_size, progress=progress,
            skip_failing=skip_failing,
        )  # fmt: skip
        if hints:
            write_json(run.path / HINTS, hints)
    finally:
        run.close()
    return run


def open_answers(
    output: Path,
    *,
    model: MLLM | Replicas,
    dataset: Dataset,
    samples: list[Sample],
    task: Task,
    decoding: Decoding,
    prompt: str | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Run:
    """The run of a task, new or to be continued; see `halluc.runs.open_run`.

    `more` goes into the result card.
    """
    files = [
        {name: value for name, value in file_card(each, 0).items() if name != "rows"}
        for each in decoding.files
    ]
    card = {
        "task": task.name,
        "prompt": prompt or task.prompt,
        "decoding": decoding,
        **({"decoding files": files} if files else {}),
        **more,
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
    prompt: str | None = None,
    batch_size: int = 8,
    skip_failing: bool = False,
    progress: Progress = silent,
) -> None:
    """Ask about what is pending, keep every batch, and finish the run.

    Args:
        run: as `open_answers` gave it.
        model: what to ask.
        dataset: opens the pictures.
        decoding: as given to `open_answers`.
        prompt: what the user asks, as given to `open_answers`; it goes before the data set's own.
        batch_size: samples asked at once.
        skip_failing: as `generate` takes it.
        progress: called with how far it is.

    Raises:
        InputError: a picture cannot be read, or the prompt lacks its {question}.
        ModelError: the model cannot be run.
    """
    if run.finished:
        return
    task = find_task(run.card["task"])
    done = {response.id for response in run.responses}
    progress(task.name, len(done), len(run.samples))
    for responses in ask_batches(model)(
        run.samples,
        dataset.open_image,
        task.ask(prompt),
        decoding,
        batch_size=batch_size,
        answers=task.answers,
        done=done,
        skip_failing=skip_failing,
    ):
        run.append(responses)
        progress(task.name, len(run.responses), len(run.samples))
    run.finish()
