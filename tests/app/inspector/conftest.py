"""Runs of the embedded world with answers that its MM-LLM gave, recorded."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from app.inspector.settings import NAME, Settings
from app.measuring import first_scenes, measure_task
from halluc.datasets.tabletop import with_questions
from halluc.mllm import load_model

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Folders of three runs: captions twice, and POPE."""
    folder = tmp_path_factory.mktemp("runs")
    scenes = first_scenes(8)
    few = replace(scenes, samples=scenes.samples[:4])
    console = Console(quiet=True)
    for name, dataset, task in (
        ("captions-sampled", scenes, "caption"),
        ("captions-vcd", scenes, "caption"),
        ("pope-greedy", with_questions(few), "pope"),
    ):
        model = load_model(f"replay:{RECORDED / name}.jsonl")
        measure_task(folder / name, model, dataset, task, console)
    return [folder / name for name in ("captions-sampled", "captions-vcd", "pope-greedy")]


@pytest.fixture
def settings(runs, tmp_path, monkeypatch):
    """The app's settings for these runs, with a database of its own."""
    made = Settings(tuple(map(str, runs)), reviews=f"sqlite:///{tmp_path / 'reviews.sqlite'}")
    monkeypatch.setenv(NAME, made.environment()[NAME])
    return made
