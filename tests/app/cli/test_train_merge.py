"""An adapter in the weights of its base speaks as it does beside it."""

from __future__ import annotations

import json

import pytest
from transformers import AutoModelForImageTextToText, AutoProcessor

from halluc.runs import read_run

ASKED = ("--data", "tabletop:broken:0-2", "--max-new-tokens", 24, "--device", "cpu")


def texts(folder):
    return [each.text for each in read_run(folder).responses]


def test_a_merged_model_says_what_the_adapter_says(halluc, tmp_path):
    code, _, err = halluc("train", "merge", "tabletop+dpo", "-o", "mine", "--device", "cpu")
    assert (code, err) == (0, "The merged model is in mine; use it with --model hf:./mine\n")
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert card["base"]["name"] == "tabletop+dpo"
    assert len(card["adapter"]["hash"]) == 64
    for name, model in {"one": "hf:./mine", "two": "tabletop+dpo", "base": "tabletop"}.items():
        code, _, err = halluc("generate", "--model", model, *ASKED, "-o", name)
        assert code == 0, err
    assert texts(tmp_path / "one") == texts(tmp_path / "two") != texts(tmp_path / "base")
    # As others load it, too.
    assert AutoModelForImageTextToText.from_pretrained(tmp_path / "mine")
    assert AutoProcessor.from_pretrained(tmp_path / "mine").chat_template


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("tabletop", "-o", "new"), "tabletop has no adapter to merge; name it M+FOLDER"),
        (("tabletop+dpo", "-o", "full"), "full: holds other files; use another -o"),
        (("replay:x.jsonl", "-o", "new"), "x.jsonl"),
    ],
)
def test_what_cannot_be_merged_is_one_line(halluc, tmp_path, command, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    code, out, err = halluc("train", "merge", *command)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert message in err
    assert [each.name for each in tmp_path.iterdir()] == ["full"]
