"""The file of an arena: models, benchmarks and arms, checked as a whole before anything is run."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from app.engine.models import Named
from app.workflows.eos_bias import check_eos_bias
from app.workflows.generate import find_task
from app.workflows.plans import take_plan
from app.workflows.yes_bias import check_yes_bias
from halluc.errors import HallucError, InputError
from halluc.jsonl import check_plain, reason
from halluc.mllm import Decoding, Fit
from halluc.mllm.load import NAMES
from halluc.options import Option, options_of
from halluc.plugins import load_plugin
from metrics.tasks import CAPTION
from mitigation.inprocess import make_decoding, own_options
from mitigation.inprocess.fitted import NotFittedError
from mitigation.prompting import plan_options

T = TypeVar("T")

Seeds = Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]

# Names become names of folders, and stand before "=" and between commas.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
_WORDS = {bool: "true or false", int: "a whole number", float: "a number"}
_GREATEST = 2**53


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model, as `halluc.mllm.load_model` takes it."""

    model: str
    dtype: str = "auto"
    device: str = "auto"
    timeout: Annotated[float, Meta(gt=0)] | None = None
    chat_template: str | None = None
    quantize: Literal["", "4bit", "8bit"] = ""
    device_map: Literal["", "auto"] = ""
    attn: Literal["", "sdpa", "flash", "eager"] = ""

    @property
    def named(self) -> Named:
        """To be loaded where it is asked."""
        return Named(
            self.model, self.dtype, self.device, timeout=self.timeout,
            chat_template=None if self.chat_template is None else Path(self.chat_template),
            fit=Fit(self.quantize, self.device_map, self.attn),
        )  # fmt: skip


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: data and task, as `halluc generate` takes them; and how it is scored.

    Attributes:
        metrics: names of metrics; empty: those of the task.
    """

    data: str
    task: str = "caption"
    images: str | None = None
    limit: Count | None = None
    prompt: str | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arm:
    """A way to answer.

    Attributes:
        name: of the arm.
        decode, plan, prompt: as `halluc generate` takes them.
        match_yes, match_length: the arm whose share of yes, or length, is to be reached.
        controls: names of the arms that it must beat.
        seeds: of its runs, at least one.
        options: of the decoding and the plan, by their names in Python.
        width: inputs that are decoded side by side.
    """

    name: str
    decode: str | None
    plan: str | None
    prompt: str | None
    match_yes: str | None
    match_length: str | None
    controls: tuple[str, ...]
    seeds: tuple[int, ...]
    options: Mapping[str, Any]
    width: int

    @property
    def matched(self) -> str | None:
        """The arm that has to be run before this one."""
        return self.match_yes or self.match_length


@dataclass(frozen=True)
class Arena:
    """What a file asks for; each by its name, in the file's order.

    Attributes:
        file, sha256: where it was read, and its hash.
    """

    file: Path
    sha256: str
    models: Mapping[str, Model]
    benchmarks: Mapping[str, Benchmark]
    arms: Mapping[str, Arm]


class _Whole(msgspec.Struct, frozen=True, kw_only=True):
    """The file's own keys."""

    arms: dict[str, Any]
    models: dict[str, Any] = msgspec.field(default_factory=lambda: {"tabletop": "tabletop"})
    benchmarks: dict[str, Any] = msgspec.field(default_factory=lambda: {"captions": "tabletop"})
    seeds: Seeds = (0,)
    limit: Count | None = None
    max_new_tokens: Count | None = None


class _Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of an arm beside the options of its method."""

    decode: str | None = None
    plan: str | None = None
    prompt: str | None = None
    match_yes: str | None = None
    match_length: str | None = None
    controls: tuple[str, ...] = ()
    seeds: Seeds | None = None


def read_arena(file: Path, limit: int | None = None) -> Arena:
    """Read the file of an arena, and check all that can be checked without data and weights.

    Args:
        file: TOML; see docs/arena.md.
        limit: samples of each benchmark, ≥ 1; None: what the file says.

    Raises:
        InputError: names file and key.
    """
    try:
        check_plain(file)
        content = file.read_bytes()
        told = tomllib.loads(content.decode())
    except OSError as error:
        raise InputError(reason(error), file) from None
    except (UnicodeDecodeError, RecursionError) as error:
        what = "nested too deep" if isinstance(error, RecursionError) else "no UTF-8 text"
        raise InputError(f"no TOML: {what}", file) from None
    except ValueError as error:  # also a number of more digits than Python reads
        raise InputError(f"no TOML: {error}", file) from None
    whole = _converted(file, "", told, _Whole)
    models = {
        name: _converted(file, f"models.{name}", each, Model, short="model")
        for name, each in _named(file, "models", whole.models)
    }
    for name, model in models.items():
        form = model.model.partition("+")[0]
        if form != "tabletop" and not form.startswith(("hf:", "openai:", "replay:")):
            what = f"models.{name}: there is no model {model.model!r}; name it {NAMES}"
            raise InputError(what, file)
    benchmarks = {
        name: _converted(file, f"benchmarks.{name}", each, Benchmark, short="data")
        for name, each in _named(file, "benchmarks", whole.benchmarks)
    }
    for name, benchmark in benchmarks.items():
        with _at(file, f"benchmarks.{name}"):
            _check_task(benchmark)
    benchmarks = {
        name: msgspec.structs.replace(each, limit=limit or each.limit or whole.limit)
        for name, each in benchmarks.items()
    }
    arms = {name: _arm(file, name, each, whole) for name, each in _named(file, "arms", whole.arms)}
    if len(arms) < 2:
        raise InputError("arms: an arena has at least two", file)
    _check_references(file, arms)
    return Arena(file, hashlib.sha256(content).hexdigest(), models, benchmarks, arms)


def in_order(arms: Mapping[str, Arm]) -> list[Arm]:
    """The arms, each behind the one whose length or share of yes it is to reach.

    Raises:
        InputError: arms wait for each other.
    """
    done: dict[str, Arm] = {}
    while rest := [each for each in arms.values() if each.name not in done]:
        ready = [each for each in rest if each.matched is None or each.matched in done]
        if not ready:
            raise InputError(f"{rest[0].name} and another match each other")
        done |= {each.name: each for each in ready}
    return list(done.values())


def _named(file: Path, where: str, tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if not tables:
        raise InputError(f"{where} is empty", file)
    for name, each in tables.items():
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{where}.{name}: a name has letters, digits, _ . + and -, at most 64, and begins "
                "with a letter or digit",
                file,
            )
        yield name, each


def _converted(file: Path, where: str, told: Any, kind: type[T], *, short: str = "") -> T:
    """A table as a Struct; a text alone stands for its key `short`.

    Raises:
        InputError: names file and key.
    """
    told = {short: told} if short and isinstance(told, str) else told
    if not isinstance(told, dict):
        raise InputError(f"{where} must be a table{' or a text' if short else ''}", file)
    known = kind.__struct_fields__  # type: ignore[attr-defined]
    dot = f"{where}." if where else ""
    if strange := [each for each in told if each not in known]:
        raise InputError(f"{dot}{strange[0]}: no such key; there are {', '.join(known)}", file)
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at `$.")
        raise InputError(f"{f'{dot}{at}'.rstrip('.`') or 'the file'}: {said}", file) from None


@contextmanager
def _at(file: Path, where: str) -> Iterator[None]:
    """Put file and key before what is wrong."""
    try:
        yield
    except HallucError as error:
        raise InputError(f"{where}: {error}", file) from None


def _check_task(benchmark: Benchmark) -> None:
    task = find_task(benchmark.task)
    task.ask(benchmark.prompt)
    for name in benchmark.metrics:
        if (own := load_plugin("metrics", name).task) is not task:
            raise InputError(f"{name} scores the task {own.name}, not {task.name}")


def _arm(file: Path, name: str, told: Any, whole: _Whole) -> Arm:
    """An arm whose methods, options and ranges are in order."""
    where = f"arms.{name}"
    if not isinstance(told, dict):
        raise InputError(f"{where} must be a table", file)
    keys = _Keys.__struct_fields__
    mine = _converted(file, where, {k: v for k, v in told.items() if k in keys}, _Keys)
    with _at(file, where):
        known = _options(mine)
    options: dict[str, Any] = {}
    if whole.max_new_tokens is not None:
        options["max_new_tokens"] = whole.max_new_tokens
    for key, value in told.items():
        if key in keys:
            continue
        if key not in known:
            there = ", ".join((*keys, *known))
            raise InputError(f"{where}.{key}: no such key; there are {there}", file)
        with _at(file, f"{where}.{key}"):
            options[known[key].name] = _typed(known[key], value)
    with _at(file, where):
        width = _check_method(mine, options)
    # Greedy decoding of the model as it is draws nothing, so another seed is the same again.
    plain = not (mine.decode or mine.plan or options.get("do_sample"))
    seeds = mine.seeds or (whole.seeds[:1] if plain else whole.seeds)
    if len(set(seeds)) < len(seeds) or max(seeds) >= _GREATEST:
        raise InputError(f"{where}: seeds are different numbers below 2^53", file)
    return Arm(
        name, mine.decode, mine.plan, mine.prompt, mine.match_yes, mine.match_length,
        tuple(dict.fromkeys(mine.controls)), seeds, options, width,
    )  # fmt: skip


def _options(keys: _Keys) -> dict[str, Option]:
    """The options of an arm's decoding and plan, as a file calls them."""
    found = [each for each in options_of(Decoding) if each.name != "seed"]
    for method in keys.decode.split(",") if keys.decode else ():
        found += own_options(method.strip())
    if keys.plan:
        found += plan_options(keys.plan.partition(":")[0])
    return {each.name.strip("_"): each for each in found}


def _typed(option: Option, value: Any) -> Any:
    """A value of an option's type.

    Raises:
        InputError: it has another.
    """
    if option.type is float and type(value) is int:
        value = float(value)
    if option.type is Path and isinstance(value, str):
        return Path(value)
    if type(value) is not option.type:
        raise InputError(f"this must be {_WORDS.get(option.type, 'a text')}, not {value!r}")
    if type(value) is int and not -_GREATEST < value < _GREATEST:
        raise InputError(f"{value} is too large")
    return value


def _check_method(keys: _Keys, options: Mapping[str, Any]) -> int:
    """Refuse a decoding or plan that cannot be had with any model; else its number of inputs.

    Raises:
        InputError: says why.
    """
    plain = {name: value for name, value in options.items() if name in Decoding.__struct_fields__}
    own = {name: value for name, value in options.items() if name not in plain}
    if keys.decode == "yes-bias" or keys.match_yes:
        check_yes_bias(keys.decode, find_task("pope"), own.get("bias"), keys.match_yes)
    if keys.decode == "eos-bias" or keys.match_length:
        check_eos_bias(keys.decode, CAPTION, own.get("bias"), keys.match_length)
    take_plan(keys.plan, own, keys.decode)
    made = make_decoding(keys.decode, plain, own)
    with suppress(NotFittedError):  # then the arm is refused in its turn, and the others run
        _ = made.files  # a method that needs one says so
    parts: Sequence[Any] = getattr(made, "parts", (made,))
    return max(getattr(each, "width", 1) for each in parts)


def _check_references(file: Path, arms: Mapping[str, Arm]) -> None:
    for arm in arms.values():
        for key in ("controls", "match_yes", "match_length"):
            told = getattr(arm, key) or ()
            for each in told if key == "controls" else filter(None, [told]):
                if each not in arms or each == arm.name:
                    what = "is the arm itself" if each == arm.name else "is no arm"
                    raise InputError(f"arms.{arm.name}.{key}: {each!r} {what}", file)
    with _at(file, "arms"):
        in_order(arms)
