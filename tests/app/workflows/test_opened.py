"""Answers of any tool become a run that is scored, opened and reported like any other."""

import json

import pytest

from app.workflows.opened import open_answers
from app.workflows.score import score
from halluc.errors import InputError
from halluc.runs import read_run

QUESTIONS = [
    {"question_id": n, "image": "a.jpg", "text": f"Is there a {what} in the image?", "label": label}
    for n, (what, label) in enumerate((("dog", "yes"), ("bus", "no"), ("cup", "no")), 1)
]
ANSWERS = [
    {"question_id": each["question_id"], "prompt": each["text"], "text": text}
    for each, text in zip(QUESTIONS, ("Yes", "Yes, a bus.", "No"), strict=True)
]
CAPTIONS = [
    {"image_id": 1, "caption": "<think>A dog?</think>A red dog and a bus."},
    {"image_id": 2, "caption": "Two dogs."},
]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def files(tmp_path, halluc):
    (tmp_path / "coco_pope_random.json").write_text(lines(QUESTIONS))
    (tmp_path / "answers.jsonl").write_text(lines(ANSWERS))
    (tmp_path / "captions.json").write_text(json.dumps(CAPTIONS))
    (tmp_path / "objects.json").write_text('{"1": ["dog"], "2": ["dog", "cup"]}')
    return tmp_path


def test_score_keeps_a_run_that_opens_and_scores_to_the_same(files, halluc):
    pope = ("score", "pope", "answers.jsonl", "--truth", "coco_pope_random.json", "-o", "pope")
    assert halluc(*pope)[0] == 0
    run = read_run("pope")
    assert [each.text for each in run.responses] == ["Yes", "Yes, a bus.", "No"]
    assert [each.truth.label for each in run.samples] == ["yes", "no", "no"]
    assert run.finished and "model" not in run.card and "decoding" not in run.card
    again = score("pope", "pope").figure("accuracy", "random")
    assert again == score("answers.jsonl", "pope", truth="coco_pope_random.json").figure(
        "accuracy", "random"
    )
    assert halluc("report", "pope", "--view", "answer=wrong", "-o", "page.html")[0] == 0
    page = (files / "page.html").read_text()
    assert "model</th><td>unknown" in page and "decoding</th><td>unknown" in page

    # A second metric of the same answers joins the first; other answers are refused.
    for metric in ("chair", "finegrained"):
        assert (
            halluc("score", metric, "captions.json", "--truth", "objects.json", "-o", "c")[0] == 0
        )
    assert set(read_run("c").scores()) == {"chair", "finegrained"}
    assert read_run("c").responses[0].text == "A red dog and a bus."
    assert read_run("c").responses[0].thought == "A dog?"
    before = (files / "c" / "scores.json").read_bytes()
    code, _, err = halluc(*pope[:-1], "c")
    assert code == 2 and "holds a run of other answers" in err and len(err.splitlines()) == 1
    assert (files / "c" / "scores.json").read_bytes() == before


@pytest.mark.parametrize(
    ("source", "truth", "metrics"),
    [
        ("answers.jsonl", ["coco_pope_random.json"], ("pope",)),
        ("answers.jsonl", [], ()),
        ("captions.json", ["objects.json"], ("finegrained", "chair")),
        ("captions.json", [], ()),
    ],
)
def test_what_a_file_holds_is_seen(files, source, truth, metrics):
    opened = open_answers(files / source, [str(files / each) for each in truth], files / "run")
    assert opened.metrics == metrics
    assert ("not scored" in str(opened)) is not bool(metrics)
    run = read_run(files / "run")
    assert len(run.responses) == len(ANSWERS if source == "answers.jsonl" else CAPTIONS)
    assert tuple(sorted(run.scores())) == tuple(sorted(metrics))


def test_what_holds_no_answers_is_refused(files):
    for name, told in (
        ("coco_pope_random.json", "questions, no answers"),
        ("none", "no such file"),
    ):
        with pytest.raises(InputError, match=told):
            open_answers(files / name, [], files / "run")
    assert not (files / "run").exists()
