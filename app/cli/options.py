"""Options that several commands share, and those that metrics, decodings and revisers bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from halluc.options import Option

F = TypeVar("F", bound=Callable[..., Any])

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
SCORES = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the answers, their figures and findings into this folder, a run that inspect, "
    "compare and report open. Default: a run keeps its own.",
)
TRUTH = click.option(
    "--truth",
    help="JSON of object names by picture, JSON lines, folder of COCO annotations, or data such as "
    "vg:FOLDER. A run has its own.",
)
TRUTHS = click.option(
    "--truth",
    multiple=True,
    help="Ground truth that answers are scored against; a run has its own. pope: a file of "
    "questions with labels, and may repeat. mme, amber: the benchmark's folder. Captions: JSON of "
    "object names by picture, JSON lines, a folder of COCO annotations, or vg:FOLDER.",
)
ALLOW_MISSING = click.option(
    "--allow-missing",
    is_flag=True,
    help="Leave out what has no answer and what was not asked, and say how much.",
)
KEEP_THINKING = click.option(
    "--keep-thinking",
    is_flag=True,
    help="Score what a reasoning model thought with its answer; without it, the answer alone.",
)
VOCABULARY = click.option(
    "--vocabulary",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON of things and the words for them, beside COCO's 80 classes.",
)
STATISTICS = click.option(
    "--statistics",
    metavar="DATA",
    help="Data whose objects give the co-occurrences; forms as for --truth. Default: all of "
    "--truth, else the run's own samples; for tabletop, the biased scenes.",
)
IMAGES = click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
DTYPE = click.option(
    "--dtype", default="auto", show_default=True, help="float32, bfloat16 or float16."
)
DEVICE = click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps, …")


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one, in this order."""

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


FIT = together(
    click.option(
        "--quantize",
        type=click.Choice(["4bit", "8bit"]),
        help="Weights in fewer bits, by bitsandbytes; it changes answers.",
    ),
    click.option(
        "--device-map",
        type=click.Choice(["auto"]),
        help="Spread the layers over all GPUs, and the rest over memory.",
    ),
    click.option(
        "--attn",
        type=click.Choice(["sdpa", "flash", "eager"]),
        help="How attention is computed; flash needs flash-attn. [what transformers takes]",
    ),
)
CHAT_TEMPLATE = click.option(
    "--chat-template",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Jinja template to ask by, instead of the checkpoint's own.",
)
ENGINE = together(
    click.option(
        "--engine",
        default="local",
        show_default=True,
        metavar="E",
        help="local, ray (workers on this machine) or ray:HOST:PORT (a Ray cluster).",
    ),
    click.option(
        "--workers",
        type=click.IntRange(min=1),
        help="With ray: how many work at once [one a GPU, else one a core].",
    ),
    click.option(
        "--gpus-per-worker",
        "gpus",
        type=click.FloatRange(min=0),
        help="With ray: GPUs of each worker [1 where the cluster has any, else 0].",
    ),
)


def struct_options(options: Iterable[Option]) -> Callable[[F], F]:
    """The options of a metric, a decoding or a reviser; see `halluc.options`."""
    return together(*map(_click_option, options))


def union_options(
    by_name: Mapping[str, Sequence[Option]], without: Iterable[str] = ()
) -> Callable[[F], F]:
    """The options of several of them, each with the names of those that have it."""
    found: dict[str, dict[str, Option]] = {}
    for name, options in by_name.items():
        for option in options:
            if option.name not in without:
                found.setdefault(option.name, {})[name] = option
    return struct_options(_merged(by) for by in found.values())


def chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of options that have no default on the command line."""
    return {name: value for name, value in options.items() if value is not None}


def _merged(by: Mapping[str, Option]) -> Option:
    """One option of several that have the same name."""
    first = next(iter(by.values()))
    helps: dict[str, list[str]] = {}
    for name, option in by.items():
        helps.setdefault(option.help, []).append(name)
    told = " ".join(f"{', '.join(names)}: {_sentence(text)}" for text, names in helps.items())
    choices = tuple(dict.fromkeys(each for option in by.values() for each in option.choices))
    same = all(option.default == first.default for option in by.values())
    return first._replace(help=told, choices=choices, default=first.default if same else None)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "]")) else f"{text}."


def _click_option(option: Option) -> Callable[[F], F]:
    kind: Any = click.Path(path_type=Path) if option.type is Path else option.type
    if option.choices:
        kind = click.Choice(option.choices)
    if option.type is bool:
        return click.option(
            option.flag, option.name, is_flag=True, default=None, help=_sentence(option.help)
        )
    shown = "" if option.default is None or len(str(option.default)) > 20 else option.default
    told = _sentence(option.help) + (f" [{shown}]" if shown != "" else "")
    return click.option(
        option.flag, option.name, type=kind, default=None, metavar=option.metavar or None, help=told
    )
