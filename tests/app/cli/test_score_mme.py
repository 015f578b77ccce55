"""`halluc score mme`, and the runs that `halluc generate --task mme` makes for it."""

import json
from pathlib import Path

import pytest
from checkpoints import picture

from halluc.runs import read_run
from metrics.mme import TASKS
from metrics.mme_counts import HALLUCINATION

ASK = "Please answer yes or no."


@pytest.fixture
def released(tmp_path):
    """MME's folder with one picture a task, in both of its layouts."""
    folder = tmp_path / "MME"
    for number, task in enumerate(TASKS):
        apart = number % 2
        pictures = folder / task / "images" if apart else folder / task
        questions = folder / task / "questions_answers_YN" if apart else folder / task
        for each in (pictures, questions):
            each.mkdir(parents=True, exist_ok=True)
        picture(number).save(pictures / "1.png")
        (questions / "1.txt").write_text(f"Is it {task}? {ASK}\tYes\nIs it night? {ASK}\tNo\n")
    return folder


@pytest.fixture
def results(tmp_path):
    """A folder of the eval_tool: all right but the second question of color."""
    folder = tmp_path / "answers"
    folder.mkdir()
    for task in HALLUCINATION:
        second = "Yes" if task == "color" else "no, it is day"
        lines = [f"{n}.png\tIs it {task}? {ASK}\tYes\tYes" for n in (1, 2)]
        others = [f"{n}.png\tIs it night? {ASK}\tNo\t{second}" for n in (1, 2)]
        rows = [row for pair in zip(lines, others, strict=True) for row in pair]
        (folder / f"{task}.txt").write_text("\n".join(rows) + "\n")
    return folder


def figures(out):
    scores = json.loads(out)["scores"]
    return {(each.get("split", ""), each["name"]): each for each in scores}


def test_a_folder_of_the_eval_tool(results, halluc):
    code, out, err = halluc("score", "mme", results)
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert rows[2] == ["existence", "200.00", "100.00", "100.00", "0"]
    assert rows[5][:2] == ["color", "50.00"]
    assert ["perception", "undefined"] in rows
    assert ["hallucination", "650.00"] in rows
    assert "pairs: by picture (by lines, as published, the figures are the same)" in out
    assert "answers: answers (16 rows, sha256 " in out
    assert "truth: the truths beside the answers" in out
    assert "tasks without an answer: 10 (posters, celebrity, " in out
    code, out, _ = halluc("score", "mme", results, "--json", "-o", "kept")
    found = figures(out)
    assert found["", "hallucination"]["value"] == 650
    assert (found["color", "acc"]["numerator"], found["color", "acc"]["denominator"]) == (2, 4)
    assert json.loads(Path("kept/scores.json").read_text()) == {"mme": json.loads(out)}


def test_incomplete_answers(results, halluc):
    file = results / "color.txt"
    first, *others = file.read_text().splitlines(keepends=True)
    file.write_text("".join(others) + first.replace("1.png", "3.png"))
    code, out, err = halluc("score", "mme", results)
    assert (code, out) == (2, "")
    assert err == (
        f"halluc: {results}: 2 pictures have not two questions (color/1.png, color/3.png); add the "
        "missing ones, use --pairs lines for the published script's figure, or --allow-missing\n"
    )
    code, out, _ = halluc("score", "mme", results, "--allow-missing")
    assert code == 0
    assert "pairs: by picture (by lines, as published: perception undefined, cognition " in out
    found = figures(halluc("score", "mme", results, "--pairs", "lines", "--json")[1])
    assert found["color", "acc+"]["denominator"] == 2
    file.write_text("".join(others))
    assert "color has 3 questions" in halluc("score", "mme", results, "--pairs", "lines")[2]
    code, out, _ = halluc("score", "mme", results, "--allow-missing", "--json")
    assert figures(out)["color", "acc"]["value"] == 1 / 3
    assert json.loads(out)["how"]["pairs"] == "by picture"


def test_the_truth_beside_the_answers_is_held_against_that_of_mme(results, released, halluc):
    for file in results.iterdir():
        file.write_text(
            "".join(
                line
                for line in file.read_text().splitlines(keepends=True)
                if line.startswith("1.png")
            )
        )
    command = ("score", "mme", results, "--truth", released, "--allow-missing", "--json")
    assert figures(halluc(*command)[1])["", "hallucination"]["value"] == 650
    file = results / "count.txt"
    file.write_text(file.read_text().replace("\tNo\t", "\tYes\t"))
    code, out, err = halluc(*command)
    assert (code, out) == (2, "")
    assert err == (
        f"halluc: {file}:2: the truth beside this answer is yes, that of count/1/2 is no; "
        "make the folder again\n"
    )


def test_a_file_of_answers(results, released, halluc, tmp_path):
    rows = [
        {"question_id": f"{task}/1.png", "prompt": f"{question}\nAnswer the question using a "
         "single word or phrase.", "text": text}
        for task in TASKS
        for question, text in ((f"Is it {task}?", "Yes"), ("Is it night?", "No"))
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, _ = halluc("score", "mme", "a.jsonl", "--truth", released, "--json")
    assert code == 0
    assert figures(out)["", "perception"]["value"] == 2000
    assert figures(out)["", "cognition"]["value"] == 800
    assert "needs its --truth" in halluc("score", "mme", "a.jsonl")[2]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[1:]))
    missing = ("score", "mme", "a.jsonl", "--truth", released)
    assert "1 of 28 questions have no answer (existence/1/1)" in halluc(*missing)[2]
    code, out, _ = halluc(*missing, "--allow-missing")
    assert (code, "left out: questions without an answer 1" in out) == (0, True)
    # The answers of a folder may be held against the questions of MME too.
    assert (
        "have no question in the truth (existence/2/2)"
        in halluc("score", "mme", results, "--truth", released)[2]
    )


def test_generate_and_score(released, halluc, checkpoint, tmp_path):
    model = f"hf:{checkpoint('llava')}"
    command = ("generate", "--model", model, "--data", "mme:MME", "--task", "mme")
    short = ("--device", "cpu", "--max-new-tokens", 4)
    code, _, err = halluc(*command, *short, "-o", "run")
    assert (code, err.splitlines()[-1]) == (0, "next: halluc score mme run")
    run = read_run(tmp_path / "run")
    assert len(run.responses) == 28
    assert run.responses[0].prompt == f"Is it existence? {ASK}"
    assert set(run.responses[0].answers) == {"yes", "no"}
    code, out, _ = halluc("score", "mme", "run", "--json")
    assert code == 0
    printed = json.loads(out)
    assert printed["how"]["truth"]["rows"] == 28
    assert run.scores()["mme"] == printed
    assert figures(out)["", "perception"]["value"] is not None

    own = "{question} Reply in one word."
    halluc(*command, *short, "-o", "own", "--limit", 1, "--prompt", own)
    assert read_run(tmp_path / "own").responses[0].prompt == "Is it existence? Reply in one word."
    assert halluc(*command, "-o", "bad", "--prompt", "?")[2].startswith("halluc: --prompt with")
    other = ("generate", "--model", model, "--data", "tabletop", "--task", "mme", "-o", "none")
    assert "there are no questions of MME in tabletop" in halluc(*other)[2]


def test_what_is_not_there(halluc, tmp_path):
    (tmp_path / "empty").mkdir()
    code, out, err = halluc("score", "mme", "empty")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert (
        halluc("score", "mme", "none.jsonl")[2] == "halluc: none.jsonl: No such file or directory\n"
    )
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "Yes"}')
    assert "holds no task of MME" in halluc("score", "mme", "a.jsonl", "--truth", "empty")[2]
