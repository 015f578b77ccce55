"""A judge is trained, judges captions of the embedded world, and is measured beside controls."""

import json
import shutil

import pytest

from halluc.datasets.haelm import load, parts_of
from halluc.errors import InputError
from halluc.tabletop.world import scene

SMALL = "tabletop:mixed:100000-100049"


def test_a_trained_judge_beats_every_control(halluc, tmp_path):
    train = ["train", "judge", "-o", "judge.json", "--data", SMALL]
    code, _, told = halluc(*train)
    assert code == 0, told
    assert "held out, accuracy" in told
    kept = (tmp_path / "judge.json").read_bytes()
    card = json.loads(kept)["card"]
    assert card["captions"]["train"].keys() == {"yes", "no"}
    assert sum(sum(row.values()) for row in card["held out"]["confusion"].values()) == 20
    assert "nothing left to do" in halluc(*train)[2]
    code, _, told = halluc(*train, "--seed", 1)
    assert (code, "made otherwise" in told) == (2, True)
    assert (tmp_path / "judge.json").read_bytes() == kept

    data = "haelm:tabletop:broken:0-79"
    judging = ["generate", "--task", "haelm", "--model", "judge:judge.json", "--data", data]
    assert halluc(*judging, "-o", "judged")[0] == 0
    code, out, _ = halluc("score", "haelm", "judged", "--json")
    document = json.loads(out)
    assert "warning" not in document["how"]  # it is better than each control, text by text
    by = {(each.get("split", ""), each["name"]): each for each in document["scores"]}
    balanced = {split: each["value"] for (split, name), each in by.items() if "balanced" in name}
    assert len(balanced) == 6
    assert balanced["judge"] > 0.75
    assert (
        max(each for way, each in balanced.items() if way != "judge")
        < by["judge", "balanced accuracy"]["low"]
    )
    assert by["judge", "AUROC"]["value"] > by["CHAIR's rule", "AUROC"]["value"]
    shown = halluc("score", "haelm", "judged")[1]
    assert "labels and verdicts" in shown
    assert "best length rule" in shown


def test_captions_of_a_run_get_references_and_exact_labels(halluc, tmp_path):
    texts = []
    for number in range(3):
        here = scene("broken", number)
        wrong = "A cup." if "cup" not in here.names else "There is no cup."
        true = f"A {min(here.names - {'orange', 'scissors'})}."
        texts.append([true, wrong, ""][number])
    rows = [{"id": f"broken-{n:05d}", "text": text} for n, text in enumerate(texts)]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = ["generate", "--model", "replay:said.jsonl", "--data", "tabletop:broken:0-2"]
    assert halluc(*said, "-o", "said")[0] == 0
    dataset = load(tmp_path / "said")
    assert [each.truth.label for each in dataset.samples] == ["yes", "no"]  # "" is no answer
    references, caption = parts_of(dataset.samples[0].prompt)
    assert caption == texts[0]
    assert references.count(".") >= 5
    assert load(tmp_path / "said").samples == dataset.samples
    # A run of scenes that have changed since has other references.
    shutil.copytree("said", "old")
    kept = (tmp_path / "old/samples.jsonl").read_text()
    name = next(iter(sorted(scene("broken", 0).names)))
    (tmp_path / "old/samples.jsonl").write_text(kept.replace(f'"{name}"', '"zebra"'))
    with pytest.raises(InputError, match="was another one when this run was made"):
        load(tmp_path / "old")
    train = halluc("train", "judge", "-o", "judge.json", "--data", "said", "--test-share", 0.5)
    assert train[0] == 2
    assert "nothing to fit to: 2 captions with labels" in train[2]
    assert not (tmp_path / "judge.json").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [("nowhere.jsonl", "nowhere.jsonl"), ("tabletop:flat:1-2", "unknown data set")],
)
def test_what_a_judge_cannot_be_fitted_to_is_told(data, words, halluc, tmp_path):
    code, _, told = halluc("train", "judge", "-o", "judge.json", "--data", data)
    assert (code, words in told, len(told.splitlines())) == (2, True, 1)
    (tmp_path / "judge.json").write_text("[]")
    code, _, told = halluc("train", "judge", "-o", "judge.json", "--data", SMALL)
    assert (code, "is there and no judge" in told) == (2, True)
