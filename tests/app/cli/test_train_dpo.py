"""From inspected answers to pairs, an adapter, and a model that speaks with it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from checkpoints import picture
from faults import each_fault

from halluc.locks import alone
from halluc.mllm import load_model
from halluc.runs import read_run

SMALL = ("--batch-size", 2, "--learning-rate", 0.01, "--device", "cpu")


@pytest.fixture
def model(checkpoint):
    return f"hf:{checkpoint('llava')}"


@pytest.fixture
def pairs(halluc, tmp_path):
    """Pairs from twelve inspected captions."""
    rows, said = [], []
    for number in range(12):
        picture(number).save(tmp_path / f"{number}.png")
        rows.append({"id": number, "image": f"{number}.png", "objects": ["cup", "dog", "cat"]})
        wrong = "fork" if number % 2 else "cat"
        said.append({"id": number, "text": f"There is a cup, a dog and a {wrong} on the left."})
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, said)))
    halluc("generate", "--model", "replay:said.jsonl", "--data", "jsonl:data.jsonl", "-o", "run")
    code, _, err = halluc("data", "pairs", "run", "-o", "early")
    assert (code, err.count("\n")) == (2, 1)
    assert "find them with: halluc score finegrained run" in err
    assert not (tmp_path / "early").exists()
    assert halluc("score", "finegrained", "run")[0] == 0
    code, out, err = halluc("data", "pairs", "run", "-o", "pairs")
    assert code == 0, err
    assert "corrected: 6 pairs, 12.0 words chosen, 12.0 rejected" in out
    return tmp_path / "pairs"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_storage_that_fails_while_pairs_are_written(number, halluc, pairs, model, monkeypatch):
    """Also where a set stands already: what a fault leaves is whole, or says that it is not."""
    command = ("data", "pairs", "run", "-o", "pairs")
    lines = {each.name: each.read_bytes() for each in pairs.iterdir() if each.name != "card.json"}
    faulty = each_fault(monkeypatch, number, partial(halluc, *command))
    codes = []
    for _, (code, _, err) in faulty:
        codes.append(code)
        assert not [each for each in pairs.iterdir() if each.name.startswith(".")]
        for name, content in lines.items():
            assert (pairs / name).read_bytes() == content
        if code:
            assert (code, err.count("\n")) == (2, 1)
            assert os.strerror(number) in err
            if json.loads((pairs / "card.json").read_bytes())["state"] == "running":
                train = ("train", "dpo", "--model", model, "--pairs", "pairs", "-o", "new", *SMALL)
                refused, _, said = halluc(*train)
                assert (refused, said.count("\n")) == (2, 1)
                assert "pairs: is half a set of pairs; give its halluc data pairs again" in said
        assert halluc(*command)[0] == 0
    assert len(codes) > 15
    for each in pairs.iterdir():
        each.unlink()
    (pairs / ".card.json.new").write_text("{")  # killed while it wrote its first file
    assert halluc(*command)[0] == 0
    assert {each.name for each in pairs.iterdir()} == {*lines, "card.json"}


def test_an_adapter_is_trained_and_used(halluc, pairs, model, tmp_path):
    rows = [json.loads(line) for line in (pairs / "train.jsonl").read_text().splitlines()]
    [row] = [row for row in rows if row["images"] == ["1.png"]]
    assert row["chosen"][0]["content"] == "There is a cup, a dog and a cat on the left."
    assert row["rejected"][0]["content"] == "There is a cup, a dog and a fork on the left."
    assert "<b" in (pairs / "page.html").read_text()

    command = ("train", "dpo", "--model", model, "--pairs", "pairs", "-o", "mine", *SMALL)
    code, _, err = halluc(*command, "--epochs", 4)
    assert code == 0, err
    mine = tmp_path / "mine"
    targets = json.loads((mine / "adapter_config.json").read_text())["target_modules"]
    assert len(targets) > 1 and targets == sorted(targets)  # not in an order of the process's own
    card = json.loads((mine / "card.json").read_text())
    assert card["state"] == "finished"
    assert card["pairs"]["rows"] == 6
    history = json.loads((mine / "curves.json").read_text())
    assert history[0]["loss"] < 0.7
    assert {"rewards/margins", "rewards/accuracies", "kl"} <= history[0].keys()
    assert (mine / "curves.png").stat().st_size > 5000
    assert str(tmp_path) not in (mine / "README.md").read_text()

    assert halluc(*command, "--epochs", 4)[2].strip() == "mine is trained: nothing left to do"
    code, _, err = halluc(*command, "--epochs", 5)
    assert (code, err.count("\n")) == (2, 1)
    assert "recipe epochs 4.0 → 5.0" in err

    asked = ("--data", "jsonl:data.jsonl", "--max-new-tokens", 8, "--device", "cpu", "--limit", 3)
    for name, more in {"plain": (), "vcd": ("--decode", "vcd")}.items():
        code, _, err = halluc("generate", "--model", f"{model}+mine", *asked, *more, "-o", name)
        assert code == 0, err
    halluc("generate", "--model", model, *asked, "-o", "base")
    adapted, base = read_run(tmp_path / "plain"), read_run(tmp_path / "base")
    assert adapted.card["model"]["hash"] == base.card["model"]["hash"]
    assert len(adapted.card["adapter"]["hash"]) == 64
    logprobs = [run.responses[0].tokens[0].logprob for run in (adapted, base)]
    assert abs(logprobs[0] - logprobs[1]) > 1e-6


def test_the_better_answers_alone_are_learned_in_as_many_steps(halluc, pairs, model, tmp_path):
    command = ("train", "sft", "--model", model, "--pairs", "pairs", "-o", "mine", *SMALL)
    code, _, err = halluc(*command, "--epochs", 4)
    assert code == 0, err
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    rows = len((pairs / "train.jsonl").read_text().splitlines())
    assert (card["state"], card["steps"]) == ("finished", 4 * -(-rows // 2))
    history = json.loads((tmp_path / "mine" / "curves.json").read_text())
    losses = [each["loss"] for each in history if "loss" in each]
    assert losses[-1] < losses[0]
    assert "# SFT adapter" in (tmp_path / "mine" / "README.md").read_text()
    assert halluc(*command, "--epochs", 4)[2].strip() == "mine is trained: nothing left to do"
    assert load_model(f"{model}+mine", device="cpu").model
    code, _, err = halluc("train", "dpo", *command[2:])
    assert code == 2 and "mine is an adapter made otherwise" in err


def test_instructions_are_made_of_a_data_set_and_learned(halluc, pairs, model, tmp_path):
    command = ("train", "sft", "--model", model, *SMALL, "-o", "mine")
    code, _, err = halluc(*command, "--recipe", "lrv", "--data", "jsonl:data.jsonl")
    assert code == 0, err
    mine = tmp_path / "mine"
    examples = [json.loads(line) for line in (mine / "examples.jsonl").read_text().splitlines()]
    told = json.loads((mine / "card.json").read_text())["examples"]
    assert told["rows"] == len(examples)
    assert told["kinds"]["positive"] == 24  # a description and a question on each picture
    assert {each["kind"] for each in examples} >= {"positive"}
    assert load_model(f"{model}+mine", device="cpu").model
    for options in ((), ("--recipe", "lrv"), ("--pairs", "pairs", "--data", "jsonl:data.jsonl")):
        code, _, err = halluc("train", "sft", "--model", model, "-o", "new", *options)
        assert (code, err.count("\n")) == (2, 1)
        assert "give either --pairs PAIRS or --recipe lrv with --data D" in err
    (tmp_path / "bare.jsonl").write_text('{"id": 1, "image": "1.png"}')
    code, _, err = halluc(
        "train", "sft", "--model", model, *SMALL, "-o", "new", "--recipe", "lrv", "--data",
        "jsonl:bare.jsonl",
    )  # fmt: skip
    assert (code, err.count("\n")) == (2, 1)
    assert "jsonl:bare.jsonl does not say what is in its pictures" in err
    assert not (tmp_path / "new").exists()


def test_a_killed_training_goes_on_from_its_last_checkpoint(halluc, pairs, model, tmp_path):
    command = ["train", "dpo", "--model", model, "--pairs", "pairs", "-o", "mine", *map(str, SMALL)]
    command += ["--epochs", "30", "--save-steps", "4"]
    root = Path(__file__).resolve().parents[3]
    start = [sys.executable, "-c", "from app.cli import main; main()", *command]
    process = subprocess.Popen(
        start, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, stderr=subprocess.PIPE
    )
    for _ in range(1200):
        if list((tmp_path / "mine").glob("checkpoint-*/trainer_state.json")) or process.poll():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "mine" / "adapter_model.safetensors").exists()
    code, _, err = halluc(*command)
    assert code == 0, err
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    rows = len((pairs / "train.jsonl").read_text().splitlines())
    assert card["steps"] == 30 * -(-rows // 2)
    steps = [each["step"] for each in json.loads((tmp_path / "mine" / "curves.json").read_text())]
    assert steps == sorted(steps)


def test_what_cannot_be_trained_is_one_line_and_leaves_nothing(halluc, pairs, model, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    fixed = ("train", "dpo", "--model", model, *SMALL)
    for options, message in (
        (("--pairs", "none", "-o", "new"), "none: no set of pairs"),
        (("--pairs", "pairs", "-o", "full"), "full holds other files and no adapter"),
        (("--pairs", "pairs", "-o", "new", "--loss", "best"), "there is no loss 'best'"),
        (("--pairs", "pairs", "-o", "new", "--loss-weights", "1,2"), "2 weights for 1 losses"),
        (
            ("--pairs", "pairs", "-o", "new", "--max-length", 5),
            "longer than 5 tokens: 0/1/corrected",
        ),
        (("--pairs", "pairs", "-o", "new", "--images", "full"), "whose picture cannot be read"),
        (("--pairs", "data.jsonl", "-o", "new"), "want the folder of their pictures"),
        (("--pairs", "data.jsonl", "-o", "new", "--images", "."), "data.jsonl:1: no pair as POVID"),
    ):
        code, out, err = halluc(*fixed, *options)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert message in err
    assert not (tmp_path / "new").exists()
    (tmp_path / "busy").mkdir()
    with alone(tmp_path / "busy"):
        code, out, err = halluc(*fixed, "--pairs", "pairs", "-o", "busy")
    assert (code, out, err) == (2, "", "halluc: busy: another process is at work on it\n")
    assert list((tmp_path / "busy").iterdir()) == []
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "card.json").write_text('{"made by": "halluc train dpo"}')
    for folder in ("full", "adapter"):
        code, _, err = halluc("data", "pairs", "run", "-o", folder)
        assert code == 2
        assert f"{folder}: holds other files and nothing by halluc data pairs" in err


def test_an_adapter_of_another_model_is_refused(halluc, pairs, model, checkpoint, tmp_path):
    command = ("train", "dpo", "--model", model, "--pairs", "pairs", "-o", "mine", *SMALL)
    assert halluc(*command)[0] == 0
    asked = ("--data", "jsonl:data.jsonl", "--device", "cpu", "-o", "new")
    other = f"hf:{checkpoint('paligemma')}+mine"
    code, _, err = halluc("generate", "--model", other, *asked)
    assert (code, err.count("\n")) == (2, 1), err
    assert "the adapter was trained on" in err
    (tmp_path / "mine" / "card.json").unlink()  # as adapters of other tools are
    assert load_model(f"{model}+mine", device="cpu").model
    code, _, err = halluc("generate", "--model", "tabletop+mine", *asked)
    assert (code, err.count("\n")) == (2, 1), err
    assert "tabletop+mine cannot be loaded" in err
    for name, message in (
        ("tabletop+none", "there is no folder 'none' with an adapter"),
        ("tabletop+run", "no adapter: there is no adapter_config.json in run"),
    ):
        code, _, err = halluc("generate", "--model", name, *asked)
        assert (code, err.count("\n")) == (2, 1)
        assert message in err
    assert not (tmp_path / "new").exists()


def test_two_processes_train_one_adapter(halluc, pairs, tmp_path):
    start = "from app.cli import main; main()"
    command = ("train", "dpo", "--pairs", "pairs", "-o", "mine", *SMALL, "--epochs", 2)
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "--no-python", sys.executable, "-c", start, *map(str, command)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert card["state"] == "finished"
    assert card["steps"] == 4  # six pairs, two at a time in each of two processes, twice
    assert load_model(f"tabletop+{tmp_path / 'mine'}", device="cpu").card["model"]["hash"]
