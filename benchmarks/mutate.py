"""Whether the tests notice changes of the code: each mutant is one change, and tests should fail.

``python benchmarks/mutate.py halluc/statistics.py metrics/ --most 40`` prints the share of mutants
that tests notice and those that survive. A change is a comparison, an operator, a number, a truth
value, ``and`` for ``or``, a condition reversed, a result dropped, a call left out, the least for
the most. The tests of a module are those that mirror its folder, and the ones in `MORE`.

Nothing is written: each mutant is loaded in a fork of this process in place of its module. Work
that a test does in a process of its own is not changed, so what only such tests hold survives here.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MORE = {
    "halluc/bootstrap.py": ["tests/halluc/test_statistics.py", "tests/halluc/test_differences.py"],
    "halluc/jsonl.py": ["tests/halluc/test_runs.py", "tests/halluc/datasets/test_jsonl.py"],
    "mitigation/postcorrection/checks.py": ["tests/mitigation/postcorrection/test_woodpecker.py"],
    "mitigation/postcorrection/questions.py": [
        "tests/mitigation/postcorrection/test_woodpecker.py"
    ],
    "mitigation/precorrection/pairs.py": ["tests/mitigation/precorrection/test_negatives.py"],
}
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
OTHERS = {"min": "max", "max": "min", "any": "all", "all": "any"}
FAILED, MOST_SECONDS = 1, 300


class Mutant(importlib.abc.InspectLoader, importlib.abc.MetaPathFinder):
    """Loads one module from other source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The changed module, if it is asked for."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_source(self, fullname: str) -> str:
        """The changed source."""
        return self.source

    def get_filename(self, fullname: str) -> str:
        """The unchanged file, for messages."""
        return str(self.path)


def nodes_of(tree: ast.AST) -> Iterator[ast.AST]:
    """What may be changed: no types, no texts of errors, no docstrings."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or isinstance(node, ast.Raise | ast.Import):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            yield node
            yield from nodes_of(node)


def changes_of(node: ast.AST) -> Iterator[ast.AST]:
    """The node, changed in each way."""
    other: Any = copy.deepcopy(node)
    if isinstance(node, ast.Compare):
        for at, each in enumerate(node.ops):
            other = copy.deepcopy(node)
            other.ops[at] = COMPARED[type(each)]()
            yield other
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in COMPUTED:
        other.op = COMPUTED[type(node.op)]()
        yield other
    elif isinstance(node, ast.BoolOp):
        other.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield other
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        other.value = not node.value
        yield other
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        other.value = node.value + 1
        yield other
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        other.test = ast.UnaryOp(ast.Not(), other.test)
        yield other
    elif isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    elif isinstance(node, ast.Name) and node.id in OTHERS:
        other.id = OTHERS[node.id]
        yield other


class Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        """The new node for the old one."""
        return ast.copy_location(self.new, node) if node is self.old else self.generic_visit(node)


def mutants_of(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, change in words, and source of each mutant of a module."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in nodes_of(tree):
        for new in changes_of(node):
            was, now = (ast.unparse(each).split("\n")[0][:70] for each in (node, new))
            memo = {id(node): node}  # the copy has the node itself, to be found again
            changed = Replace(node, new).visit(copy.deepcopy(tree, memo))
            source = ast.unparse(ast.fix_missing_locations(changed))
            yield getattr(node, "lineno", 0), f"{was} → {now}", source


def tests_of(path: Path) -> list[str]:
    """The tests of a module."""
    told = path.relative_to(ROOT)
    folder = ROOT / "tests" / told.parent
    own = sorted(folder.glob(f"test_{path.stem}*.py"))
    if not own and told.parent.as_posix() != "halluc":
        own = sorted(folder.glob("test_*.py"))
    return [*map(str, own), *(str(ROOT / each) for each in MORE.get(told.as_posix(), ()))]


def noticed(path: Path, source: str, tests: list[str]) -> bool:
    """Whether a test fails, or hangs, with the changed module."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    child = os.fork()
    if not child:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        signal.alarm(MOST_SECONDS)
        sys.meta_path.insert(0, Mutant(name, path, source))
        import pytest

        plain = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "-p", "no:doctest"]
        plain += ["-o", "addopts=--import-mode=importlib"]
        code = FAILED
        try:
            code = pytest.main([*plain, *tests])
        finally:
            os._exit(int(code))
    _, status = os.waitpid(child, 0)
    return status != 0


def main() -> None:
    """Try the mutants of files and folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--most", type=int, help="mutants of each module, drawn by chance")
    parser.add_argument("--lines", help="only those of these lines: 10-20")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    for heavy in ("numpy", "scipy.stats", "msgspec"):
        importlib.import_module(heavy)
    files = [
        each
        for path in options.paths
        for each in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    ]
    tried = survived = 0
    for path in map(Path.resolve, files):
        tests = tests_of(path)
        every = list(mutants_of(path))
        if options.lines:
            first, last = map(int, options.lines.split("-"))
            every = [each for each in every if first <= each[0] <= last]
        if options.most and len(every) > options.most:
            every = sorted(random.Random(0).sample(every, options.most))
        if not tests or not every:
            continue
        begun, before = time.monotonic(), tried
        if noticed(path, path.read_text("utf-8"), tests):
            print(f"{path.relative_to(ROOT)}: its tests fail as it is")
            continue
        for line, what, source in every:
            tried += 1
            if not noticed(path, source, tests):
                survived += 1
                print(f"{path.relative_to(ROOT)}:{line}: {what}", flush=True)
        seconds = time.monotonic() - begun
        print(f"{path.relative_to(ROOT)}: {tried - before} mutants, {seconds:.0f} s", flush=True)
    if tried:
        share = (tried - survived) / tried
        print(f"noticed {tried - survived} of {tried} ({share:.2f}); the others stand above")


if __name__ == "__main__":
    main()
