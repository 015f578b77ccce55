"""The wheel as a user has it: installed in a clean environment and run from other folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from example import EXAMPLE

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("halluc", "metrics", "mitigation", "app", "pyproject.toml", "README.md", "LICENSE")


def run(command: list[str | Path], folder: Path, **settings: str) -> str:
    """What a command prints; it may not reach any network."""
    nowhere = "http://127.0.0.1:9"
    closed = {"HF_HUB_OFFLINE": "1", "http_proxy": nowhere, "https_proxy": nowhere}
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env={**_plain(), **closed, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _plain() -> dict[str, str]:
    """The environment without what would lead Python to the sources."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


def build(place: Path, touch: bool = False) -> Path:
    """The wheel, built from a copy of the sources; its date is one that is told."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, place / "source" / part, ignore=unwanted)
        else:
            shutil.copy(source, place / "source" / part)
    for each in (place / "source").rglob("*") if touch else ():
        os.utime(each, (1e9, 1e9))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    alone = ["--no-deps", "--no-index", "--no-build-isolation"]
    command = [*pip, "wheel", *alone, "-w", place, place / "source"]
    run(command, place, SOURCE_DATE_EPOCH="1700000000")
    shutil.rmtree(place / "source")
    (wheel,) = place.glob("halluc-*.whl")
    return wheel


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel and the packages that it needs."""
    place = tmp_path_factory.mktemp("wheel")
    wheel = build(place)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    alone = ["--no-deps", "--no-index"]
    venv.create(place / "clean", with_pip=False)
    python = place / "clean" / "bin" / "python"
    run([*pip, "--python", python, "install", *alone, wheel], place)
    # The packages that halluc needs are those of this environment; its own halluc is not seen,
    # since a path that a .pth file names is not searched for further .pth files.
    (site,) = (place / "clean" / "lib").glob("python*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "clean" / "bin"


def test_the_wheel_is_the_same_bytes_twice(clean: Path, tmp_path: Path) -> None:
    (one,) = clean.parents[1].glob("halluc-*.whl")
    other = build(tmp_path, touch=True)
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_a_package_of_somebody_else_stands_beside_it(clean: Path, tmp_path: Path) -> None:
    source = shutil.copytree(EXAMPLE, tmp_path / "source")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    alone = ["--no-deps", "--no-index", "--no-build-isolation"]
    run([*pip, "--python", clean / "python", "install", *alone, source], tmp_path)
    halluc = clean / "halluc"
    assert "halluc-example 1.0" in run([halluc, "list", "metrics"], tmp_path)
    assert "halluc-example 1.0" in run([halluc, "list", "decodings"], tmp_path)
    ask = [halluc, "generate", "--limit", "2", "--max-new-tokens", "16"]
    run([*ask, "-o", "greedy"], tmp_path)
    run([*ask, "--decode", "grey", "-o", "grey"], tmp_path)
    assert "hedged captions" in run([halluc, "score", "hedging", "grey"], tmp_path)
    compare = [halluc, "compare", "greedy", "grey", "--metric", "hedging"]
    assert "hedged captions" in run(compare, tmp_path)
    run([*pip, "--python", clean / "python", "uninstall", "--yes", "halluc-example"], tmp_path)


@pytest.fixture(params=["empty", "own metrics and app"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a user may stand."""
    if request.param != "empty":
        (tmp_path / "metrics").mkdir()
        for name in ("app.py", "halluc.py", "metrics/__init__.py"):
            (tmp_path / name).write_text("raise SystemExit('this is not of halluc')\n")
    return tmp_path


def test_the_command_runs_anywhere(clean: Path, folder: Path) -> None:
    halluc = clean / "halluc"
    assert "halluc, version" in run([halluc, "--version"], folder)
    assert "Usage: halluc demo" in run([halluc, "demo", "--help"], folder)
    (folder / "said.jsonl").write_text('{"image_id": 1, "caption": "A dog and a seated cat."}\n')
    (folder / "true.json").write_text('{"1": ["dog"]}\n')
    score = ["score", "chair", "said.jsonl", "--truth", "true.json"]
    scores = json.loads(run([halluc, *score, "--json"], folder))["scores"]
    assert [each["value"] for each in scores if each["name"] == "CHAIRi"] == [0.5]
    run([halluc, "score", "finegrained", *score[2:]], folder)
    doctor = run([halluc, "doctor"], folder)
    assert f"all come from {clean.parent}" in doctor


def test_the_demo_runs_anywhere(clean: Path, folder: Path) -> None:
    assert "What to type next" in run([clean / "halluc", "demo", "--scenes", "2"], folder)
    assert (folder / "runs" / "demo" / "sheet.png").is_file()
    run([clean / "halluc", "score", "chair", "runs/demo/captions-greedy"], folder)
