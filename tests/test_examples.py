"""The examples of the docs work: each page's files are written and its commands given."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from example import EXAMPLE, installed  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted((ROOT / "docs/own").glob("*.md")), ROOT / "docs/scale.md"]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r'^```\w+ title="(.*?)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHOWING = [
    page
    for page in [*sorted((ROOT / "docs/metrics").glob("*.md")), ROOT / "docs/uncertainty.md"]
    if "\n## Example\n" in page.read_text("utf-8")
]
HALLUC = "from app.cli import main; main()"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_work(page: Path, tmp_path: Path, installed: Path) -> None:  # noqa: F811
    given = 0
    for kind, text in BLOCK.findall(page.read_text("utf-8")):
        if kind == "python":
            name = re.match(r"# (\w+\.py)\n", text)
            assert name, f"{page.name}: the first line of a file is its name"
            (tmp_path / name[1]).write_text(text, "utf-8")
            continue
        for line in text.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            start = {"python": [], "halluc": ["-c", HALLUC]}[program]
            done = subprocess.run(
                [sys.executable, *start, *arguments],
                cwd=tmp_path, capture_output=True, text=True, check=False,
                env={**os.environ, "PYTHONPATH": str(installed)},
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            given += 1
    assert given


@pytest.mark.parametrize("page", SHOWING, ids=lambda page: page.stem)
def test_the_example_of_a_page_gives_what_it_shows(page: Path, tmp_path: Path) -> None:
    example = page.read_text("utf-8").partition("\n## Example\n")[2]
    for name, text in SHOWN.findall(example):
        (tmp_path / name).write_text(text, "utf-8")
    shown = []
    for kind, text in BLOCK.findall(example):
        for line in text.splitlines() if kind == "sh" else ():
            done = subprocess.run(
                [sys.executable, "-c", HALLUC, *shlex.split(line, comments=True)[1:]],
                cwd=tmp_path, capture_output=True, text=True, check=True,
            )  # fmt: skip
            shown += [each.rstrip() for each in done.stdout.splitlines()]
    promised = re.findall(r"^```text\n(.*?)^```$", example, re.MULTILINE | re.DOTALL)
    lines = [line.rstrip() for text in promised for line in text.splitlines()]
    assert lines
    assert [line for line in lines if line not in shown] == []


def test_pages_show_the_files_of_the_example_as_they_are() -> None:
    shown = {}
    for page in (ROOT / "docs/own").glob("*.md"):
        shown |= dict(SHOWN.findall(page.read_text("utf-8")))
    files = {name: (EXAMPLE / name).read_text("utf-8") for name in shown}
    assert shown == files
    assert len(shown) == 4
