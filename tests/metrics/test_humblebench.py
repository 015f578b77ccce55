import json

import pytest

from app.workflows.score import score
from halluc.errors import InputError
from halluc.records import Sample
from metrics.humblebench import humblebench, read_letter

LABELS = ["A", "B", "C", "D", "E", "E", "A", "E"]


def written(tmp_path, answer):
    """Results in the authors' form."""
    rows = [
        {
            "label": label,
            "question": "What is on the table? A. a cup … E. None of the above",
            "type": ("Object", "Relation")[n % 2],
            "image": {"bytes": None, "path": f"images/{n // 2}.jpg"},
            "question_id": n,
            "prediction": answer(label, n),
        }
        for n, label in enumerate(LABELS)
    ]
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("control", "figures"),
    [
        (lambda label, n: "A", (0.25, 0, 0, 0)),
        (lambda label, n: "E", (0.375, 1, 1, 0)),
        (lambda label, n: "E.", (0.375, 1, 0, 0)),
        (lambda label, n: label, (1, 1, 1, 0)),
        (lambda label, n: f"{label}. that one", (1, 1, 0, 0)),
        (lambda label, n: "A or E", (0, 0, 0, 1)),
        (lambda label, n: "", (0, 0, 0, 1)),
    ],
    ids=["always A", "always E", "always E.", "right", "in words", "two", "empty"],
)
def test_controls_score_as_they_must(control, figures, tmp_path):
    """Always one letter scores its share; "E." is nothing to the published E accuracy."""
    scored = score(written(tmp_path, control), "humblebench")
    names = ("accuracy", "E accuracy", "published E accuracy", "unknown")
    assert tuple(scored.figure(name) for name in names) == figures
    samples = [Sample(id=str(n), split=("Object", "Relation")[n % 2]) for n in range(len(LABELS))]
    texts = {each.id: control(LABELS[n], n) for n, each in enumerate(samples)}
    own = humblebench(samples, texts, {each.id: LABELS[n] for n, each in enumerate(samples)})
    found = {each.name: each.value for each in own if not each.split}
    assert tuple(found[name] for name in names) == figures


def test_types_and_a_truth_of_its_own(tmp_path):
    path = written(tmp_path, lambda label, n: label if n % 2 else "B")
    scored = score(path, "humblebench")
    assert scored.figure("accuracy", "Relation") == 1
    assert scored.figure("accuracy", "Object") == 0
    said = [{"question_id": n, "answer": "E"} for n in range(len(LABELS))]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    own = score(tmp_path / "a.jsonl", "humblebench", truth=f"humblebench:{path}")
    assert own.figure("says E") == 1
    with pytest.raises(InputError, match="name it with --truth"):
        score(tmp_path / "a.jsonl", "humblebench")


def test_questions_alone_are_told(tmp_path):
    row = {"question_id": 1, "question": "What?", "label": "A", "type": "Object"}
    (tmp_path / "metadata.jsonl").write_text(json.dumps(row))
    with pytest.raises(InputError, match="these are questions"):
        score(tmp_path / "metadata.jsonl", "humblebench")


@pytest.mark.parametrize(
    ("text", "letter"), [("b", "B"), ("(C)", "C"), ("Answer: D.", "D"), ("A dog", "A"), ("F", "?")]
)
def test_letters(text, letter):
    assert read_letter(text) == (letter if letter != "?" else "unknown")
