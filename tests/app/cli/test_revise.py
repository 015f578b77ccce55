"""`halluc revise`, `halluc analyse` and `halluc train detector`, as they are typed."""

from __future__ import annotations

import json

import pytest
from detectors import make_owl
from PIL import Image

from halluc.runs import read_run
from mitigation.postcorrection.revisions import FILE, read_revisions


@pytest.fixture
def captions(halluc):
    code, _, _ = halluc("generate", "--limit", 6, "-o", "base", "--max-new-tokens", 96)
    assert code == 0
    return "base"


def test_a_run_is_revised_scored_and_goes_on(captions, halluc, tmp_path):
    before = (tmp_path / "base" / "responses.jsonl").read_bytes()
    command = ("revise", "woodpecker", captions, "-o", "new", "--detector", "tabletop")
    code, out, _ = halluc(*command)
    assert code == 0 and "of 6 captions changed" in out
    assert (tmp_path / "base" / "responses.jsonl").read_bytes() == before

    base, new = read_run("base"), read_run("new")
    assert new.finished
    card = new.card["revision"]
    assert card["original"]["run"] == "base" and len(card["original"]["sha256"]) == 64
    assert card["asked"]["name"] == "tabletop" and card["threshold"] == 0.33
    revisions = read_revisions(tmp_path / "new")
    for old, response in zip(base.responses, new.responses, strict=True):
        revision = revisions[old.id]
        assert (revision.original, revision.text) == (old.text, response.text)
        assert response == old if revision.reason else not response.tokens
        assert all(old.text[e.start : e.end] == e.before for e in revision.edits)
    assert any(each.edits for each in revisions.values())

    assert halluc("score", "chair", "new")[0] == 0
    assert halluc("compare", "base", "new")[0] == 0
    assert halluc(*command)[1] == out  # nothing is left to do

    # A crash before the last revisions: they are made again, the answers stay.
    file = tmp_path / "new" / FILE
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.rstrip().rfind(b"\n") + 20])
    assert halluc(*command)[1] == out
    assert file.read_bytes() == whole
    code, _, err = halluc("revise", "woodpecker", captions, "-o", "new")
    assert code == 2 and "made otherwise" in err
    code, _, err = halluc(*command, "--threshold", ".5")
    assert code == 2 and "made otherwise (revision threshold 0.33 → 0.5)" in err


def test_a_detector_looks_and_a_model_rewrites(captions, halluc, tmp_path):
    make_owl(tmp_path / "owl")
    more = ("--validator", "detector:./owl", "--rewriter", "tabletop", "--device", "cpu")
    code, out, err = halluc("revise", "woodpecker", captions, "-o", "new", *more)
    assert code == 0, err
    assert "questions asked" in out
    card = read_run("new").card["revision"]
    assert card["validator"]["name"] == "detector:./owl" and len(card["validator"]["hash"]) == 64
    assert card["rewriter"]["name"] == "tabletop"
    revisions = read_revisions(tmp_path / "new").values()
    asked = {a.question for each in revisions for check in each.checks for a in check.asked}
    assert any(each.startswith("boxes of ") for each in asked)
    assert not any(each.startswith("Is there") for each in asked)


def test_batch_size_changes_no_revision(captions, halluc, tmp_path):
    revised = []
    for size in (1, 4, 16):
        command = ("revise", "woodpecker", captions, "-o", f"new{size}", "--batch-size", size)
        assert halluc(*command)[0] == 0
        found = read_revisions(tmp_path / f"new{size}").values()
        revised.append([(each.text, each.edits, each.reason) for each in found])
    assert revised[0] == revised[1] == revised[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "base"), "the original stays as it is"),
        (("-o", "new", "--statistics", "tabletop"), "belongs to a --detector"),
        (("-o", "new", "--validator", "owl"), "there is no detector 'owl'"),
        (("-o", "new", "--detector", "missing.json"), "missing.json: No such file"),
        (("-o", "new", "--model", "replay:base/responses.jsonl"), "cannot answer new questions"),
    ],
)
def test_what_cannot_be_revised_is_one_line(options, message, captions, halluc, tmp_path):
    code, _, err = halluc("revise", "woodpecker", captions, *options)
    assert code == 2 and message in err and err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_answers_of_yes_and_no_are_not_revised(halluc):
    halluc("generate", "--task", "pope", "--limit", 2, "-o", "pope", "--max-new-tokens", 4)
    code, _, err = halluc("revise", "woodpecker", "pope", "-o", "new")
    assert code == 2 and "captions are revised" in err


def test_factors_and_detector_of_a_run(captions, halluc, tmp_path):
    code, out, _ = halluc("analyse", "factors", captions, "-o", "plots")
    assert code == 0
    assert {"co-occurrence", "uncertainty", "position"} <= set(out.split())
    with Image.open(tmp_path / "plots" / "factors.png") as plot:
        assert plot.width > plot.height
    mentions = (tmp_path / "plots" / "factors.jsonl").read_text().splitlines()
    assert json.loads(mentions[0])["factors"]["uncertainty"] >= 0

    code, _, err = halluc("train", "detector", captions, "-o", "mine.json")
    assert code == 0 and "fitted on" in err
    code, out, _ = halluc("analyse", "detector", captions, "--detector", "mine.json", "--json")
    assert code == 0
    told = {(each["split"], each["name"]): each["value"] for each in json.loads(out)["scores"]}
    assert told["detector", "AUROC"] > 0.7 and ("LURE's rule", "AUROC") in told
    code, out, _ = halluc("analyse", "detector", captions, "-o", "plots")
    assert code == 0 and "expected calibration error" in out
    assert (tmp_path / "plots" / "detector.png").exists()


def test_captions_without_log_probabilities_say_so(halluc, tmp_path):
    rows = [("1", "A cup and a fork."), ("2", "A fork and a knife.")]
    lines = (json.dumps({"image_id": id, "caption": text}) for id, text in rows)
    (tmp_path / "said.jsonl").write_text("\n".join(lines))
    (tmp_path / "true.json").write_text('{"1": ["cup"], "2": ["fork", "knife"], "3": ["fork"]}')
    code, out, _ = halluc("analyse", "factors", "said.jsonl", "--truth", "true.json")
    assert code == 0 and "uncertainty: the captions come without log-probabilities" in out
    assert "co-occurrence" in out and "said.jsonl: 4 mentions" in out


@pytest.mark.parametrize(
    "system", ["less-is-more/r1-llava1.5-7b.jsonl", "deco/regular_chair.jsonl"]
)
def test_published_captions_hallucinate_late(system, halluc, shared):
    """LURE's finding on position, on captions of LLaVA-1.5 that others published."""
    truth = shared / "coco" / "coco_gt_objects_wordnet.json.gz"
    code, out, _ = halluc(
        "analyse", "factors", shared / "captions" / system, "--truth", truth, "--json"
    )
    assert code == 0
    [document] = json.loads(out)
    told = {(each["split"], each["name"]): each for each in document["scores"]}
    late = told["position", "last − first"]
    assert late["low"] > 0.15 and 0.2 < late["value"] < 0.26
    assert not any(split == "uncertainty" for split, _ in told)
