"""Changes of a module that tests should notice; `benchmarks/mutate.py` tries them.

A change is a comparison, an operator, a number, a truth value, ``and`` for ``or``, a condition
reversed, a result dropped, a call left out, the least for the most. Types, texts of errors,
docstrings, decorators and settings of classes (``frozen=True``) stay as they are.
"""

from __future__ import annotations

import ast
import copy
import importlib.abc
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
OTHERS = {"min": "max", "max": "min", "any": "all", "all": "any"}
UNCHANGED = ("annotation", "returns", "decorator_list", "bases", "type_params")

Key = tuple[str, int]
"""Qualified name and first line of a function, as its code object has them."""


@dataclass(frozen=True)
class Place:
    """A node of a module's syntax tree, and where it stands.

    Attributes:
        node: the node.
        function: the outermost function in whose body it stands; None: it acts at import.
        lines: first and last line of its statement, without the statements inside that one.
    """

    node: ast.AST
    function: Key | None
    lines: tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Attributes:
        path: the module's file.
        number: of the mutant in its module.
        tree: of the whole module, unchanged.
        place: what is changed.
        new: what stands there instead.
    """

    path: Path
    number: int
    tree: ast.Module
    place: Place
    new: ast.AST

    @property
    def line(self) -> int:
        """Where the change is."""
        return getattr(self.place.node, "lineno", self.place.lines[0])

    @cached_property
    def what(self) -> str:
        """The change in words."""
        nodes = (self.place.node, self.new)
        was, now = (ast.unparse(each).split("\n")[0][:70] for each in nodes)
        return f"{was} → {now}"

    def code(self) -> CodeType:
        """The changed module, compiled."""
        memo = {id(self.place.node): self.place.node}  # the copy has the node itself
        changed = _Replace(self.place.node, self.new).visit(copy.deepcopy(self.tree, memo))
        whole = ast.fix_missing_locations(changed)
        return importlib.abc.InspectLoader.source_to_code(whole, str(self.path))  # type: ignore[arg-type]

    def function_code(self) -> CodeType | None:
        """The code of the changed function; None: the change acts at import."""
        if self.place.function is None:
            return None
        return functions_in(self.code()).get(self.place.function)


class Finder(importlib.abc.InspectLoader, importlib.abc.MetaPathFinder):
    """Loads one module changed."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self.name, self.mutant = name, mutant

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The changed module, if it is asked for."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.mutant.path, loader=self)

    def get_source(self, fullname: str) -> str | None:
        """None: there is no source of a changed module."""
        return None

    def get_code(self, fullname: str) -> CodeType:
        """The changed module, compiled."""
        return self.mutant.code()

    def get_filename(self, fullname: str) -> str:
        """The unchanged file, for messages."""
        return str(self.mutant.path)


def mutants_of(path: Path) -> list[Mutant]:
    """All mutants of a module, in the order of its lines."""
    tree = ast.parse(path.read_text("utf-8"))
    changed = ((place, new) for place in _places(tree) for new in _changes(place.node))
    return [Mutant(path, number, tree, *each) for number, each in enumerate(changed)]


def functions_in(code: CodeType) -> dict[Key, CodeType]:
    """The code of the outermost functions of a module, also those of its classes."""
    found: dict[Key, CodeType] = {}
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & 1:  # with fast locals: a function, not the body of a class
                found[each.co_qualname, each.co_firstlineno] = each
            else:
                found |= functions_in(each)
    return found


def _places(
    node: ast.AST, names: str = "", function: Key | None = None, lines: tuple[int, int] = (1, 1)
) -> Iterator[Place]:
    for name, value in ast.iter_fields(node):
        if name in UNCHANGED or (isinstance(node, ast.ClassDef) and name == "keywords"):
            continue
        inner, prefix = function, names
        if isinstance(node, ast.ClassDef):
            prefix = f"{names}{node.name}."
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name == "body":
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            inner = function or (f"{names}{node.name}", first)
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Raise | ast.Import):
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Subscript) and ast.unparse(child.value) == "Literal":
                continue
            span = _lines(child) if isinstance(child, ast.stmt) else lines
            yield Place(child, inner, span)
            yield from _places(child, prefix, inner, span)


def _lines(statement: ast.stmt) -> tuple[int, int]:
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno or 0
    return statement.lineno, max(statement.lineno, last)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
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


class _Replace(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        """The new node for the old one."""
        return ast.copy_location(self.new, node) if node is self.old else self.generic_visit(node)
