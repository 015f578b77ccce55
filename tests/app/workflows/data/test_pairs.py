"""Pairs from runs, read in one process or in several."""

from __future__ import annotations

import json

import pytest
from checkpoints import picture

from app.workflows.data.pairs import in_processes
from halluc.errors import InputError
from halluc.language.claims.things import coco_things
from halluc.records import Claim, Finding
from halluc.runs import read_run
from halluc.tabletop.truth import truth_of
from halluc.tabletop.world import scene
from metrics.finegrained import finegrained
from mitigation.precorrection.inspected import Answered, Inspected
from mitigation.precorrection.negatives import CHUNK, mine_captions


def test_processes_find_the_pairs_that_one_finds():
    said = Inspected(coco_things())
    for index in range(CHUNK + 20):
        drawn = scene("broken", 10_000 + index)
        wrong = "clock" if "clock" not in drawn.names else "vase"
        names = sorted(drawn.names)
        text = f"There is a {names[0]}, a {names[1]} and a {wrong if index % 2 else names[2]}."
        findings = finegrained({"x": text}, {"x": truth_of(drawn)}, said.things).findings
        said.add(
            Answered(
                id=drawn.id, image=drawn.id, prompt="Describe.", text=text, truth=truth_of(drawn),
                findings=tuple(findings),
            )
        )  # fmt: skip
    alone = mine_captions(said)
    with in_processes() as spread:
        assert mine_captions(said, spread=spread) == alone
    assert {pair.kind for pair in alone} == {"corrected", "injected"}
    assert len(alone) > CHUNK / 2


def test_what_answers_state_comes_from_their_findings_alone(halluc, tmp_path, monkeypatch):
    """Also of an answer that claims nothing; and no findings are mixed up."""
    names = {"0": ["cup", "dog"], "1": ["cat"]}
    said = {"0": "There is a cup and a cat.", "1": "Hello."}
    (tmp_path / "data.jsonl").write_text(
        "\n".join(
            json.dumps({"id": i, "image": f"{i}.png", "objects": o}) for i, o in names.items()
        )
    )
    (tmp_path / "said.jsonl").write_text(
        "\n".join(json.dumps({"id": i, "text": text}) for i, text in said.items())
    )
    for name in names:
        picture(int(name)).save(tmp_path / f"{name}.png")
    halluc("generate", "--model", "replay:said.jsonl", "--data", "jsonl:data.jsonl", "-o", "run")
    halluc("score", "finegrained", "run")
    code, out, err = halluc("data", "pairs", "run", "-o", "pairs")
    assert code == 0, err
    assert out == (
        "corrected: 1 pairs, 7.0 words chosen, 7.0 rejected (0.0 apart, 0% shorter), "
        "100% differ in one place\n"
    )
    run = read_run(tmp_path / "run")
    assert not read_run(tmp_path / "run", tokens=False).responses[0].tokens
    first = Finding(
        id="0", claim=Claim(kind="object", start=11, end=14, subject="cup"), verdict="supported",
        metric="finegrained", rule="object is there",
    )  # fmt: skip
    other = Finding(
        id="1", claim=first.claim, verdict="supported", metric="finegrained", rule=first.rule
    )
    run.write_findings("finegrained", [first, other, first])
    with pytest.raises(InputError, match="the findings of '0' stand apart"):
        list(run.findings_by_answer("finegrained"))
