"""Odd names of files and folders: they work where they can, and are one harmless line elsewhere."""

from __future__ import annotations

import json
import os
import sys

import pytest

NAMES = {
    "spaces": "my  runs (2)",
    "quotes": 'it\'s "so"',
    "line end": "two\nlines",
    "escapes": "red \x1b[31m \x07",
    "markup": "[bold]x[/bold] {0} %s $HOME `id`",
    "a dash": "-o",
    "dots": "a/../b/./run",
    "not ASCII": "結果 – ü",
    "long": "n" * 200,
}


@pytest.fixture
def answers(tmp_path):
    """Two answers, and the samples that they are about."""
    truth = {"objects": [{"name": "dog"}], "exhaustive": "coco"}
    for name, row in (("data", {"truth": truth}), ("said", {"text": "A dog and a cat."})):
        rows = [json.dumps({"id": str(id), **row}) for id in range(2)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    return ("--model", "replay:said.jsonl", "--data", "jsonl:data.jsonl")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other odd names")
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_run_of_any_name(name, answers, halluc, tmp_path):
    before = set(tmp_path.iterdir())
    assert halluc("generate", *answers, f"--output={name}")[0] == 0
    code, out, _ = halluc("score", "chair", "--json", "--", name)
    assert code == 0
    assert {each["name"]: each["value"] for each in json.loads(out)["scores"]}["CHAIRi"] == 0.5
    assert len(set(tmp_path.iterdir()) - before) == (2 if ".." in name else 1)
    (made,) = tmp_path.rglob("scores.json")
    assert made.parent == (tmp_path / name).resolve()


@pytest.mark.parametrize(
    "name", [*NAMES.values(), os.fsdecode(b"run\xff"), "n" * 300, "a/" * 3000, "/dev/null/x"]
)
def test_a_file_of_any_name_that_is_not_there(name, halluc, tmp_path):
    for command in (("score", "chair"), ("score", "pope")):
        code, out, err = halluc(*command, "--truth=true.json", "--", name)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith("halluc: ") and err.removesuffix("\n").isprintable()
    assert list(tmp_path.iterdir()) == []
