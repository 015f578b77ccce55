"""Training with `accelerate launch` in two processes on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from checkpoints import picture
from safetensors.torch import load_file

from mitigation.precorrection.pairs import make_pair, write_pairs


def test_two_processes_share_the_pairs_and_write_once(checkpoint, tmp_path):
    for number in range(16):
        picture(number).save(tmp_path / f"{number}.png")
    pairs = [
        make_pair(str(n), f"{n}.png", "two cups", f"a cup left of the cat {n}", "two red dogs")
        for n in range(16)
    ]
    made = write_pairs(tmp_path / "pairs", pairs, {"images": str(tmp_path)}, 0.2)
    assert made["pairs"]["test"]
    (tmp_path / "start.py").write_text("from app.cli import main\n\nmain()\n")
    command = [
        *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", 2),
        *("--num_machines", 1, "--mixed_precision", "no", "--dynamo_backend", "no", "start.py"),
        *("train", "dpo", "--model", f"hf:{checkpoint('llava')}", "--pairs", "pairs", "-o", "mine"),
        *("--batch-size", 2, "--mdpo", 1, "--learning-rate", 0.01, "--device", "cpu"),
    ]
    root = Path(__file__).resolve().parents[3]
    ended = subprocess.run(
        list(map(str, command)),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    mine = tmp_path / "mine"
    card = json.loads((mine / "card.json").read_text())
    assert (card["state"], card["processes"]) == ("finished", 2)
    assert card["steps"] == -(-made["pairs"]["train"] // 4)  # two pairs each
    assert set(json.loads((mine / "reference.json").read_text())) == {p.id for p in pairs}
    assert ended.stderr.count("The adapter is in mine") == 1
    assert any(w.abs().max() > 0 for n, w in load_file(mine / "adapter_model.safetensors").items()
               if "lora_B" in n)  # fmt: skip
    assert not list(mine.glob(".*"))  # nothing half written
