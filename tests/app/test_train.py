import json
import sys

import pytest

from app.cli import main


@pytest.fixture
def halluc(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["halluc", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            return end.code, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


def test_training_leaves_a_checkpoint_with_its_card(halluc, tmp_path):
    small = ("--scale", 0.0005, "--scenes", 2, "--device", "cpu")
    code, _, err = halluc("train", "tabletop", "-o", "mine", "--work", "work", *small)
    assert code == 0, err
    assert "hf:./mine" in err
    folder = tmp_path / "mine"
    card = json.loads((folder / "card.json").read_text())
    assert card["made by"] == "halluc train tabletop --scale 0.0005"
    assert card["recipe"]["scenes"] == 64
    assert card["measured"]["data"]["first"] == 2
    assert {"CHAIRi", "Recall", "relation hallucination rate"} <= card["measured"][
        "captions"
    ].keys()
    assert {"accuracy random", "accuracy adversarial"} <= card["measured"]["pope"].keys()
    assert (folder / "curves.png").stat().st_size > 5000
    options = ("--model", "hf:./mine", "--limit", 1, "--max-new-tokens", 4, "-o", "run")
    assert halluc("generate", *options)[0] == 0
    assert halluc("score", "chair", "run")[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--scale", 0), "--scale must be above 0"),
        (("-o", "full"), "full: holds other files and no checkpoint"),
    ],
)
def test_bad_options_are_one_line_and_nothing_is_written(halluc, tmp_path, options, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    code, out, err = halluc("train", "tabletop", "--work", "work", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "work").exists()
