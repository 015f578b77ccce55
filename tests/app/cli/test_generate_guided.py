"""Hints from their sources, control layer and direction from pairs to captions, by the command."""

from __future__ import annotations

import json

import pytest
import torch
from checkpoints import picture

from halluc.runs import read_run
from mitigation.precorrection.control import Recipe, States, fit

ASK = ("--device", "cpu", "--max-new-tokens", 6, "--decode", "guided", "--hint")


@pytest.fixture
def data(tmp_path):
    """Three pictures with different objects."""
    rows = []
    for number, objects in enumerate((["dog"], ["cup", "dog"], ["scissors"])):
        picture(number).save(tmp_path / f"{number}.png")
        rows.append({"id": f"p{number}", "image": f"{number}.png", "objects": objects})
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return "jsonl:data.jsonl"


def test_hints(halluc, data, checkpoint, tmp_path):
    model = f"hf:{checkpoint('llava')}"
    command = ("generate", "--model", model, "--data", data, *ASK)
    pair, cup, dog = "a pair of scissors", "a cup", "a dog"

    def hints(run):
        return json.loads((tmp_path / run / "hints.json").read_bytes())

    assert halluc(*command, "truth", "-o", "truth")[0] == 0
    assert hints("truth") == {"p0": [dog], "p1": [cup, dog], "p2": [pair]}
    assert halluc(*command, "truth", "--other-hint", "-o", "other")[0] == 0
    assert hints("other") == {"p0": [cup, dog], "p1": [pair], "p2": [dog]}
    (tmp_path / "mine.json").write_text('{"0.png": ["cup"], "p1": [], "2.png": ["dog"]}')
    assert halluc(*command, "file:mine.json", "-o", "mine")[0] == 0
    assert hints("mine") == {"p0": [cup], "p1": [], "p2": [dog]}
    assert read_run(tmp_path / "mine").card["decoding files"][0]["file"] == "mine.json"
    assert halluc(*command, "self", "--hint-threshold", 0.001, "-o", "self")[0] == 0
    assert set(hints("self")["p0"]) <= {pair, cup, dog}

    (tmp_path / "mine.json").write_text('{"0.png": ["cup"]}')
    for hint, said in {
        "file:mine.json": "mine.json: has no names for the picture '1.png' of 'p1'",
        "file:none.json": "none.json",
        "oracle": "hint must be self, truth, file:FILE",
    }.items():
        code, _, err = halluc(*command, hint, "-o", "bad")
        assert (code, err.count("\n")) == (2, 1) and said in err
        assert not (tmp_path / "bad").exists()


@pytest.fixture
def pairs(data, tmp_path):
    """A folder of three pairs, the same for training and held out."""
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "card.json").write_text(json.dumps({"data": data, "state": "finished"}))
    rows = [
        {
            "id": str(number),
            "images": [f"{number}.png"],
            "prompt": [{"role": "user", "content": "what is there"}],
            "chosen": [{"role": "assistant", "content": "a red cup"}],
            "rejected": [{"role": "assistant", "content": "the two dog"}],
        }
        for number in range(3)
    ]
    lines = "\n".join(map(json.dumps, rows))
    (tmp_path / "pairs" / "train.jsonl").write_text(lines)
    (tmp_path / "pairs" / "test.jsonl").write_text(lines)
    return "pairs"


def test_a_control_layer_from_pairs_to_captions(halluc, data, pairs, checkpoint, tmp_path):
    model = f"hf:{checkpoint('llava')}"
    train = ("train", "control", "--model", model, "--pairs", pairs, "--device", "cpu")
    code, _, err = halluc(*train, "-o", "dial", "--learning-rate", 0.05)
    assert code == 0, err
    losses = json.loads((tmp_path / "dial" / "card.json").read_bytes())["losses"]
    assert losses[-1]["held out"] < losses[0]["held out"] - 0.5
    assert halluc(*train, "-o", "dial")[0] == 2  # it is not empty

    command = ("generate", "--model", model, "--data", data, "--device", "cpu")
    command += ("--prompt", "what is there", "--max-new-tokens", 3)
    for name, more in {
        "plain": (),
        "off": ("--decode", "control", "--layer", "dial", "--epsilon", 0),
        "less": ("--decode", "control", "--layer", "dial"),
        "more": ("--decode", "control", "--layer", "dial", "--epsilon", 1),
    }.items():
        code, _, err = halluc(*command, *more, "-o", name)
        assert code == 0, err
    told = {
        name: [each.text for each in read_run(tmp_path / name).responses]
        for name in ("plain", "off", "less", "more")
    }
    assert told["off"] == told["plain"]
    assert all(text.startswith("a red") for text in told["less"])
    assert all(text.startswith("the two") for text in told["more"])
    code, _, err = halluc(*command, "--decode", "control", "-o", "none")
    assert (code, err.count("\n")) == (2, 1) and "control needs --layer FOLDER" in err


def test_a_direction_from_pairs_to_captions(halluc, data, pairs, checkpoint, tmp_path):
    model = f"hf:{checkpoint('llava')}"
    train = ("train", "steering", "--model", model, "--pairs", pairs, "--device", "cpu")
    for name, more in {
        "vti": (),
        "vista": ("--source", "picture", "--batch-size", 1),
        "shuffled": ("--shuffled",),
    }.items():
        code, _, err = halluc(*train, *more, "-o", name)
        assert code == 0, err
    assert "3 pairs" in err and "--direction shuffled --strength 0.09" in err
    card = json.loads((tmp_path / "vista" / "card.json").read_bytes())
    assert (card["source"], card["pairs used"], len(card["norms"])) == ("picture", 3, 2)
    assert halluc(*train, "-o", "vti")[0] == 2  # it is not empty

    command = ("generate", "--model", model, "--data", data, "--device", "cpu")
    command += ("--prompt", "what is there", "--max-new-tokens", 4)
    steer = ("--decode", "steering", "--direction", "vti", "--strength")
    for name, more in {
        "plain": (),
        "off": (*steer, 0),
        "on": (*steer, 3),
        "back": (*steer, -3),
        "random": (*steer, 3, "--random-direction"),
        "picture": ("--decode", "steering", "--direction", "vista"),
    }.items():
        code, _, err = halluc(*command, *more, "-o", f"run-{name}")
        assert code == 0, err
    runs = {
        name: read_run(tmp_path / f"run-{name}")
        for name in ("plain", "off", "on", "back", "random", "picture")
    }
    told = {
        name: str([(each.text, [t.logprob for t in each.tokens]) for each in run.responses])
        for name, run in runs.items()
    }
    assert told.pop("off") == told["plain"]
    assert len(set(told.values())) == 5
    assert runs["on"].card["decoding files"][0]["file"] == "steering.safetensors"
    for more, said in {
        (): "steering needs --direction FOLDER",
        ("--direction", "pairs"): "make it with: halluc train steering",
    }.items():
        code, _, err = halluc(*command, "--decode", "steering", *more, "-o", "none")
        assert (code, err.count("\n")) == (2, 1) and said in err
        assert not (tmp_path / "none").exists()


def test_shuffled_signs_learn_no_dial():
    """The same states: signs tell the next token apart, shuffled ones do not."""
    draw = torch.Generator().manual_seed(0)
    head = torch.nn.Linear(8, 4, bias=False).requires_grad_(False)
    head.weight.copy_(torch.randn(4, 8, generator=draw))
    signs = torch.tensor([-1.0, 1.0]).repeat(64)
    # W has no bias, so what all states have in common is what a sign can turn.
    hidden = 1 + 0.3 * torch.randn(64, 8, generator=draw).repeat_interleave(2, 0)
    states = States(hidden, (signs > 0).long(), signs)
    recipe = Recipe(learning_rate=0.05, epochs=20)
    weight, losses = fit(head, states, states, recipe)
    assert losses[-1]["held out"] < 0.6 * losses[0]["held out"]
    _, shuffled = fit(head, states, states, Recipe(learning_rate=0.05, epochs=20, shuffled=True))
    assert min(each["held out"] for each in shuffled) > 1.3 * losses[-1]["held out"]
    assert torch.equal(weight, fit(head, states, states, recipe)[0])
