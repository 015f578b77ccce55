"""The blocks of the README run one after the other in an empty folder, as a reader gives them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a reader has: answers, questions and COCO's annotations.
QUESTION = {"question_id": 1, "image": "a.jpg", "text": "Is there a dog in the image?"}
BOX = {"id": 1, "image_id": 1, "category_id": 18, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0}
FILES = {
    "answers.jsonl": {"question_id": 1, "text": "Yes"},
    "coco_pope_adversarial.json": {**QUESTION, "label": "yes"},
    "captions.json": [{"image_id": 1, "caption": "A dog and a cat."}],
    "annotations/instances_val2014.json": {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "annotations": [BOX],
        "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}],
    },
    "annotations/captions_val2014.json": {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
        "annotations": [{"id": 1, "image_id": 1, "caption": "A dog."}],
    },
}
# Fewer and shorter of each, so that it is quick; what needs a network or a browser is left out.
SHORTER = {
    "make demo": "halluc demo --scenes 4",
    "make test": "",
    "halluc generate --model hf:": "",
    "halluc inspect": "",
    "pip install": "",
    "halluc generate": " --limit 2 --max-new-tokens 24",
    "halluc train dpo": " --batch-size 2",
}


def shortened(line: str) -> str:
    """A command as it is tried here; empty: it is not."""
    for start, instead in SHORTER.items():
        if line.startswith(start):
            return line + instead if instead.startswith(" ") else instead
    return line


@pytest.mark.timeout(900)
def test_every_block_runs_in_order(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content) + "\n")
    tried = 0
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    for kind, block in BLOCK.findall((ROOT / "README.md").read_text("utf-8")):
        if kind == "python":
            code = block.replace("do_sample=True)", "do_sample=True, limit=2, max_new_tokens=24)")
            assert code != block
            commands = [[sys.executable, "-c", code]]
        else:
            lines = [re.sub(r"\s+# .*", "", each) for each in block.splitlines()]
            asked = [shlex.split(shortened(each)) for each in lines if shortened(each)]
            start = "import sys; from app.cli import main; sys.argv[0] = 'halluc'; main()"
            commands = [[sys.executable, "-c", start, *each[1:]] for each in asked]
        for command in commands:
            done = subprocess.run(
                command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False
            )
            fine = (0, 3) if "gate" in command else (0,)  # 3: so few pictures tell nothing
            assert done.returncode in fine, f"{command}\n{done.stdout}{done.stderr}"
            tried += 1
    assert tried >= 9
