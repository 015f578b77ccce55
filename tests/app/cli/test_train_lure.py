"""From inspected captions to a revisor, and from captions to what it writes of them."""

from __future__ import annotations

import json

import pytest
from checkpoints import picture

from halluc.runs import read_run
from mitigation.postcorrection.lure import PROMPT
from mitigation.postcorrection.revisions import read_revisions

SMALL = ("--batch-size", 4, "--learning-rate", 0.01, "--device", "cpu")


@pytest.fixture
def model(checkpoint):
    return f"hf:{checkpoint('llava')}"


@pytest.fixture
def run(halluc, tmp_path):
    """Twelve captions; the last object of each is late, and wrong in every other one."""
    rows, said = [], []
    for number in range(12):
        picture(number).save(tmp_path / f"{number}.png")
        rows.append({"id": number, "image": f"{number}.png", "objects": ["cup", "dog", "cat"]})
        wrong = "fork" if number % 2 else "cat"
        said.append({"id": number, "text": f"There is a cup, a dog and a {wrong}."})
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, said)))
    halluc("generate", "--model", "replay:said.jsonl", "--data", "jsonl:data.jsonl", "-o", "run")
    return "run"


def test_a_revisor_is_trained_and_revises(halluc, run, model, tmp_path):
    command = ("train", "lure", run, "--model", model, "-o", "mine", *SMALL)
    code, _, err = halluc(*command)
    assert (code, err.count("\n")) == (2, 1) and "halluc score finegrained run" in err
    halluc("score", "finegrained", run)
    code, _, err = halluc(*command)
    assert code == 0, err
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert card["state"] == "finished" and card["masks"] == {"rule": "as LURE publishes it"}
    lines = (tmp_path / "mine" / "examples.jsonl").read_text().splitlines()
    examples = {each["id"]: each for each in map(json.loads, lines)}
    assert card["examples"]["rows"] == len(examples)
    assert card["examples"]["kinds"]["own"] == 12
    shown = f"{PROMPT}There is a cup, a dog and [IDK]."
    assert examples["0/1/own"]["prompt"] == examples["0/2/own"]["prompt"] == shown
    assert {each["answer"] for each in examples.values()} == {"There is a cup, a dog and a cat."}
    assert "# LURE adapter" in (tmp_path / "mine" / "README.md").read_text()
    assert halluc(*command)[2].strip() == "mine is trained: nothing left to do"
    code, _, err = halluc(*command, "--detector", "tabletop")
    assert code == 2 and "masks" in err

    more = ("--revisor", f"{model}+mine", "--device", "cpu")
    code, out, err = halluc("revise", "lure", run, "-o", "new", *more, "--max-new-tokens", 24)
    assert code == 0, err
    assert "12 masks" in out and "masked most often: " in out
    base, new = read_run("run"), read_run("new")
    assert new.finished
    card = new.card["revision"]
    assert card["method"] == "lure" and card["original"]["run"] == "run"
    assert len(card["asked"]["adapter"]["hash"]) == 64
    for old, response in zip(base.responses, new.responses, strict=True):
        revision = read_revisions(tmp_path / "new")[old.id]
        assert (revision.original, revision.text) == (old.text, response.text)
        assert [each.before for each in revision.masks] == [old.text[26:-1]]
        assert all(each.factors is not None for each in revision.checks)

    # What was revised can be revised again, and the card tells both.
    code, _, err = halluc("revise", "lure", "new", "-o", "again", *more, "--max-new-tokens", 24)
    assert code == 0, err
    assert read_run("again").card["revision"]["original"]["revision"] == card


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "replay:said.jsonl has no revisor here; train one and give it: --revisor M"),
        (("--revisor", "tabletop+nobody"), "there is no folder 'nobody' with an adapter"),
        (("--threshold", 0.5), "--threshold belongs to a --detector"),
    ],
)
def test_what_cannot_be_revised_is_refused_in_one_line(options, message, halluc, run, tmp_path):
    code, _, err = halluc("revise", "lure", run, "-o", "new", *options)
    assert (code, err.count("\n")) == (2, 1) and message in err
    assert not (tmp_path / "new").exists()


def test_questions_make_no_revisor(halluc, tmp_path):
    halluc("generate", "--task", "pope", "--limit", 2, "--max-new-tokens", 2, "-o", "asked")
    code, _, err = halluc("train", "lure", "asked", "-o", "mine")
    assert (code, err.count("\n")) == (2, 1) and "holds no captions" in err
