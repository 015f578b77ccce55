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
        (("-o", "full"), "full: holds other files and nothing by halluc train tabletop"),
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


def test_english_is_trained_and_says_how_good_it_is(halluc, tmp_path):
    import spacy

    dogs = "".join(
        f"{place}\t{word}\t{word.lower()}\t{part}\t{tag}\t_\t{head}\t{relation}\t_\t_\n"
        for place, word, part, tag, head, relation in (
            (1, "Dogs", "NOUN", "NNS", 2, "nsubj"),
            (2, "bark", "VERB", "VBP", 0, "root"),
        )
    )
    (tmp_path / "bank").mkdir()
    for split in ("train", "dev", "test"):
        (tmp_path / "bank" / f"en-{split}.conllu").write_text(f"{dogs}\n" * 40)
    code, _, err = halluc("train", "english", "--treebank", "bank", "--steps", 1, "-o", "mine")
    assert (code, err) == (0, "The pipeline is in mine; spacy.load opens it\n")
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert card["recipe"]["steps"] == 1
    assert card["measured on the test set"]["raw text"].keys() >= {"TAG", "UAS", "LAS", "LEMMA"}
    assert spacy.load(tmp_path / "mine")("Dogs bark.").has_annotation("DEP")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--treebank", "none"), "none: is no folder"),
        (("--treebank", "empty"), "empty: has no file *-train.conllu"),
        (("--treebank", "bad"), "bad/en-train.conllu:1: is no CoNLL-U"),
        (
            ("--treebank", "bad", "-o", "bad"),
            "bad: holds other files and nothing by halluc train english",
        ),
    ],
)
def test_what_english_cannot_be_trained_on_is_one_line(halluc, tmp_path, options, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "en-train.conllu").write_text("hello\n")
    code, out, err = halluc("train", "english", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
