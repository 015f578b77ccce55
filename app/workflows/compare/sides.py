"""The runs and files that are compared: their names, and that they are about the same things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from halluc.answers.given import Given, picture_of
from halluc.errors import InputError
from halluc.records import Lack, Sample
from halluc.runs import Run

_NAMED = 5


@dataclass(frozen=True)
class Side:
    """One of the runs that are compared.

    Attributes:
        name: what it is called.
        sources: its files, or the folder of the run.
        given: its answers, joined to what was asked; of several seeds, those of the first.
        seeds: the answers of each of several seeds; empty for one run.
    """

    name: str
    sources: Sequence[str]
    given: Given
    seeds: Sequence[Given] = ()

    @property
    def every(self) -> Sequence[Given]:
        """The answers of each seed, or of the one run."""
        return self.seeds or (self.given,)

    @property
    def run(self) -> Run | None:
        """The run; None where it came as files."""
        return self.given.run

    @property
    def samples(self) -> list[Sample]:
        """What was asked, with its ground truth."""
        return self.given.samples

    @cached_property
    def prompts(self) -> dict[str, str]:
        """What was asked, where the answers tell."""
        return {id: each.prompt for id, each in self.given.answers.items() if each.prompt}

    @cached_property
    def lacks(self) -> Counter[Lack]:
        """How many of its answers are none, by kind: empty, refusal, unfinished, …."""
        found: Counter[Lack] = Counter()
        for given in self.every:
            ids = given.answers  # goes through them, which finds out
            found.update(lack for id, lack in given.lacks.items() if id in ids)
        return found

    @cached_property
    def pictures(self) -> dict[str, str]:
        """The picture that each sample is about."""
        return {each.id: picture_of(each) for each in self.samples}


def tokens_of(given: Given) -> dict[str, int]:
    """How many tokens each answer took, where the run tells; a revised one does not."""
    if given.run is None or "revision" in given.run.card:
        return {}
    return {each.id: len(each.tokens) for each in given.run.responses}


def is_seeds(sources: Sequence[str]) -> bool:
    """Whether an arm is several runs, one a seed, and not files of one run."""
    return len(sources) > 1 and all((Path(each) / "run.json").is_file() for each in sources)


def named_sources(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Name → files or folders of each ``[NAME=]RUN[,RUN…]`` or ``[NAME=]FILE[,FILE…]``.

    >>> named_sources(["runs/base", "vcd=a.jsonl,b.jsonl"])
    {'base': ['runs/base'], 'vcd': ['a.jsonl', 'b.jsonl']}

    Raises:
        InputError: fewer than two, or two of the same name.
    """
    sources: dict[str, list[str]] = {}
    for argument in arguments:
        name, sign, rest = argument.partition("=")
        if not sign or Path(argument).exists():
            name, rest = "", argument
        files = [rest] if Path(rest).exists() else rest.split(",")
        name = name or Path(files[0]).resolve().stem
        if name in sources:
            raise InputError(f"two runs are called {name!r}; name them: NAME={rest}")
        sources[name] = files
    if len(sources) < 2:
        raise InputError("give at least two runs to compare")
    return sources


def check_controls(controls: Sequence[str], sources: Mapping[str, Sequence[str]]) -> None:
    """Refuse controls that are no runs, and controls without a method.

    Raises:
        InputError: there is no run of that name, or every run is a control.
    """
    for control in controls:
        if control not in sources:
            raise InputError(f"--control {control}: the runs are {', '.join(sources)}")
    if sources.keys() <= set(controls):
        raise InputError("every run is a control; leave one out, the method")


def check_same(sides: Sequence[Side]) -> None:
    """Refuse runs that are not about the same things.

    Raises:
        InputError: an id is in one run and not in the other, or has another truth there.
    """
    first = sides[0]
    truths = {each.id: each.truth for each in first.samples}
    runs = [
        (side.name if not place else f"{side.name} ({side.sources[place]})", given)
        for side in sides
        for place, given in enumerate(side.every)
    ]
    for name, given in runs[1:]:
        other = {each.id: each.truth for each in given.samples}
        for some, here, there in (
            (truths.keys() - other.keys(), first.name, name),
            (other.keys() - truths.keys(), name, first.name),
        ):
            if some:
                what = f"{len(some)} answers are in {here} and not in {there} ({named(some)})"
                raise InputError(f"{what}; runs are compared on the same ids only")
        for id, truth in truths.items():
            if truth != other[id]:
                what = f"{id} has another truth in {first.name} than in {name}"
                raise InputError(f"{what}; give --truth")


def named(ids: Collection[str]) -> str:
    """The first few ids."""
    return ", ".join(sorted(ids)[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
