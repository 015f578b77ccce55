"""A data set asked by a plan of several calls: what stands behind `halluc generate --plan`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from app.engine.models import Replicas
from halluc.datasets import Dataset
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.mllm import MLLM
from halluc.plugins import load_plugin, plugins
from halluc.records import Sample
from metrics.tasks import Task
from mitigation.prompting import make_plan
from mitigation.prompting.best_of import BestOf
from mitigation.prompting.protocol import Plan, Planned, Setting


def take_plan(named: str | None, own: dict[str, Any], decode: str | None) -> Plan | None:
    """The plan of a name, whose options are taken out of `own`.

    Raises:
        InputError: there is no such plan, an option is out of its range, or a method of decoding is
            named, too.
    """
    known = {each for name in plugins("plans") for each in load_plugin("plans", name).options()}
    given = [f"--{name.replace('_', '-')}" for name in own if name in known]
    if named is None:
        if given:
            raise InputError(f"{', '.join(given)} belongs to a plan; name it with --plan")
        return None
    if decode is not None:
        raise InputError("--plan makes its calls in plain decoding; leave out --decode")
    return make_plan(named, {name: own.pop(name) for name in list(own) if name in known})


def take_best(
    number: int | None, by: Sequence[str], plan: str | None, decode: str | None
) -> Plan | None:
    """The plan that draws several captions and keeps the best; None where no number is given.

    Raises:
        InputError: one of number and reward is missing, there is no such reward, or a plan or a
            method of decoding is named, too.
    """
    if number is None and not by:
        return None
    if number is None or not by:
        raise InputError("--best-of N wants --by REWARD, and --by wants --best-of N")
    if plan is not None or decode is not None:
        raise InputError(
            "--best-of draws its captions in plain decoding; leave out --plan, --decode"
        )
    return BestOf(n=number, by=tuple(by))


def set_plan(
    plan: Plan, dataset: Dataset, samples: Sequence[Sample], task: Task, prompt: str | None
) -> Setting:
    """What a plan is told of the task.

    Raises:
        InputError: it cannot be used for that, or its demonstrations cannot be read.
    """
    source = getattr(plan, "demonstrations", None)
    setting = Setting(
        samples, dataset.open_image, task.ask(prompt), task.prompt is not None, task.answers,
        None if source is None else load_dataset(source, None, task.name),
    )  # fmt: skip
    plan.check(setting)
    return setting


def with_plan(model: MLLM | Replicas, plan: Plan, setting: Setting) -> MLLM | Replicas:
    """A model that is asked by a plan, wherever it is.

    Raises:
        InputError: its answers were recorded.
    """
    if str(model.card["model"]["name"]).startswith("replay:"):
        raise InputError("recorded answers cannot be asked by a plan; ask the model")
    wrap = partial(Planned, plan=plan, setting=setting)
    return replace(model, plan=wrap) if isinstance(model, Replicas) else wrap(model)


def plan_card(plan: Plan, setting: Setting) -> dict[str, Any]:
    """What a result card says of a plan: name, options and prompts, and its demonstrations."""
    options = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in msgspec.structs.asdict(plan).items()
        if value
    }
    card: dict[str, Any] = {"plan": {"name": plan.name, **options, "prompts": plan.prompts}}
    if setting.demonstrations is not None:
        data = setting.demonstrations
        card["demonstrations"] = {"name": data.name, **data.card}
    return card
