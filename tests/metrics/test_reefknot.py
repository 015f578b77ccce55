import json

import pytest

from app.workflows.score import score
from halluc.errors import InputError

KINDS = {"perception": ["yes", "no", "A", "B"], "cognitive": ["yes", "no", "C", "D"]}


def written(tmp_path, answer, labels=KINDS):
    """Questions in the authors' form, answered."""
    rows = [
        {
            "image_id": 100 + n,
            "query_prompt": "Is the cup on table in this photo?",
            "label": label,
            "type": "Yes/No" if label in ("yes", "no") else "Multichoice",
            "mllm_name": "",
            "response": answer(label, n),
            "relation_type": kind,
        }
        for kind, each in labels.items()
        for n, label in enumerate(each)
    ]
    path = tmp_path / "YESNO.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("control", "yes_no", "choice"),
    [
        (lambda label, n: "Yes, it is", 0.5, 1),
        (lambda label, n: "no", 0.5, 1),
        (lambda label, n: "a. on", 0.5, 0.75),
        (lambda label, n: "", 0.5, 1),
        (lambda label, n: label, 0, 0),
    ],
    ids=["always yes", "always no", "always A", "empty", "right"],
)
def test_controls_score_as_they_must(control, yes_no, choice, tmp_path):
    path = written(tmp_path, control)
    if control("A", 0) == "":  # a file of questions, unless something is answered
        path = written(tmp_path, lambda label, n: "", {"perception": ["yes", "no", "A", "A"]})
        with pytest.raises(InputError, match="these are questions"):
            score(path, "reefknot")
        return
    scored = score(path, "reefknot")
    assert scored.figure("Halr yes/no") == yes_no
    assert scored.figure("Halr choice") == choice


def test_types_of_relations_and_a_truth_of_its_own(tmp_path):
    truth = written(tmp_path, lambda label, n: "")
    answers = [{"id": f"YESNO/{n}", "text": "yes" if n < 5 else "no"} for n in range(1, 9)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    scored = score(tmp_path / "a.jsonl", "reefknot", truth=truth)
    assert scored.figure("yes ratio", "perception") == 1
    assert scored.figure("yes ratio", "cognitive") == 0
    assert scored.figure("unknown choices") == 1
    with pytest.raises(InputError, match="name them with --truth"):
        score(tmp_path / "a.jsonl", "reefknot")


def test_questions_that_want_words_are_counted_out(tmp_path):
    path = written(tmp_path, lambda label, n: label, {"perception": ["yes", "on the table"]})
    scored = score(path, "reefknot")
    assert scored.how["not scored"] == "1 questions that want words"
    assert scored.figure("Halr choice") is None
