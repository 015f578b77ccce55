"""The example package of docs/own, installed into a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/own/example"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed example, for PYTHONPATH."""
    place = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(EXAMPLE, place / "source")  # nothing is built in docs/
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    alone = ["--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*pip, *alone, "--target", place / "site", source],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "site"
