"""A training that is planned, written down, watched and stopped: --dry-run, --config, --eval."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib

import pytest

from halluc.datasets.tabletop import load
from halluc.mllm import load_model
from halluc.runs import read_run
from mitigation.precorrection.pairs import make_pair, write_pairs
from mitigation.precorrection.turns import answer_ids

CONFIG = """
# Of the tests.
pairs = "pairs"
batch_size = 2
learning-rate = 1e-3
epochs = 5
target-modules = ["q_proj", "v_proj"]
eval = "before"
every = 2
max-recall-drop = 100
device = "cpu"
"""


@pytest.fixture
def pairs(tmp_path):
    """Five pairs on scenes that nothing else is asked about; true answers of other lengths."""
    made = []
    for number, sample in enumerate(load("tabletop:broken:10000-10004").samples):
        true = f"There is a {sample.truth.objects[0].name}" + " in the image" * number + "."
        made.append(make_pair(f"p{number}", sample.image, "Describe it.", true, "There is a cat."))
    write_pairs(tmp_path / "pairs", made, {"data": "tabletop"}, 0)
    return made


@pytest.fixture
def before(halluc, pairs):
    """Answers of the model before training, and its training's options as a file."""
    asked = ("--data", "tabletop:broken:0-3", "--max-new-tokens", 24, "--device", "cpu")
    assert halluc("generate", *asked, "-o", "before")[0] == 0
    return asked


def test_a_planned_and_watched_training_keeps_its_best_state(halluc, pairs, before, tmp_path):
    (tmp_path / "run.toml").write_text(CONFIG)
    command = ("train", "dpo", "--config", "run.toml", "-o", "mine", "--epochs", 2)
    code, out, err = halluc(*command, "--dry-run")
    assert (code, err) == (0, "")
    assert not (tmp_path / "mine").exists()
    mllm = load_model("tabletop", device="cpu")
    answers = [len(answer_ids(mllm, pair.prompt, text)) for pair in pairs for text in pair.answers]
    assert f"{sum(answers)} of answers" in out
    assert "steps    6 of 2 examples" in out  # five pairs, two at a time, twice
    said, unit = re.search(r"memory   ([\d.]+) (MB|GB) at the peak", out).groups()

    code, _, err = halluc(*command)
    assert code == 0, err
    mine = tmp_path / "mine"
    card = json.loads((mine / "card.json").read_text())
    assert card["steps"] == 6
    assert card["recipe"]["targets"] == ["q_proj", "v_proj"]
    peak = card["peak memory"] / {"MB": 1e6, "GB": 1e9}[unit]
    assert float(said) == pytest.approx(peak, rel=0.15)

    told = json.loads((mine / "evaluations.json").read_text())
    assert list(told) == ["2", "4", "6"]
    kept = card["kept"]["step"]
    rates = {int(step): each["captions"]["CHAIRi"] for step, each in told.items()}
    assert kept == min(rates, key=lambda step: (rates[step], step))
    history = json.loads((mine / "curves.json").read_text())
    assert [each["step"] for each in history if "eval_CHAIRi" in each] == [2, 4, 6]
    assert not (mine / "best").exists()

    # What is left is that state: it says what was said at that step.
    assert halluc("generate", "--model", "tabletop+mine", *before, "-o", "after")[0] == 0
    texts = [
        [each.text for each in read_run(folder).responses]
        for folder in (tmp_path / "after", mine / "eval" / f"captions-{kept}")
    ]
    assert texts[0] == texts[1]

    resolved = tomllib.loads((mine / "config.toml").read_text())
    assert (resolved["epochs"], resolved["batch-size"], resolved["loss"]) == (2.0, 2, "sigmoid")
    code, _, err = halluc("train", "dpo", "--config", "mine/config.toml")
    assert (code, err.strip()) == (0, "mine is trained: nothing left to do")


def test_a_training_that_loses_recall_is_stopped(halluc, before, tmp_path):
    (tmp_path / "run.toml").write_text(CONFIG)
    wild = ("--learning-rate", 3, "--warmup", 0, "--scheduler", "constant", "--max-steps", 40)
    wild += ("--max-recall-drop", 5)
    code, _, err = halluc("train", "sft", "--config", "run.toml", *wild, "-o", "wild")
    assert code == 0, err
    card = json.loads((tmp_path / "wild" / "card.json").read_text())
    assert card["steps"] < 40
    assert card["kept"]["stopped"].startswith("recall fell by ")
    assert "stopped as recall fell" in err


def test_what_cannot_be_watched_or_configured_is_one_line(
    halluc, before, pairs, tmp_path, monkeypatch
):
    asked = ("--data", "tabletop:broken:10000-10000", "--max-new-tokens", 4, "--device", "cpu")
    assert halluc("generate", *asked, "-o", "seen")[0] == 0
    assert halluc("generate", *asked, "--model", "tabletop+dpo", "-o", "other")[0] == 0
    fixed = ("train", "dpo", "--pairs", "pairs", "-o", "new", "--device", "cpu")
    bad = {
        "batch-sise = 2": "bad.toml:1: there is no option 'batch-sise'; did you mean 'batch-size'",
        "\nbatch-size = 2.5": "bad.toml:2: batch-size: '2.5' is not a valid integer range",
        "train-projector = 1": "bad.toml:1: train-projector: must be true or false, not 1",
        "beta = true": "bad.toml:1: beta: must be a text or a number, not True",
        "[lora]\nr = 4": "bad.toml:1: there is no option 'lora'; did you mean 'lora-",
        "every = 2\nevery = 3": "bad.toml:2: no TOML: Cannot overwrite a value",
        "max-steps = 1\nmax_steps = 2": "bad.toml:2: 'max_steps' is there a second time",
        'scheduler = "cosinus"': "bad.toml:1: scheduler: 'cosinus' is not one of",
    }
    for text, message in bad.items():
        (tmp_path / "bad.toml").write_text(text)
        code, out, err = halluc(*fixed, "--config", "bad.toml")
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert message in err
    wrong = [
        (("--eval", "seen"), "seen: shows 1 pictures that are trained on, such as broken-10000"),
        (("--eval", "other"), "other: is of tabletop+dpo, not of the model that is trained"),
        (("--eval", "none"), "none is no run"),
        (("--target-modules", "qkv"), "no linear layer 'qkv' in its backbone; there are q_proj, "),
        (("--config", "none.toml"), "none.toml: "),
    ]
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *more: None if name in ("bitsandbytes", "wandb") else find(name, *more),
    )
    what = "--load-in-4bit needs bitsandbytes; install it with: pip install bitsandbytes"
    wrong.append((("--load-in-4bit",), what))
    wrong.append((("--report-to", "wandb"), "--report-to wandb needs wandb; install it"))
    for options, message in wrong:
        code, out, err = halluc(*fixed, *options)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert message in err
