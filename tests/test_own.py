"""A package of somebody else, once it is installed, adds a metric, a decoding and a reviser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from example import installed  # noqa: F401

HALLUC = "from app.cli import main; main()"


@pytest.fixture
def halluc(installed: Path, tmp_path: Path):  # noqa: F811
    """Run the command, where the example is installed, in an empty folder; gives what it prints."""

    def run(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", HALLUC, *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "100"},
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    ("group", "name", "summary"),
    [
        ("metrics", "hedging", "Share of captions that hedge."),
        ("decodings", "grey", "Contrast with the logits of the picture in grey."),
        ("revisers", "first-sentences", "Cut each caption after its first sentences."),
    ],
)
def test_it_is_listed_with_the_package_it_comes_from(halluc, group, name, summary) -> None:
    (row,) = (line for line in halluc("list", group).splitlines() if line.startswith(f"{name} "))
    assert summary in row
    assert "halluc-example 1.0" in row


def test_answers_in_a_file_are_scored_by_its_metric(halluc, tmp_path) -> None:
    said = ["A dog, perhaps.", "A cat.", "It might be a cup.", "A fork."]
    rows = [{"image_id": n, "caption": text} for n, text in enumerate(said)]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "true.json").write_text(json.dumps({str(n): ["dog"] for n in range(4)}))
    score = ("score", "hedging", "said.jsonl", "--truth", "true.json")
    table = halluc(*score)
    assert "hedged captions" in table
    assert "50.00" in table
    found = json.loads(halluc(*score, "--words", "might", "--json"))
    assert [each["value"] for each in found["scores"]] == [0.25]
    assert found["scores"][0]["interval"] == "wilson"
    assert found["how"]["metric"] == "hedging, first edition"
    assert found["how"]["words"] == "might"


def test_its_decoding_generates_and_its_metric_compares(halluc, tmp_path) -> None:
    ask = ("generate", "--limit", "8", "--max-new-tokens", "24", "--device", "cpu")
    halluc(*ask, "-o", "greedy")
    halluc(*ask, "--decode", "grey", "--alpha", "0.5", "-o", "grey")
    card = json.loads((tmp_path / "grey/run.json").read_text())
    assert card["decoding"] | {"method": "grey", "alpha": 0.5, "beta": 0.1} == card["decoding"]
    said = halluc("compare", "greedy", "grey", "--control", "greedy", "--metric", "hedging")
    assert "do not differ beyond the error in hedged captions" in said
    assert "grey does not beat its control greedy" in said
    halluc("revise", "first-sentences", "greedy", "-o", "short")
    for line in (tmp_path / "short/responses.jsonl").read_text().splitlines():
        assert json.loads(line)["text"].count(".") <= 1


def test_its_options_are_held_to_their_ranges(halluc) -> None:
    said = halluc("generate", "--decode", "grey", "--alpha", "-1", "-o", "run", code=2)
    assert said.count("\n") == 1
    assert "alpha must be at least 0, not -1" in said
