"""The runs of an arena: what is missing is asked, each model loaded once for all of its arms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from app.engine.cluster import Cluster
from app.engine.models import Replicas, place_model
from app.workflows.arena.file import Arena, Arm, in_order
from app.workflows.generate import find_task, generate, select_samples
from app.workflows.progress import Progress, silent
from halluc.card import card_differences, check_place, read_card
from halluc.datasets import Dataset
from halluc.datasets.load import load_dataset
from halluc.errors import HallucError, InputError, ModelError, RunError
from halluc.jsonl import read_json, read_jsonl, reason, write_json, write_jsonl
from halluc.mllm import MLLM
from halluc.runs import Run

CARD = "card.json"
TIMES = "times.jsonl"
MADE_BY = "halluc arena"


@dataclass(frozen=True)
class Job:
    """A run of an arena: a model asked a benchmark in the way of an arm, with a seed.

    Attributes:
        model, benchmark: their names in the file.
        arm: the arm.
        seed: one of its seeds.
    """

    model: str
    benchmark: str
    arm: Arm
    seed: int

    @property
    def place(self) -> str:
        """Its folder in that of the arena."""
        return f"runs/{self.model}/{self.benchmark}/{self.arm.name}.seed{self.seed}"


class Time(msgspec.Struct, frozen=True):
    """How long a call took to answer what a run lacked.

    Attributes:
        run: folder of the run in that of the arena.
        answers: how many.
        seconds: the whole call, with a bias that was fitted and hints that were found.
    """

    run: str
    answers: int
    seconds: float


def jobs(arena: Arena) -> list[Job]:
    """All runs; those of a model behind each other, and each behind the one that it matches."""
    return [
        Job(model, benchmark, arm, seed)
        for model in arena.models
        for benchmark in arena.benchmarks
        for arm in in_order(arena.arms)
        for seed in arm.seeds
    ]


def is_arena(folder: Path) -> bool:
    """Whether a folder is that of an arena."""
    card = folder / CARD
    return card.is_file() and read_json(card, dict[str, Any]).get("made by") == MADE_BY


def is_finished(run: Path) -> bool:
    """Whether a run is there as a whole.

    Raises:
        InputError: its card is damaged.
    """
    return (run / "run.json").is_file() and read_card(run)["state"] == "finished"


def run_missing(
    arena: Arena,
    output: Path,
    *,
    cluster: Cluster | None = None,
    batch_size: int = 8,
    progress: Progress = silent,
) -> dict[str, str]:
    """Ask what is missing.

    Args:
        arena: what the file asks for.
        output: folder of the arena.
        cluster: where models are asked; None: in this process.
        batch_size: samples asked at once, ≥ 1.
        progress: called with how far it is.

    Returns:
        Why runs were refused, by their folder; the others are finished.

    Raises:
        InputError: a benchmark cannot be read, or an arm that was run is another in the file now.
        RunError: the folder holds something else, or a run was made with another model or data.
    """
    check_place(output, MADE_BY)
    every = jobs(arena)
    missing = [job for job in every if not is_finished(output / job.place)]
    data = {
        name: _load(arena, name) for name in arena.benchmarks
        if any(job.benchmark == name for job in missing)
    }  # fmt: skip
    _keep_card(arena, every, output)
    refused: dict[str, str] = {}
    for name, told in arena.models.items():
        mine = [job for job in missing if job.model == name]
        if not mine:
            continue
        try:
            model = place_model(told.named, cluster)
        except (InputError, ModelError) as error:
            refused |= {job.place: str(error) for job in mine}
            continue
        _check_same(model, data, [job for job in every if job.model == name], output)
        for job in mine:
            progress("runs", len(every) - len(missing) + missing.index(job), len(every))
            dataset = data[job.benchmark]
            if why := _run(arena, job, model, dataset, output, batch_size, progress):
                refused[job.place] = why
    progress("runs", len(every), len(every))
    return refused


def _load(arena: Arena, name: str) -> Dataset:
    """The data of a benchmark; there is something in them to ask about."""
    told = arena.benchmarks[name]
    try:
        images = None if told.images is None else Path(told.images)
        dataset = load_dataset(told.data, images, told.task)
        select_samples(dataset, find_task(told.task))
    except HallucError as error:
        raise InputError(f"benchmarks.{name}: {error}", arena.file) from None
    return dataset


def _run(  # noqa: PLR0917
    arena: Arena,
    job: Job,
    model: MLLM | Replicas,
    dataset: Dataset,
    output: Path,
    batch_size: int,
    progress: Progress,
) -> str:
    """Ask what a run lacks; why it was refused, else empty."""
    benchmark, arm = arena.benchmarks[job.benchmark], job.arm
    matching: dict[str, Any] = {}
    for key in ("match_yes", "match_length"):
        if name := getattr(arm, key):
            other = arena.arms[name]
            seed = job.seed if job.seed in other.seeds else other.seeds[0]
            matching[key] = output / Job(job.model, job.benchmark, other, seed).place
            if not is_finished(matching[key]):
                return f"{name}, which it is to match, was refused"
    title = f"{job.model}, {job.benchmark}, {arm.name}"
    opened: list[int] = []

    def started(run: Run) -> None:
        opened.append(len(run.responses))

    begun = perf_counter()
    try:
        run = generate(
            model, dataset, output / job.place,
            task=benchmark.task, decode=arm.decode, plan=arm.plan,
            prompt=arm.prompt or benchmark.prompt, limit=benchmark.limit, batch_size=batch_size,
            progress=lambda task, *how, **note: progress(f"{title}: {task}", *how, **note),
            started=started, seed=job.seed, **matching, **arm.options,
        )  # fmt: skip
    except (InputError, ModelError) as error:
        return str(error)
    took = Time(job.place, len(run.responses) - opened[0], round(perf_counter() - begun, 3))
    write_jsonl(output / TIMES, [*times(output), took])
    return ""


def times(output: Path) -> list[Time]:
    """How long each call took.

    Raises:
        InputError: the file of them is damaged.
    """
    file = output / TIMES
    return [each for _, each in read_jsonl(file, Time)] if file.exists() else []


def _keep_card(arena: Arena, every: Sequence[Job], output: Path) -> None:
    """Write down what is asked of each run, unless one that is there was asked otherwise.

    Raises:
        InputError: names the run, and what is different.
    """
    file = output / CARD
    before = read_json(file, dict[str, Any]).get("asked", {}) if file.exists() else {}
    asked = {job.place: _asked(arena, job) for job in every}
    for place, now in asked.items():
        if place not in before or not (output / place).exists():
            continue
        if changed := ", ".join(card_differences(before[place], now)):
            raise InputError(
                f"{output / place} was asked otherwise ({changed}); use another name or another "
                "-o, or remove that folder",
                arena.file,
            )
    kept = {place: each for place, each in before.items() if (output / place).exists()}
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(reason(error), output) from None
    write_json(file, {"made by": MADE_BY, "asked": dict(sorted((kept | asked).items()))})


def _asked(arena: Arena, job: Job) -> dict[str, Any]:
    """What is asked of a run, as JSON has it."""
    arm = job.arm
    told = {
        "model": arena.models[job.model],
        "benchmark": {**msgspec.to_builtins(arena.benchmarks[job.benchmark]), "metrics": []},
        "arm": {
            name: getattr(arm, name)
            for name in ("decode", "plan", "prompt", "match_yes", "match_length")
        }
        | {name: str(v) if isinstance(v, Path) else v for name, v in arm.options.items()},
        "seed": job.seed,
    }
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(told))
    return found


def _check_same(
    model: MLLM | Replicas, data: Mapping[str, Dataset], every: Sequence[Job], output: Path
) -> None:
    """Refuse to put new runs beside finished ones of other weights or data.

    Raises:
        RunError: names the run, and what is different.
    """
    for job in every:
        if not is_finished(output / job.place):
            continue
        now = dict(_made(model, data.get(job.benchmark)))
        card = read_card(output / job.place)
        then = {name: card.get(name) for name in now}
        if changed := ", ".join(card_differences(then, msgspec.to_builtins(now))):
            raise RunError(
                f"{output / job.place} was made with another model or data ({changed}); use "
                "another -o"
            )


def _made(model: MLLM | Replicas, dataset: Dataset | None) -> Iterator[tuple[str, Any]]:
    yield from model.card.items()
    if dataset is not None:
        yield "data", {"name": dataset.name, **dataset.card}
