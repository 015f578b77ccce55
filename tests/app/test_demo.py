"""The demo on the embedded MM-LLM, small, as a newcomer types it."""

import json
import sys

from PIL import Image

from app.cli import main
from halluc.runs import read_run


def test_the_demo_leaves_runs_figures_and_pictures(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["halluc", "demo", "--scenes", "3", "-o", "demo"])
    main()
    first = capsys.readouterr().out
    assert {"greedy", "sampled", "mask", "VCD", "DPO", "Woodpecker"} <= set(first.split())
    for label in ("CHAIRs ↓", "CHAIRi ↓", "relations ↓", "recall ↑", "POPE adversarial ↑"):
        assert label in first
    table, _, hints = first.partition("Pictures:")
    assert max(map(len, table.splitlines())) <= 80
    assert max(map(len, hints.splitlines())) < 100

    folder = tmp_path / "demo"
    for decoding in ("greedy", "sampled", "mask", "vcd", "dpo"):
        told, asked = (
            read_run(folder / f"captions-{decoding}"),
            read_run(folder / f"pope-{decoding}"),
        )
        assert told.finished and len(told.responses) == 3
        assert told.card["decoding"]["do_sample"] == (decoding not in ("greedy", "dpo"))
        assert ("adapter" in told.card) == (decoding == "dpo")
        method = {"mask": "mask-only", "vcd": "vcd"}.get(decoding)
        assert told.card["decoding"].get("method") == method
        assert set(told.scores()) == {"chair", "finegrained"}
        assert asked.finished and set(asked.scores()) == {"pope"}
        assert all(0 < sum(each.answers.values()) <= 1.001 for each in asked.responses)
    revised = read_run(folder / "captions-woodpecker")
    assert revised.finished and revised.card["revision"]["method"] == "woodpecker"
    assert revised.card["revision"]["asked"]["name"] == "tabletop"
    assert set(revised.scores()) == {"chair", "finegrained"}
    with Image.open(folder / "sheet.png") as sheet, Image.open(folder / "scores.png") as bars:
        assert sheet.height > 300
        assert bars.size == (1320, 480)

    made = json.loads((folder / "captions-greedy" / "run.json").read_text())
    main()  # everything is there already
    assert capsys.readouterr().out == first
    assert json.loads((folder / "captions-greedy" / "run.json").read_text()) == made
