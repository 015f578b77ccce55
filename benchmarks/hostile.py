"""Hostile and unlucky inputs, a command at each: refused in one line, or answered as it was meant.

    python benchmarks/hostile.py [--only KIND...] [--every N] [--keep FILE]

prints a table of what came of them by kind and command, and each one that went wrong: a traceback,
more than one line, another exit code than 0 and 2 (3 and 1 of the gate, 130 and signals of a
command that was interrupted), other figures without a word, something left behind, or more than
`SECONDS` (longer where the processors are busy with other work). What came of each stands in FILE,
and the same command goes on from there while the code is the same. Most run in forks of this
process; what hangs on the start of a process is one.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from forks import begin, halluc, wait

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import hostile_cases as still  # noqa: E402
import hostile_processes as moving  # noqa: E402
from hostile_cases import Case, Tried  # noqa: E402
from outcomes import fault, figures, state  # noqa: E402
from readers import write  # noqa: E402

SECONDS = 10.0
MAKERS = (
    *(still.files, still.values, still.options, still.outputs, still.limits, still.images),
    *(moving.starts, moving.signals, moving.twice, moving.servers),
)
KINDS = (
    *("files", "places", "values", "options", "arguments", "outputs", "limits", "images"),
    *("environment", "streams", "signals", "twice", "servers"),
)


class Bench:
    """Tries cases, each in a folder of its own.

    Args:
        folder: for all of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.good = folder, folder / "good"
        self.good.mkdir()
        write(self.good)
        self.number = 0
        self.right: dict[tuple[str, ...], Tried] = {}

    def attempt(self, case: Case) -> tuple[str, str]:
        """What came of a case: "refused", "answered" or "other", and what is wrong, if anything."""
        if case.command not in self.right and case.same:
            self.right[case.command] = self.run(Case(case.kind, "", case.command, same=True))[0]
        tried, wrong = self.run(case)
        right = self.right.get(case.command)
        if not wrong and case.same and tried.code == 0 and right and tried.figures != right.figures:
            wrong = "other figures without a word"
        if not wrong and case.must and tried.code:
            wrong = f"refused, though nothing is lost: {tried.err}"
        return {0: "answered", 2: "refused"}.get(tried.code or 0, "other"), wrong

    def run(self, case: Case) -> tuple[Tried, str]:
        """Give a case's command in a new folder."""
        self.number += 1
        outer = self.folder / f"case{self.number}"
        folder = outer / "in" / "there"
        shutil.copytree(self.good, folder, symlinks=True)
        try:
            before = state(folder) if case.prepare is None else None
            if case.prepare is not None:
                case.prepare(folder)
                before = state(folder)
            tried = case.run(case, folder) if case.run else forked(case, folder)
            wrong = fault(tried.code, tried.out, tried.err, case.codes)
            if not wrong and tried.seconds > limit():
                wrong = f"{tried.seconds:.0f} s"
            if not wrong and tried.code == 2 and not case.leaves and state(folder) != before:
                wrong = f"refused, and yet it leaves {state(folder).keys() - (before or {}).keys()}"
            if not wrong and tried.code == 0 and case.same:
                tried.figures = figures(case.command, folder, tried.out)
            return tried, wrong or tried.wrong
        finally:
            shutil.rmtree(outer, ignore_errors=True)


def forked(case: Case, folder: Path) -> Tried:
    """Give a command in a fork of this process."""
    out, err = folder.parent / "out", folder.parent / "err"
    begun = time.monotonic()
    work = halluc(case.command, folder)
    around = case.around

    def run() -> int:
        if around is not None:
            around()
        return work()

    code = wait(begin(run, out, err), 2 * limit())
    seconds = time.monotonic() - begun
    said = [each.read_text("utf-8", "replace") if each.exists() else "" for each in (out, err)]
    return Tried(code, *said, seconds)


def limit() -> float:
    """Seconds that a command may take: more where several processes share a processor."""
    return SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def warm(folder: Path) -> None:
    """Give good commands in this process, so that forks need not import and load anew."""
    shutil.copytree(folder, folder.with_name("warm"))
    before, streams = Path.cwd(), (sys.stdout, sys.stderr)
    os.chdir(folder.with_name("warm"))
    try:
        for command in [*still.COMMANDS[:-4], *still.WRITING.values()]:
            sys.stdout = sys.stderr = io.StringIO()
            with suppress(SystemExit):
                halluc(command, Path.cwd())()
    finally:
        sys.stdout, sys.stderr = streams
        os.chdir(before)
    for module in ("app.workflows.revise", "app.workflows.train.dpo", "halluc.mllm.openai"):
        import_module(module)


def source() -> str:
    """A hash of the code that is tried."""
    whole = hashlib.sha256()
    for folder in ("halluc", "metrics", "mitigation", "app", "tests/support", "benchmarks"):
        for each in sorted((ROOT / folder).rglob("*.py")):
            whole.update(each.read_bytes())
    return whole.hexdigest()[:16]


def attempts(given: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Try what was not tried yet; yields all, from the file, too."""
    code = source()
    lines = given.keep.read_text().splitlines() if given.keep.is_file() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    known = {(each["kind"], each["name"]): each for each in rows if each["code"] == code}
    given.keep.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, given.keep.open("a") as file:
        bench = Bench(Path(folder))
        warm(bench.good)
        for number, case in enumerate(each for make in MAKERS for each in make()):
            if case.kind not in given.only or number % given.every:
                continue
            row = known.get((case.kind, case.name))
            if row is None:
                outcome, wrong = bench.attempt(case)
                row = {"kind": case.kind, "name": case.name,
                       "command": ascii(" ".join(case.command[:2]))[1:-1],
                       "outcome": outcome, "wrong": wrong, "code": code}  # fmt: skip
                print(json.dumps(row), file=file, flush=True)
                if wrong:
                    print(f"{case.kind}, {case.name}: {wrong}", file=sys.stderr, flush=True)
            yield row


def main() -> None:
    """Try all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--every", type=int, default=1, help="one case in so many")
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "hostile.jsonl")
    rows = list(attempts(parser.parse_args()))
    table = Counter((row["kind"], row["command"], row["outcome"]) for row in rows)
    wrong = Counter((row["kind"], row["command"]) for row in rows if row["wrong"])
    print("| kind | command | cases | answered | refused | otherwise ended | wrong |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for key in sorted({(kind, command) for kind, command, _ in table}):
        each = [table[*key, outcome] for outcome in ("answered", "refused", "other")]
        print("|", " | ".join([*key, str(sum(each)), *map(str, each), str(wrong[key])]), "|")
    print(f"{len(rows)} cases, {sum(wrong.values())} went wrong")
    for row in rows:
        if row["wrong"]:
            print(f"  {row['kind']}, {row['name']}: {row['wrong']}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
