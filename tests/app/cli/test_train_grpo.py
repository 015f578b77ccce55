"""Rewards of a model's own captions train an adapter, through the command and through TRL alone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from checkpoints import picture

from halluc.mllm import load_model

ROOT = Path(__file__).resolve().parents[3]
SMALL = (
    *("--batch-size", 4, "--generations", 2, "--max-new-tokens", 6, "--learning-rate", 0.01),
    *("--device", "cpu"),
)
REWARDS = ("--reward", "length:1-3", "--reward", "object-hallucination=0.5", "--reward", "end")


@pytest.fixture
def command(checkpoint, tmp_path):
    """The command, on four pictures whose objects are known."""
    rows = []
    for number in range(4):
        picture(number).save(tmp_path / f"{number}.png")
        rows.append({"id": f"p{number}", "image": f"{number}.png", "objects": ["cup", "dog"]})
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "bare.jsonl").write_text('{"id": 1, "image": "1.png"}')
    model = f"hf:{checkpoint('llava')}"
    return ("train", "grpo", "--model", model, "--data", "jsonl:data.jsonl", *SMALL)


def read(folder: Path, name: str):
    return json.loads((folder / name).read_text())


def test_a_killed_training_takes_the_same_steps(halluc, command, tmp_path):
    more = (*command, *REWARDS, "--epochs", 12, "--save-steps", 3)
    code, _, err = halluc(*more, "-o", "whole")
    assert code == 0, err
    process = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", *map(str, more), "-o", "mine"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE,
    )  # fmt: skip
    for _ in range(4000):
        if list((tmp_path / "mine").glob("checkpoint-*/trainer_state.json")) or process.poll():
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    whole, mine = tmp_path / "whole", tmp_path / "mine"
    assert not (mine / "adapter_model.safetensors").exists()
    assert halluc(*more, "-o", "mine")[0] == 0
    curves = [read(each, "curves.json") for each in (whole, mine)]
    assert [each["step"] for each in curves[1]] == [each["step"] for each in curves[0]]
    for one, other in zip(*curves, strict=True):
        # What times, and the summary, which counts from where the training went on.
        named = [name for name in one if "time" not in name and not name.startswith("train_")]
        assert [*other] == [*one]
        assert {name: other[name] for name in named} == {name: one[name] for name in named}
    for name in ("adapter_model.safetensors", "rollouts.jsonl", "page.html"):
        assert (whole / name).read_bytes() == (mine / name).read_bytes(), name

    first = curves[0][0]
    assert {"loss", "reward", "entropy", "zero_variance", "completions/mean_length"} <= first.keys()
    for name in ("length:1-3", "object-hallucination", "end"):
        assert f"rewards/{name}/mean" in first and f"rewards/{name}/zero_variance" in first
    card = read(whole, "card.json")
    assert (card["state"], card["steps"], card["examples"]["rows"]) == ("finished", 24, 4)
    rollouts = [json.loads(each) for each in (whole / "rollouts.jsonl").read_text().splitlines()]
    assert [each["step"] for each in rollouts] == [n // 2 for n in range(48)]
    page = (whole / "page.html").read_text()
    assert 10 < page.count("<h2>step") <= 20 and "object-hallucination" in page
    assert "# GRPO adapter" in (whole / "README.md").read_text()
    assert halluc(*more, "-o", "mine")[2].strip() == "mine is trained: nothing left to do"
    code, _, err = halluc(*more, "-o", "mine", "--prompt", "What is there?")
    assert code == 2 and "mine is an adapter made otherwise" in err
    assert load_model(f"{command[3]}+{mine}", device="cpu").model


def test_what_cannot_be_trained_is_one_line(halluc, command, tmp_path):
    for options, message in (
        (("--reward", "joy"), "there is no reward 'joy'"),
        (("--batch-size", 5), "a step has 5 captions"),
        (("--max-length", 6), "--max-length 6 leaves no room for a prompt before 6 new tokens"),
        (("--max-length", 8), "longer than 2 tokens: p0"),
        (("--data", "jsonl:bare.jsonl"), "does not say what is in its pictures"),
        (("--batch-size", 10), "jsonl:data.jsonl gives 4 pictures, fewer than the 5 of a step"),
    ):
        code, out, err = halluc(*command, *options, "-o", "new")
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert message in err
        assert not (tmp_path / "new").exists()
    code, _, err = halluc(*command, "--reward", "rewarding:fails", "-o", "new")
    last = err.splitlines()[-1]
    assert code == 2 and "Traceback" not in err
    assert re.search(
        r"reward rewarding:fails of sample p\d: ZeroDivisionError: by nothing$", last
    ), err


def test_the_script_of_the_docs_runs(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "grpo.md").read_text("utf-8")
    [script] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for given, small in (
        ("max_steps=30", "max_steps=1"),
        ("num_generations=8", "num_generations=2"),
        ("per_device_train_batch_size=32", "per_device_train_batch_size=2"),
        ("max_completion_length=96", "max_completion_length=12"),
        ("10000-10099", "10000-10000"),
    ):
        assert given in script
        script = script.replace(given, small)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert load_model(f"tabletop+{tmp_path / 'runs/mine/adapter'}", device="cpu").model
