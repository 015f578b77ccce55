"""The demo on the embedded MM-LLM, small, as a newcomer types it."""

import json
import sys

from PIL import Image

from app.cli import main
from app.workflows.demo import CAPTIONS
from halluc.runs import read_run


def test_the_demo_leaves_runs_figures_and_pictures(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["halluc", "demo", "--scenes", "3", "-o", "demo"])
    main()
    first = capsys.readouterr().out
    assert {
        "greedy", "sampled", "mask", "VCD", "DPO", "Woodpecker", "LURE", "DPO+VCD+LURE",
    } <= set(first.split())  # fmt: skip
    for label in (*CAPTIONS, "POPE↑", "passes"):
        assert label in first
    table, _, hints = first.partition("Pictures:")
    assert max(map(len, table.splitlines())) <= 80
    assert max(map(len, hints.splitlines())) < 100
    # The verdict comes first, and each method is in it.
    verdict = table.partition("CHAIRs")[0]
    for name in ("sampled", "mask", "VCD", "DPO", "Woodpecker", "LURE", "DPO+VCD+LURE"):
        assert f" {name}" in verdict

    folder = tmp_path / "demo"
    methods = {
        "greedy": None, "sampled": None, "mask": "mask-only", "vcd": "vcd", "dpo": None,
        "dpo+vcd": "vcd",
    }  # fmt: skip
    for name, method in methods.items():
        told = read_run(folder / f"captions-{name}")
        assert told.finished and len(told.responses) == 3
        assert told.card["decoding"]["do_sample"] == (name in ("sampled", "mask", "vcd"))
        assert ("adapter" in told.card) == name.startswith("dpo")
        assert told.card["decoding"].get("method") == method
        assert set(told.scores()) == {"chair", "finegrained"}
    for name in ("greedy", "vcd", "dpo"):
        asked = read_run(folder / f"pope-{name}")
        assert asked.finished and set(asked.scores()) == {"pope"}
        assert all(0 < sum(each.answers.values()) <= 1.001 for each in asked.responses)
    for name, method in {
        "woodpecker": "woodpecker",
        "lure": "lure",
        "dpo+vcd+lure": "lure",
    }.items():
        revised = read_run(folder / f"captions-{name}")
        assert revised.finished and revised.card["revision"]["method"] == method
        assert set(revised.scores()) == {"chair", "finegrained"}
    asked = read_run(folder / "captions-lure").card["revision"]["asked"]
    assert asked["name"] == "tabletop+lure"
    with Image.open(folder / "sheet.png") as sheet, Image.open(folder / "scores.png") as bars:
        assert sheet.height > 300
        assert bars.size == (1344, 384)

    made = json.loads((folder / "captions-greedy" / "run.json").read_text())
    main()  # everything is there already
    assert capsys.readouterr().out == first
    assert json.loads((folder / "captions-greedy" / "run.json").read_text()) == made
