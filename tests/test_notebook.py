"""The notebook of the docs runs, and its page shows what it runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat

DOCS = Path(__file__).resolve().parents[1] / "docs"
CODE = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_the_notebook_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "make_notebook.py", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "in_python.md").read_text("utf-8")
    assert "halluc.score(sampled" in page
    assert "CHAIRi" in page  # a score shows its table
    assert "differ" in page  # a comparison says its verdict


def test_its_page_has_the_same_code_and_every_output() -> None:
    notebook = nbformat.read(DOCS / "in_python.ipynb", as_version=4)
    cells = [each for each in notebook.cells if each.cell_type == "code"]
    page = (DOCS / "in_python.md").read_text("utf-8")
    assert CODE.findall(page) == [each.source for each in cells]
    assert all(each.execution_count for each in cells), "run: python docs/make_notebook.py"
