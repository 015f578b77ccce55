import json

import pytest

from app.workflows.score import score
from halluc.datasets.mcq_pope import load_choices
from halluc.errors import InputError
from halluc.records import Sample
from metrics.mcq_pope import mcq_pope

SPLITS = ("random", "popular", "adversarial")


def answered(shared, tmp_path, answer, splits=SPLITS[:1]):
    """Published questions, answered by a rule."""
    files = [shared / "mcq-pope" / f"coco_mcq_{split}.jsonl" for split in splits]
    choices = load_choices(files)
    answers = []
    for sample in choices.dataset.samples:
        id = int(sample.id.rpartition("/")[2])
        text = answer(choices.letters[sample.id])
        answers.append({"question_id": id, "prompt": sample.prompt, "text": text})
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answers))
    return score(tmp_path / "a.jsonl", "mcq-pope", truth=files)


def test_controls_score_as_they_must(shared, tmp_path):
    """Always one letter scores the share of that letter; the right letter scores all."""
    right = answered(shared, tmp_path, lambda letter: f"{letter.lower()}. that one", SPLITS)
    assert right.figure("mean accuracy") == 1
    letters = [each.numerator for each in right.scores if each.name.startswith("says")]
    always = answered(shared, tmp_path, lambda letter: "A")
    assert always.figure("accuracy", "random") == right.figure("says A", "random")
    assert sum(letters) == 9000
    assert answered(shared, tmp_path, lambda letter: "").figure("unknown", "random") == 1


@pytest.mark.parametrize(
    ("text", "published", "alone"),
    [
        ("A", "A", "A"),
        ("b", "B", "B"),
        ("C. couch", "C", "C"),
        ("All of them", "A", "unknown"),
        ("A dog", "A", "unknown"),
        ("(D)", "unknown", "D"),
        ("E", "unknown", "unknown"),
        ("", "unknown", "unknown"),
    ],
)
def test_readers(text, published, alone, tmp_path):
    row = {"question_id": 0, "image": "1.jpg", "text": "Which?", "label": "A"}
    (tmp_path / "mcq_random.jsonl").write_text(json.dumps(row))
    (tmp_path / "a.jsonl").write_text(json.dumps({"question_id": 0, "answer": text}))
    for reader, letter in (("mcq-pope", published), ("alone", alone)):
        scored = score(
            tmp_path / "a.jsonl", "mcq-pope", truth=tmp_path / "mcq_random.jsonl", reader=reader
        )
        name = letter if letter == "unknown" else f"says {letter}"
        assert scored.figure(name, "random") == 1


def test_the_truth_is_needed(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"question_id": 0, "answer": "A"}))
    with pytest.raises(InputError, match="name them with --truth"):
        score(tmp_path / "a.jsonl", "mcq-pope")


def test_the_figures_of_samples():
    samples = [Sample(id=f"{n}", split=("random", "popular")[n % 2]) for n in range(4)]
    texts = dict(zip("0123", ("A. a cup", "b", "The dog", "C"), strict=True))
    scores = mcq_pope(samples, texts, dict(zip("0123", "AABC", strict=True)))
    found = {(each.split, each.name): each.value for each in scores}
    assert found["random", "accuracy"] == 0.5
    assert found["popular", "accuracy"] == 0.5
    assert found["random", "unknown"] == 0.5
    assert found["", "mean accuracy"] == 0.5
