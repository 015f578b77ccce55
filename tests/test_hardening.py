"""No line of the house runs what a file, a model or a user wrote."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("halluc", "metrics", "mitigation", "app", "benchmarks", "tests/support")
FILES = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
# Modules that make objects, and so calls, out of bytes.
PICKLES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
BARE = {"eval", "exec", "compile", "__import__"}
CALLS = {
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "pandas.read_pickle", "pd.read_pickle"),
}
# Keywords that open a door when they are true, whoever is called.
DOORS = {"shell", "allow_pickle", "unsafe_allow_html", "unsafe_allow_javascript"}


def dangers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each thing that may run what it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names]
            for name in names:
                if name.partition(".")[0] in PICKLES:
                    yield node.lineno, f"import of {name}"
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        keywords = {each.arg: each.value for each in node.keywords}
        if called in BARE or called.removeprefix("builtins.") in BARE or called in CALLS:
            yield node.lineno, called
        if called == "torch.load" and not _is(keywords.get("weights_only"), True):
            yield node.lineno, "torch.load without weights_only=True"
        for name, value in keywords.items():
            if name in DOORS and not _is(value, False):
                yield node.lineno, f"{name}={ast.unparse(value)}"
            if name == "trust_remote_code" and _is(value, True):
                yield node.lineno, "trust_remote_code that nobody asked for"


def _is(value: ast.expr | None, wanted: bool) -> bool:
    return isinstance(value, ast.Constant) and value.value is wanted


def test_nothing_dangerous_stands_in_the_code() -> None:
    assert len(FILES) > 100
    found = [
        f"{file.relative_to(ROOT)}:{line}: {what}"
        for file in FILES
        for line, what in dangers(ast.parse(file.read_text("utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "import a, dill.source as d",
        "eval(text)",
        "builtins.exec(text)",
        "subprocess.run(line, shell=True)",
        "run(line, shell=flag)",
        "os.system(line)",
        "torch.load(file)",
        "torch.load(file, weights_only=False)",
        "yaml.load(text, Loader=Loader)",
        "numpy.load(file, allow_pickle=True)",
        "st.markdown(answer, unsafe_allow_html=True)",
        "Auto.from_pretrained(name, trust_remote_code=True)",
    ],
)
def test_the_dangers_are_seen(code: str) -> None:
    assert len(list(dangers(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import re; re.compile(text)",
        "model.eval()",
        "yaml.safe_load(text)",
        "torch.load(file, weights_only=True)",
        "subprocess.run(line, shell=False)",
        "Auto.from_pretrained(name, trust_remote_code=asked)",
    ],
)
def test_what_is_safe_passes(code: str) -> None:
    assert list(dangers(ast.parse(code))) == []
