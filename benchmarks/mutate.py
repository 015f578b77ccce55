"""Whether the tests notice changes of the code: each mutant is one change, and tests should fail.

    python benchmarks/mutate.py [PATH...] [--most 30] [--keep FILE]

prints the share of mutants that tests notice, and those that survive (see `benchmarks/mutants.py`
for what is changed). What was tried stands in FILE, and the same command goes on from there; what
survived is tried again once tests have changed.

The tests of `TESTS` are collected and run once, in a process that notes which of them runs which
line. A mutant is then a fork of that process in which one function has other code; it runs the
tests of that line, quick ones first, until one fails. A change that acts at import, and a mutant
that survives, is tried in a fork of a process that has imported nothing of the project, since the
first may hold results of unchanged code. Work that a test does in a process of its own is not
changed, so what only such tests hold survives here.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import IO, Any

import pytest
from forks import begin, wait
from mutants import Finder, Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[1]
PATHS = (
    *("metrics", "mitigation", "halluc/statistics.py", "halluc/bootstrap.py"),
    *("halluc/jsonl.py", "halluc/runs.py"),
)
TESTS = (
    *PATHS,  # their doctests
    *("tests/metrics", "tests/mitigation", "tests/halluc/answers"),
    *("tests/halluc/test_statistics.py", "tests/halluc/test_bootstrap.py"),
    *("tests/halluc/test_differences.py", "tests/halluc/test_prediction_powered.py"),
    *("tests/halluc/test_jsonl.py", "tests/halluc/test_runs.py", "tests/halluc/test_length.py"),
    *("tests/halluc/datasets/test_jsonl.py", "tests/app/cli/test_score*.py"),
    *("tests/app/cli/test_revise.py", "tests/app/cli/test_data.py"),
    *("tests/app/cli/test_train*.py", "tests/app/workflows/train", "tests/test_docs.py"),
)
# Ranges and defaults of options stand on the pages that this test compares.
GENERATED = "::test_generated_pages"
PLAIN = [
    *("-q", "-s", "-n0", "-p", "no:cacheprovider", "--doctest-modules"),
    *("-o", "addopts=--import-mode=importlib", "-o", "tmp_path_retention_policy=none"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # plugins may be imported before
]
NOTICED = 99
# Seconds of tests, as they took unchanged, that one mutant may cost.
MOST_SECONDS = 40.0


@dataclass
class Seen:
    """What the tests do with the unchanged code.

    Attributes:
        names: of the tests that pass.
        seconds: that each takes.
        lines: which tests run a line, by file and line.
    """

    names: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lines: dict[str, dict[int, set[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def of(self, mutant: Mutant) -> list[int]:
        """The tests that run a mutant's statement, quick ones first."""
        first, last = mutant.place.lines
        anywhere = mutant.place.function is None
        found = set[int]()
        for line, some in self.lines.get(str(mutant.path), {}).items():
            if anywhere or first <= line <= last:
                found |= some
        if anywhere:
            # A module may have no function that runs.
            wanted = (GENERATED,) if found else (GENERATED, f"/test_{mutant.path.stem}")
            named = enumerate(self.names)
            found |= {number for number, name in named if any(each in name for each in wanted)}
        kept, spent = [], 0.0
        for test in sorted(found, key=lambda each: (self.seconds[each], each)):
            spent += self.seconds[test]
            if kept and spent > MOST_SECONDS:
                break
            kept.append(test)
        return kept

    def limit(self, tests: Sequence[int]) -> float:
        """Seconds after which a mutant hangs."""
        return 20 + 4 * sum(self.seconds[each] for each in tests)


class Warm:
    """Tests that are collected once, in a process of their own; a plugin of pytest.

    Args:
        files: the modules that will be changed.
        asked: numbers of a module and a mutant with the tests to run, a line each.
        told: where the answers go.
    """

    def __init__(self, files: Sequence[Path], asked: IO[str], told: IO[str]) -> None:
        self.files, self.asked, self.told = files, asked, told
        self.functions: dict[str, dict[Any, list[FunctionType]]] = {}
        self.good = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether a test passes, set up and torn down."""
        self.good &= report.passed

    def passed(self, item: pytest.Item, after: Any) -> bool:
        """Run a test as pytest does, with the marks that it has."""
        self.good = True
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        return self.good

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all tests once, then answer until nobody asks any more."""
        seen = self.look(session)
        lines = {
            file: {line: sorted(tests) for line, tests in some.items()}
            for file, some in seen.lines.items()
        }
        self.say({"names": seen.names, "seconds": seen.seconds, "lines": lines})
        passing = {item.nodeid: item for item in session.items}
        items = [passing[name] for name in seen.names]
        known: dict[int, list[Mutant]] = {}
        for line in self.asked:
            file, number, tests, limit = json.loads(line)
            if file not in known:
                known[file] = mutants_of(self.files[file])
            mutant, mine = known[file][number], [items[each] for each in tests]
            self.say(wait(begin(partial(self.attempt, mutant, mine)), limit))
        return True

    def say(self, what: Any) -> None:
        """Tell the other process."""
        self.told.write(json.dumps(what) + "\n")
        self.told.flush()

    def look(self, session: pytest.Session) -> Seen:
        """Which tests pass, how long they take, and which lines they run."""
        seen, traced = Seen(), Traced({str(each) for each in self.files})
        rest = Rest(session)
        for number, item in enumerate(session.items):
            after = session.items[number + 1] if number + 1 < len(session.items) else rest
            begun = time.monotonic()
            with traced:
                good = self.passed(item, after)
            if not good:
                print(f"fails unchanged, or is skipped: {item.nodeid}", file=sys.stderr)
                continue
            for file, line in traced.ran:
                seen.lines[file][line].add(len(seen.names))
            seen.names.append(item.nodeid)
            seen.seconds.append(round(time.monotonic() - begun, 3))
        return seen

    def attempt(self, mutant: Mutant, items: Sequence[pytest.Item]) -> int:
        """Change a function where it is, and run tests until one fails."""
        code = mutant.function_code()
        olds = self.olds(mutant)
        if code is None or not olds:
            return 0
        for each in olds:
            each.__code__ = code
        for number, item in enumerate(items):
            after = items[number + 1] if number + 1 < len(items) else Rest(item.session)
            if not self.passed(item, after):
                return NOTICED
        return 0

    def olds(self, mutant: Mutant) -> list[FunctionType]:
        """The functions that have the code which a mutant changes."""
        name = str(mutant.path)
        if name not in self.functions:
            found = defaultdict(list)
            for each in gc.get_objects():
                if isinstance(each, FunctionType) and each.__code__.co_filename == name:
                    code: CodeType = each.__code__
                    found[code.co_qualname, code.co_firstlineno].append(each)
            self.functions[name] = found
        return self.functions[name].get(mutant.place.function, [])


class Traced:
    """Notes which lines of some files run, in all threads.

    Attributes:
        ran: file and line.
    """

    def __init__(self, files: Collection[str]) -> None:
        self.files, self.ran = files, set[tuple[str, int]]()

    def __enter__(self) -> None:
        self.ran.clear()
        threading.settrace(self.call)
        sys.settrace(self.call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def call(self, frame: FrameType, event: str, arg: Any) -> Any:
        """A function is called."""
        inside = frame.f_code.co_filename in self.files
        return self.line(frame, event, arg) if inside else None

    def line(self, frame: FrameType, event: str, _: Any) -> Any:
        """A line is run."""
        self.ran.add((frame.f_code.co_filename, frame.f_lineno))
        return self.line


class Rest:
    """The next test where there is none: what is set up for the whole session stays."""

    def __init__(self, session: pytest.Session) -> None:
        self.session = session

    def listchain(self) -> list[Any]:
        """What the next test needs."""
        return [self.session]


def fresh(mutant: Mutant | None, tests: Sequence[str], limit: float) -> int | None:
    """Run tests in a fork where everything of the project is imported anew, with a mutant."""

    def work() -> int:
        if mutant is not None:
            parts = mutant.path.relative_to(ROOT).with_suffix("").parts
            sys.meta_path.insert(0, Finder(".".join(parts), mutant))
        return int(pytest.main(["-x", *PLAIN, "--basetemp", tempfile.mkdtemp(), *tests]))

    return wait(begin(work), limit)


def start(files: Sequence[Path], tests: Sequence[str], folder: str) -> tuple[IO[str], IO[str]]:
    """The process with the collected tests: where to ask it, and where it answers."""
    (asked, ask), (told, tell) = os.pipe(), os.pipe()
    if not os.fork():
        os.close(ask)
        os.close(told)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        warm = Warm(files, os.fdopen(asked), os.fdopen(tell, "w"))
        code = pytest.main([*PLAIN, "--basetemp", f"{folder}/warm", *tests], plugins=[warm])
        os._exit(int(code))
    os.close(asked)
    os.close(tell)
    return os.fdopen(ask, "w"), os.fdopen(told)


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 of files."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


def chosen(path: Path, most: int, lines: str | None) -> Iterator[Mutant]:
    """The mutants of a module that are tried."""
    every = mutants_of(path)
    if lines:
        first, last = map(int, lines.split("-"))
        every = [each for each in every if first <= each.line <= last]
    if most and len(every) > most:
        drawn = random.Random(0).sample(every, most)
        every = sorted(drawn, key=lambda each: each.number)
    yield from every


def main() -> None:
    """Try the mutants of files and folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, default=[Path(each) for each in PATHS])
    parser.add_argument("--most", type=int, default=30, help="mutants of a module; 0: all")
    parser.add_argument("--lines", help="only those of these lines: 10-20")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="files or folders of tests")
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "mutants.jsonl")
    given = parser.parse_args()
    os.chdir(ROOT)
    os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    paths = [each.resolve() for each in given.paths]
    files = [f for p in paths for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]
    tests = [str(each) for name in given.tests for each in sorted(ROOT.glob(name))]
    told = digest(sorted((ROOT / "tests").rglob("*.py")))
    kept = read(given.keep)
    wanted = [
        (number, mutant, (name := str(path.relative_to(ROOT)), digest([path]), mutant.number))
        for number, path in enumerate(files)
        for mutant in chosen(path, given.most, given.lines)
    ]
    left = [each for each in wanted if not done(kept.get(each[2]), told)]
    if left:
        _preload(models=any("mitigation" in each or "/app/" in each for each in tests))
        given.keep.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder, given.keep.open("a") as file:
            os.environ["TMPDIR"] = tempfile.tempdir = folder
            for key, row in attempts(left, files, tests, folder):
                kept[key] = row | {"tests": told}
                name, sha, number = key
                line = {"path": name, "sha256": sha, "number": number, **kept[key]}
                print(json.dumps(line), file=file, flush=True)
    report(
        [
            (str(files[number].relative_to(ROOT)), mutant, kept[key])
            for number, mutant, key in wanted
        ]
    )


def read(file: Path) -> dict[tuple[str, str, int], dict[str, Any]]:
    """What was tried before."""
    if not file.is_file():
        return {}
    rows = [json.loads(line) for line in file.read_text().splitlines() if line.endswith("}")]
    return {(each["path"], each["sha256"], each["number"]): each for each in rows}


def done(row: dict[str, Any] | None, tests: str) -> bool:
    """Whether a mutant need not be tried again."""
    return row is not None and (row["noticed"] or row["tests"] == tests)


def attempts(
    left: Sequence[tuple[int, Mutant, Any]], files: Sequence[Path], tests: list[str], folder: str
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Try mutants, and yield what came of each."""
    begun = time.monotonic()
    ask, answer = start(files, tests, folder)
    document = json.loads(answer.readline())
    seen = Seen(document["names"], document["seconds"])
    for file, lines in document["lines"].items():
        seen.lines[file] = {int(line): set(some) for line, some in lines.items()}
    print(f"{len(seen.names)} tests in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    alone = cache(lambda names, limit: fresh(None, names, limit) == 0)
    for number, (file, mutant, key) in enumerate(left, 1):
        mine = seen.of(mutant)
        code: int | None = 0
        how = "no test runs it"
        if mine and mutant.place.function is not None:
            ask.write(json.dumps([file, mutant.number, mine, seen.limit(mine)]) + "\n")
            ask.flush()
            code, how = json.loads(answer.readline()), "in place"
        if mine and code == 0:
            names = tuple(seen.names[each] for each in mine)
            limit = 60 + seen.limit(mine)
            code, how = fresh(mutant, names, limit), "imported"
            if code != 0 and not alone(names, limit):
                code, how = 0, "its tests fail alone"
        how = "hangs" if code is None else how
        if not number % 100:
            minutes = (time.monotonic() - begun) / 60
            print(f"{number} of {len(left)}, {minutes:.0f} min", file=sys.stderr, flush=True)
        yield key, {"line": mutant.line, "what": mutant.what, "noticed": code != 0, "how": how}
    ask.close()


def report(rows: Sequence[tuple[str, Mutant, dict[str, Any]]]) -> None:
    """Print what survived, the share of each module, and that of all."""
    by_file: dict[str, list[bool]] = defaultdict(list)
    for name, mutant, row in rows:
        by_file[name].append(row["noticed"])
        if not row["noticed"]:
            print(f"{name}:{mutant.line}: {mutant.what} ({row['how']})")
    for name, each in by_file.items():
        print(f"{name}: noticed {sum(each)} of {len(each)}")
    every = [each for some in by_file.values() for each in some]
    if every:
        share = sum(every) / len(every)
        print(f"noticed {sum(every)} of {len(every)} ({share:.3f}); the others stand above")


def _preload(models: bool) -> None:
    """Import what is no part of the project once, for all forks."""
    names = ["numpy", "scipy.stats", "msgspec", "statsmodels.stats.proportion"]
    if models:
        names += ["torch", "transformers", "spacy", "sklearn.linear_model", "matplotlib.figure"]
    for name in names:
        import_module(name)


if __name__ == "__main__":
    main()
