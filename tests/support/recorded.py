"""A run of recorded answers, made and scored in a moment."""

from __future__ import annotations

import json
import random
from pathlib import Path

WORDS = ("dog", "cat", "bench", "cup", "red car", "woman", "two sofas", "umbrella")
RESULTS = (
    *("responses.jsonl", "samples.jsonl", "run.json", "findings.jsonl", "scores.json"),
    "revisions.jsonl",
)
SCORE = ("score", "chair", "run")


def write_data(folder: Path, number: int) -> None:
    """Captions with log-probabilities, and samples that they are about."""
    rng = random.Random(0)
    samples, said = [], []
    for id in range(number):
        named = rng.sample(WORDS, 3)
        text = f"A {named[0]} and {named[1]} beside the {named[2]} – {id}."
        truth = {"objects": [{"name": rng.choice(WORDS[:4])}], "exhaustive": "coco"}
        samples.append({"id": str(id), "truth": truth})
        said.append({"id": str(id), "text": text, "tokens": [[0, 1, -rng.random()]]})
    for name, rows in (("data", samples), ("said", said)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def generate(batch_size: int) -> tuple[str, ...]:
    asked = ("--model", "replay:said.jsonl", "--data", "jsonl:data.jsonl")
    return ("generate", *asked, "-o", "run", "--batch-size", str(batch_size))


def results(folder: Path) -> dict[str, bytes]:
    """The run's files but for its times; nothing else may be there."""
    names = {each.name for each in (folder / "run").iterdir()} - {"times.jsonl"}
    assert names <= set(RESULTS)
    return {name: (folder / "run" / name).read_bytes() for name in names}
