import json

import pytest

from app.workflows.score import score
from halluc.datasets.merlim import load
from halluc.errors import InputError

PAIRS = [("no", "no"), ("no", "no"), ("yes", "no"), ("yes", "yes")]
OTHER = {"yes": "no", "no": "yes"}


def written(tmp_path, answer):
    rows = [
        {
            "orig_img": f"{n}.png",
            "edited_img": f"{n}_{copy}.png",
            "removed": "book",
            "question": "Is there a lamp on the bookcase?",
            "question_neg": "Is there not a lamp on the bookcase?",
            "orig": before,
            "orig_neg": OTHER[before],
            "edited": after,
            "edited_neg": OTHER[after],
        }
        for n, (before, after) in enumerate(PAIRS)
        for copy in (1, 2)
    ]
    (tmp_path / "rel.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = [{"id": s.id, "text": answer(s)} for s in load(tmp_path / "rel.jsonl").samples]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    return tmp_path / "a.jsonl", tmp_path / "rel.jsonl"


@pytest.mark.parametrize(
    ("control", "plain", "negated"),
    [
        (lambda s: "Yes", (0.5, 0.25, 0.5), (0.5, 0.75, 0)),
        (lambda s: "No.", (0.5, 0.75, 0), (0.5, 0.25, 0.5)),
        (lambda s: s.truth.label, (1, 1, 0), (1, 1, 0)),
        (lambda s: "I see a lamp", (0, 0, None), (0, 0, None)),
        (
            # The coin falls by the number of the picture, the same on all its copies.
            lambda s: ("yes", "no")[int(s.image[0]) % 2],
            (0.5, 0.25, 0.5),
            (0.5, 0.75, 0),
        ),
    ],
    ids=["always yes", "always no", "right", "neither", "coin"],
)
def test_controls_score_as_they_must(control, plain, negated, tmp_path):
    answers, truth = written(tmp_path, control)
    scored = score(answers, "merlim", truth=truth)
    names = ("accuracy original", "accuracy edited", "hidden hallucination")
    assert tuple(scored.figure(name) for name in names) == plain
    assert tuple(scored.figure(name, "negated") for name in names) == negated


def test_a_question_is_asked_once_a_picture(tmp_path, shared):
    """Four pictures with two copies each: 12, and each question also negated."""
    _, truth = written(tmp_path, lambda s: "yes")
    assert len(load(truth).samples) == 24
    file = shared / "merlim" / "rel_task_set_eval_curated_v3.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    pairs = {
        (each["orig_img"], each["question"]) for each in rows
    } | {(each["edited_img"], each["question"]) for each in rows}  # fmt: skip
    samples = load(file).samples
    assert sum("negated" not in each.split for each in samples) == len(pairs)


def test_what_is_wrong_is_told(tmp_path):
    _, truth = written(tmp_path, lambda s: "yes")
    rows = [json.loads(line) for line in truth.read_text().splitlines()]
    truth.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0] | {"orig": "yes"}]))
    with pytest.raises(InputError, match=r"rel\.jsonl:9: .* has another right answer on 0\.png"):
        load(truth)
    truth.write_text(json.dumps(rows[0] | {"edited_img": "7_1.png"}))
    with pytest.raises(InputError, match=r"7_1\.png does not bear the name of 0\.png"):
        load(truth)
