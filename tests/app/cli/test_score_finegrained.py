import json

import msgspec
import pytest

from halluc.records import Box, Response, Sample, TrueObject, Truth
from halluc.runs import open_run

CARD = {
    "model": {"name": "replay:x"},
    "task": "caption",
    "decoding": {"seed": 0},
    "data": {"name": "tabletop:broken"},
}
TRUTH = Truth(
    objects=(
        TrueObject(name="cup", box=Box(0, 0, 5, 5), attributes={"color": "red"}),
        TrueObject(name="fork", box=Box(9, 0, 5, 5)),
    ),
    complete=True,
)
TEXT = "A blue cup, a fork and a spoon. The cup is to the right of the fork."


def caption_run(folder, texts=(TEXT, TEXT), truth=TRUTH, **card):
    samples = [Sample(id=str(number), truth=truth) for number in range(len(texts))]
    run = open_run(folder, {**CARD, **card}, samples)
    pairs = zip(samples, texts, strict=True)
    run.append([Response(id=sample.id, text=text) for sample, text in pairs])
    run.finish()
    return run


def figures(out):
    return {each["name"]: each["value"] for each in json.loads(out)["scores"]}


def test_rates_by_kind_stand_beside_chair_in_a_run(halluc, tmp_path):
    run = caption_run(tmp_path / "run")
    assert halluc("score", "chair", "run")[0] == 0
    code, out, _ = halluc("score", "finegrained", "run", "--json")
    found = figures(out)
    assert code == 0
    assert found["object hallucination rate"] == pytest.approx(1 / 5)
    assert found["attribute hallucination rate"] == found["color hallucination rate"] == 1
    assert found["relation hallucination rate"] == 1
    assert found["object coverage"] == 1
    assert found["attribute coverage"] == 0
    assert found["relation coverage"] is None
    assert set(run.scores()) == {"chair", "finegrained"}
    assert len(run.findings("chair")) == 10
    wrong = [each for each in run.findings("finegrained") if each.verdict == "hallucinated"]
    assert [(TEXT[e.claim.start : e.claim.end], e.rule) for e in wrong[:3]] == [
        ("blue", "color"),
        ("spoon", "object absent"),
        ("to the right of", "boxes"),
    ]
    assert TEXT[slice(*wrong[2].claim.subject_span)] == "cup"
    assert TEXT[slice(*wrong[2].claim.object_span)] == "fork"


def test_strict_judges_only_what_is_surely_read(halluc, tmp_path):
    """Relations are never that sure; eager verdicts are those of the default here."""
    caption_run(tmp_path / "run")
    rate = "relation hallucination rate"
    default, strict, eager = (
        figures(halluc("score", "finegrained", "run", "--json", *flags)[1])
        for flags in ((), ("--strict",), ("--eager",))
    )
    assert (default[rate], strict[rate]) == (1, None)
    assert strict["color hallucination rate"] == 1
    assert eager == default
    code, out, err = halluc("score", "finegrained", "run", "--strict", "--eager")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_the_card_names_the_pipeline_and_the_vocabulary(halluc, tmp_path):
    caption_run(tmp_path / "run")
    how = json.loads(halluc("score", "finegrained", "run", "--json")[1])["how"]
    assert how["metric"] == "rates by kind of claim"
    for part in ("pipeline", "vocabulary"):
        assert how[part]["name"]
        assert len(how[part]["sha256"]) == 64
    assert how["truth"]["file"] == "the run's samples"


def test_a_file_with_its_truth_and_the_most_frequent_wrong_claims(halluc, tmp_path):
    captions = [{"image_id": n, "caption": TEXT} for n in (1, 2)]
    (tmp_path / "captions.json").write_text(json.dumps(captions))
    (tmp_path / "objects.json").write_text(json.dumps({"1": ["cup", "fork"], "2": ["cup"]}))
    command = ("score", "finegrained", "captions.json", "--truth", "objects.json")
    code, out, err = halluc(*command, "--show", "2", "-o", "kept")
    assert (code, err) == (0, "")
    assert [line.split(" x ") for line in out.splitlines()[-2:]] == [
        ["    2", "spoon"],
        ["    2", "fork"],
    ]
    assert "relation coverage" in out
    assert "undefined" in out
    assert "pattern hallucination rate" not in out
    assert (tmp_path / "kept" / "findings.jsonl").exists()
    code, out, err = halluc(*command, "--show", "2", "--json")
    assert (code, out) == (2, "")
    assert "--json" in err


def test_things_of_ones_own(halluc, tmp_path):
    (tmp_path / "captions.json").write_text('[{"image_id": 1, "caption": "A red lamp."}]')
    truth = {"objects": [{"name": "lamp", "attributes": {"color": "green"}}]}
    (tmp_path / "truth.jsonl").write_text(json.dumps({"id": 1, "truth": truth}))
    (tmp_path / "things.json").write_text('{"lamp": ["lamp", "lantern"]}')
    command = ("score", "finegrained", "captions.json", "--truth", "truth.jsonl", "--json")
    assert figures(halluc(*command)[1])["attribute hallucination rate"] is None
    document = json.loads(halluc(*command, "--vocabulary", "things.json")[1])
    found = {each["name"]: each["value"] for each in document["scores"]}
    assert found["attribute hallucination rate"] == 1
    assert found["object coverage"] == 1
    assert document["how"]["vocabulary"]["name"] == "coco + things.json"


def test_a_run_without_truth_or_of_yes_and_no(halluc, tmp_path):
    caption_run(tmp_path / "bare", truth=None)
    code, out, err = halluc("score", "finegrained", "bare")
    assert (code, out) == (2, "")
    assert "2 of 2 pictures (0, 1) have no truth in the run; give --truth" in err
    caption_run(tmp_path / "asked", truth=Truth(label="yes"))
    code, out, err = halluc("score", "finegrained", "asked")
    assert (code, out) == (2, "")
    assert "use `halluc score pope`" in err
    assert not (tmp_path / "asked" / "scores.json").exists()


def test_compare_takes_the_findings_that_the_runs_hold(halluc, tmp_path):
    texts = {"a": TEXT, "b": "A cup."}
    runs = [caption_run(tmp_path / name, [TEXT, text]) for name, text in texts.items()]

    def rates():
        document = json.loads(halluc("compare", "a", "b", "--json")[1])
        rows = [r for r in document["differences"] if r["name"] == "object hallucination rate"]
        return [(row["one_value"], row["other_value"]) for row in rows]

    computed = [(1 / 5, 1 / 6)]
    assert rates() == computed
    for name in "ab":
        assert halluc("score", "finegrained", name)[0] == 0
    assert rates() == computed
    run = runs[0]
    right = [msgspec.structs.replace(e, verdict="supported") for e in run.findings("finegrained")]
    run.write_findings("finegrained", right)
    assert rates() == [(0, 1 / 6)]
    # Findings of another reading are not taken.
    kept = json.loads((run.path / "scores.json").read_text())
    kept["finegrained"]["how"]["pipeline"]["sha256"] = "0" * 64
    (run.path / "scores.json").write_text(json.dumps(kept))
    assert rates() == computed
