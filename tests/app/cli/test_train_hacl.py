"""HACL from the command line: a training with contrast, and the probe on it."""

from __future__ import annotations

import json
import shutil

import pytest
from checkpoints import picture

from mitigation.precorrection.hacl import WEIGHTS, Heads


def _left(folder):
    """Weights and curves, without what is summed up or timed since a training went on."""
    names = ("adapter_model.safetensors", WEIGHTS)
    steps = json.loads((folder / "curves.json").read_text())
    clock = ("train_loss", "total_flos", "runtime", "per_second")
    told = [{k: v for k, v in each.items() if not k.endswith(clock)} for each in steps]
    return told, *((folder / name).read_bytes() for name in names)


def test_heads_are_left_beside_the_adapter_and_probed(halluc, checkpoint, tmp_path):
    """From a scored run to pairs, to a training with contrast, to the probe's table."""
    rows, said = [], []
    for number in range(8):
        picture(number).save(tmp_path / f"{number}.png")
        objects = ["cup", "dog", "cat" if number % 2 else "fork"]
        rows.append({"id": number, "image": f"{number}.png", "objects": objects})
        said.append({"id": number, "text": "There is a cup, a dog and a cat on the left."})
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, said)))
    halluc("generate", "--model", "replay:said.jsonl", "--data", "jsonl:data.jsonl", "-o", "run")
    assert halluc("score", "finegrained", "run")[0] == 0
    assert halluc("data", "pairs", "run", "-o", "pairs")[0] == 0
    model = f"hf:{checkpoint('llava')}"
    options = ("--batch-size", 4, "--learning-rate", 0.01, "--device", "cpu", "--hacl", 1)
    command = ("train", "sft", "--model", model, "--pairs", "pairs", *options, "-o", "mine")
    whole = [*command, "--max-steps", 8, "--save-steps", 5]
    code, _, err = halluc(*whole)
    assert code == 0, err
    before = _left(tmp_path / "mine")
    shutil.rmtree(max((tmp_path / "mine").glob("checkpoint-*")))  # as if it had been killed
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    (tmp_path / "mine" / "card.json").write_text(json.dumps(card | {"state": "running"}))
    assert halluc(*whole)[0] == 0
    assert _left(tmp_path / "mine") == before
    history = json.loads((tmp_path / "mine" / "curves.json").read_text())
    assert any("contrast" in each for each in history)
    trained, fresh = Heads.read(tmp_path / "mine"), Heads(32)
    assert trained.image.weight.shape == fresh.image.weight.shape
    assert trained.temperature.item() != pytest.approx(0.07, abs=1e-6)

    probe = ("analyse", "alignment", "run", "--device", "cpu")
    code, out, err = halluc(*probe, "--model", f"{model}+mine", "-o", "probed")
    assert code == 0, err
    assert "8 pictures of run, by HACL's heads" in out
    told = json.loads((tmp_path / "probed" / "alignment.json").read_text())
    kinds = {each["split"] for each in told["scores"]}
    assert {"object", "other picture"} <= kinds
    for each in told["pictures"]:
        assert all(-1.001 <= value <= 1.001 for value in each["similarity"].values())
        even = int(each["image"].removesuffix(".png")) % 2 == 0
        assert ("fork" in each["true"]) == even  # corrected first
    named = [e["similarity"] for e in told["pictures"] if "object" in e["false"]]
    gaps = [each["true"] - each["object"] for each in named]
    share = sum(1.0 if g > 0 else 0.5 if g == 0 else 0.0 for g in gaps) / len(gaps)
    assert told["true is nearer"]["object"] == pytest.approx(share)
    assert "hidden states as they are" in halluc(*probe, "--model", model)[1]
    for options, message in (
        (("--hacl", 1, "--batch-size", 1), "give a --batch-size of 2 or more"),
        (("--hacl", 1, "--recipe", "lrv", "--data", "tabletop"), "--hacl needs the worse answers"),
    ):
        given = options if "--recipe" in options else ("--pairs", "pairs", *options)
        code, _, err = halluc(
            "train", "sft", "--model", model, *given, "-o", "x", "--device", "cpu"
        )
        assert (code, err.count("\n")) == (2, 1), err
        assert message in err
