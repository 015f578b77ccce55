"""Cases of `benchmarks/hostile.py`: files, values, options, places, limits, pictures."""

from __future__ import annotations

import json
import os
import random
import resource
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from damages import BROKEN, CONVERTED, PLACES, odd_rows
from outcomes import MADE, given
from readers import FILES

# Packed already, or written by halluc alone.
AS_THEY_ARE = ("xlsx", "parquet", "gz", "run/responses.jsonl")
OPTIONAL = ("vg/attributes.json", "vg/relationships.json", "vg/image_data.json",
            "coco/captions_val2014.json")  # fmt: skip


@dataclass
class Tried:
    """What came of a command.

    Attributes:
        code: its exit code; None: it was stopped, for it took too long.
        out, err: what it said.
        seconds: that it took.
        wrong: what else is wrong.
        figures: what it found.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    wrong: str = ""
    figures: Any = None


@dataclass(frozen=True)
class Case:
    """A command on something unlucky.

    Attributes:
        kind, name: of the case.
        command: what is given.
        prepare: changes the folder before.
        around: is done in the process before.
        run: gives the command, where that is not in a fork.
        codes: exit codes that are right.
        same: whether an answer has to be the one without the damage.
        must: whether it has to be answered.
        leaves: whether it may leave something where it is refused.
    """

    kind: str
    name: str
    command: tuple[str, ...]
    prepare: Callable[[Path], Any] | None = None
    around: Callable[[], Any] | None = None
    run: Callable[[Case, Path], Tried] | None = None
    codes: Collection[int] = (0, 2)
    same: bool = False
    must: bool = False
    leaves: bool = False


def _made(name: str, content: bytes | Callable[[bytes], bytes], folder: Path) -> None:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content(path.read_bytes()))


def _placed(name: str, make: Callable[[Path], Any], folder: Path) -> None:
    (folder / name).unlink()
    make(folder / name)


def files() -> Iterator[Case]:
    """Every file in every state."""
    for name, (_content, command) in FILES.items():
        told = tuple(given(command))
        for what, change in {**BROKEN, **CONVERTED}.items():
            must = what in CONVERTED and not name.endswith(AS_THEY_ARE)
            yield Case("files", f"{name}, {what}", told, partial(_made, name, change),
                       same=True, must=must)  # fmt: skip
        for what, make in PLACES.items():
            yield Case("places", f"{name}, {what}", told, partial(_placed, name, make),
                       same=name not in OPTIONAL)  # fmt: skip


def values() -> Iterator[Case]:
    """Every value of every file, odd."""
    for name, (content, command) in FILES.items():
        if name.endswith((".json", ".jsonl")):
            for what, changed in odd_rows(content):
                told = tuple(given(command))
                yield Case("values", f"{name}, {what}", told, partial(_made, name, changed))


# What options are tried with, and commands that they belong to.
NUMBERS = ("nan", "inf", "-inf", "1e400", "-1", "0", "9" * 40, "0x10", "", "1_000", "٣", "1e-400")
TEXTS = ("", " ", "\n", "{0} %s", "[bold]x", "\x1b[31mx", "é" * 3000, "../x", "gone", ".", "nan",
         "~nobody/x", "=1+1", "a,b", "a\x7fb", "n" * 300)  # fmt: skip
RUN_TRUTH = ("--truth", "truths.jsonl")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("score", "chair", "captions.jsonl", "--truth", "objects.json"),
    ("score", "pope", "answers.jsonl", "--truth", "questions.jsonl"),
    ("score", "finegrained", "captions.jsonl", *RUN_TRUTH),
    ("score", "mme", "mme"),
    ("score", "amber", "amber.json", "--truth", "AMBER", "--evaluation-type", "d"),
    ("score", "hallusionbench", "hallusion.json"),
    ("score", "mcq-pope", "mcq_said.jsonl", "--truth", "mcq.jsonl"),
    ("score", "beaf", "beaf_said.json", "--truth", "beaf.json"),
    ("compare", "run", "run2"),
    ("gate", "run", "run2", "--max-rise", "chair_i=1pp"),
    ("report", "run", "-o", f"{MADE}.html"),
    ("analyse", "factors", "captions.jsonl", "--truth", "objects.json"),
    ("analyse", "detector", "run"),
    ("analyse", "uncertainty", "run"),
    ("analyse", "reviews", "run"),
    ("data", "pope", "build", "--data", "jsonl:pictures.jsonl", "-o", f"{MADE}.jsonl"),
    ("data", "pairs", "run", "-o", MADE),
    ("data", "verify", "questions.jsonl"),
    ("generate", "--model", "replay:replies.jsonl", "--data", "haelm:haelm.jsonl", "--task",
     "haelm", "-o", MADE),
    ("list", "metrics"),
    ("doctor",),
    ("model", "describe", "gone"),
    ("revise", "woodpecker", "run", "-o", MADE),
    ("revise", "lure", "run", "-o", MADE),
    ("train", "dpo", "--pairs", "gone", "-o", MADE),
)  # fmt: skip


def options() -> Iterator[Case]:
    """Every option of every command, odd."""
    for command in COMMANDS:
        codes = (0, 1, 2, 3) if command[0] == "gate" else (0, 2)
        for param in _command(command).params:
            if not isinstance(param, click.Option) or param.is_flag or param.name == "engine":
                continue
            number = isinstance(param.type, click.types.IntParamType | click.types.FloatParamType)
            option = param.opts[-1]
            for value in NUMBERS if number else TEXTS:
                name = f"{' '.join(command[:3])}, {option} {value[:20]!r}"
                told = f"{option}={value}" if option.startswith("--") else f"{option}{value}"
                yield Case("options", name, (*command, told), codes=codes)
    for command in COMMANDS:
        for at in range(1, len(command)):
            for value in ("", "\n", "\x1b[31m", "gone", "--", "-", "-x", "[x]", "a\udcffb"):
                told = (*command[:at], value, *command[at + 1 :])
                codes = (0, 1, 2, 3) if command[0] == "gate" else (0, 2)
                yield Case("arguments", f"{' '.join(told)!r}", told, codes=codes)


def _command(words: tuple[str, ...]) -> click.Command:
    from app.cli import cli

    found: click.Command = cli
    context = click.Context(cli)
    for word in words:
        if not isinstance(found, click.Group):
            break
        if (inner := found.get_command(context, word)) is None:
            raise LookupError(word)
        found, context = inner, click.Context(inner, parent=context)
    return found


WRITING: dict[str, tuple[str, ...]] = {
    "score": ("score", "chair", "captions.jsonl", "--truth", "objects.json"),
    "report": ("report", "run"),
    "data": ("data", "pope", "build", "--data", "jsonl:pictures.jsonl"),
    "factors": ("analyse", "factors", "captions.jsonl", "--truth", "objects.json"),
    "generate": COMMANDS[18][:-2],
}
PLACED = {
    "spaces": "my  page (2)", "quotes": 'it\'s "so"', "a line end": "two\nlines",
    "escapes": "red \x1b[31m \x07", "markup": "[bold]x {0} %s $HOME `id`", "a dash": "-o",
    "dots": "a/../b/./x", "not ASCII": "結果 – ü", "long": "n" * 200, "too long": "n" * 300,
    "not UTF-8": "run\udcff", "a file below": "captions.jsonl/x", "a device below": "/dev/null/x",
    "deep": "a/" * 3000, "the folder": ".", "the one above": "..", "a file": "objects.json",
    "a run": "run", "a pipe": "pipe", "a link to nothing": "link", "a link to itself": "loop",
    "nothing": "",
}  # fmt: skip


def outputs() -> Iterator[Case]:
    """Everything that is written, to odd places."""

    def prepare(folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        (folder / "link").symlink_to("gone")
        (folder / "loop").symlink_to("loop")

    for name, command in WRITING.items():
        for what, place in PLACED.items():
            yield Case("outputs", f"{name}, {what}", (*command, f"--output={place}"), prepare)


def limits() -> Iterator[Case]:
    """Little disk, few files, little memory."""
    tight = {f"files of {size} bytes": (resource.RLIMIT_FSIZE, size) for size in (400, 3000)}
    tight |= {f"{number} open files": (resource.RLIMIT_NOFILE, number) for number in (4, 8, 12)}
    for name, command in WRITING.items():
        for what, (limit, size) in tight.items():
            around = partial(resource.setrlimit, limit, (size, size))
            told = (*command, "-o", MADE)
            # What it says goes to a file, too.
            yield Case("limits", f"{name}, {what}", told, around=around, leaves=True)


def images() -> Iterator[Case]:
    """Pictures with every kind of damage, in a page."""
    from io import BytesIO

    from PIL import Image

    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000"):
        file = BytesIO()
        Image.effect_noise((40, 30), 50).convert("RGB").save(file, form)
        whole, rng = file.getvalue(), random.Random(form)
        changed = {
            "nothing": b"", "its head": whole[:20], "half": whole[: len(whole) // 2],
            "all but the end": whole[:-5], "zeros behind": whole + bytes(5000),
            "a zip behind": whole + b"PK\x03\x04" + bytes(99), "no start": whole[4:],
            "twice": whole * 2, "zeros in it": whole[:30] + bytes(40) + whole[70:],
        }  # fmt: skip
        for number in range(12):
            bad = bytearray(whole)
            for _each in range(1 + number // 4):
                bad[rng.randrange(min(len(bad), 200))] = rng.randrange(256)
            changed[f"other bytes {number}"] = bytes(bad)
        for what, content in changed.items():
            yield Case("images", f"{form}, {what}", ("report", "run", "-o", f"{MADE}.html"),
                       partial(_made, "run/1.jpg", content))  # fmt: skip
    names = ("../x.png", "/etc/passwd", "~/x", "a\x00b", "file:///etc/passwd",
             "http://127.0.0.1:1/x", "..\\x", "%2e%2e/x", "", "con", "a" * 5000,
             "\u202egpj.exe", "x\udcff")  # fmt: skip
    for name in names:
        row = FILES["run/responses.jsonl"][0].replace(b"1.jpg", json.dumps(name)[1:-1].encode())
        yield Case("images", f"the name {name[:30]!r}", ("report", "run", "-o", f"{MADE}.html"),
                   partial(_made, "run/responses.jsonl", row))  # fmt: skip
