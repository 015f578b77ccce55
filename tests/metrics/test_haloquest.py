import csv
import json

import pytest
from PIL import Image

from app.workflows.generate import generate
from app.workflows.score import score
from halluc.datasets.haloquest import load_quest
from halluc.datasets.load import load_dataset
from halluc.errors import InputError

HEAD = ["", "image_name", "url", "image type", "hallucination type", "question"]
HEAD += ["groundtruth responses", "split"]
ROWS = [
    (
        "generated",
        "false premises",
        "What is on the cat's collar?",
        "There is no collar; No collar",
    ),
    ("generated", "visual challenge", "How many cups are there?", "Three"),
    ("real", "false premises", "Where is the blue heart?", "There is no blue heart"),
    ("real", "insufficient context", "Who is he?", "It cannot be told"),
]


def written(tmp_path, answers=None):
    rows = [
        [n, f"{n}.png", "", kind, type_, asked, told, "eval", *([answers[n]] if answers else [])]
        for n, (kind, type_, asked, told) in enumerate(ROWS)
    ]
    path = tmp_path / "eval.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEAD + (["answer"] if answers else []), *rows])
    return path


def judged(tmp_path, source, reply, name="judge"):
    rows = [
        {"id": each.id, "text": reply(n)}
        for n, each in enumerate(load_dataset(f"haloquest-judge:{source}").samples)
    ]
    replies = tmp_path / f"{name}.jsonl"
    replies.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = tmp_path / name
    generate(f"replay:{replies}", f"haloquest-judge:{source}", run, task="haloquest-judge")
    return run


@pytest.mark.parametrize(
    ("reply", "figures"),
    [
        (lambda n: "Yes.", (1, 1, 1, 0)),
        (lambda n: "no", (0, 0, 0, 0)),
        (lambda n: ("yes", "no")[n % 2], (0.5, 1, 0.5, 0)),
        (lambda n: "It is right", (0, 0, 0, 1)),
    ],
    ids=["always yes", "always no", "coin", "neither"],
)
def test_controls_score_as_they_must(reply, figures, tmp_path):
    path = written(tmp_path, ["A bell"] * 4)
    scored = score(path, "haloquest", judged=judged(tmp_path, path, reply))
    found = (
        scored.figure("score"),
        scored.figure("score", "false premises"),
        scored.figure("score", "real"),
        scored.figure("no verdict read"),
    )
    assert found == figures
    assert "how far this judge agrees with people" in scored.how["warning"][0]


def test_answers_of_a_run_go_to_the_judge(tmp_path):
    path = written(tmp_path)
    answers = [
        {"id": each.id, "text": f"Said {each.id}"} for each in load_quest(path).dataset.samples
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    told = "a judge decides here: halluc generate --task haloquest-judge"
    with pytest.raises(InputError, match=told):
        score(tmp_path / "a.jsonl", "haloquest", truth=f"haloquest:{path}")
    filled = written(tmp_path, [each["text"] for each in answers])
    data = load_dataset(f"haloquest-judge:{filled}")
    assert "Right answers, any of them: There is no collar; No collar\n" in data.samples[0].prompt
    run = judged(tmp_path, filled, lambda n: "yes")
    scored = score(tmp_path / "a.jsonl", "haloquest", truth=f"haloquest:{filled}", judged=run)
    assert scored.figure("score") == 1
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps(row | {"text": "another"}) + "\n" for row in answers)
    )
    with pytest.raises(InputError, match="asked about something else"):
        score(tmp_path / "a.jsonl", "haloquest", truth=f"haloquest:{filled}", judged=run)


def test_a_run_is_judged_and_scored(tmp_path):
    """From the questions to the score, with HaloQuest's file found by the run's card."""
    path = written(tmp_path)
    for n in range(len(ROWS)):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{n}.png")
    asked = load_quest(path).dataset.samples
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"id": each.id, "text": "Three"}) + "\n" for each in asked)
    )
    run = tmp_path / "answers"
    generate(f"replay:{tmp_path}/a.jsonl", f"haloquest:{path}", run, task="haloquest")
    judge = judged(tmp_path, run, lambda n: ("No.", "Yes.")[n == 1])
    assert score(run, "haloquest", judged=judge).figure("score", "visual challenge") == 1
    (tmp_path / "scenes.jsonl").write_text(json.dumps({"id": "broken-00000", "text": "A cup."}))
    other = tmp_path / "other"
    generate(f"replay:{tmp_path}/scenes.jsonl", "tabletop:broken:0-0", other)
    with pytest.raises(InputError, match="not of HaloQuest's questions"):
        load_dataset(f"haloquest-judge:{other}")


def test_a_judge_goes_with_its_agreement(tmp_path):
    path = written(tmp_path, ["A bell"] * 4)
    said = tmp_path / "said.jsonl"
    asked = "reference captions:\nA cup.\nour caption:\nA cup.\nIs our caption accurate?\n"
    said.write_text(json.dumps({"instruction": asked, "output": "yes"}))
    tasks = {"haelm": f"haelm:{said}", "haloquest-judge": f"haloquest-judge:{path}"}
    ids = [each.id for name in tasks.values() for each in load_dataset(name).samples]
    (tmp_path / "replies.jsonl").write_text(
        "".join(json.dumps({"id": id, "text": "yes"}) + "\n" for id in ids)
    )
    for task, data in tasks.items():
        generate(f"replay:{tmp_path}/replies.jsonl", data, tmp_path / task, task=task)
    runs = {"judged": tmp_path / "haloquest-judge", "validated": tmp_path / "haelm"}
    assert score(path, "haloquest", **runs).how["agrees with people"].startswith("accuracy 1.000")


def test_the_published_file(shared, tmp_path):
    quest = load_quest(shared / "haloquest" / "haloquest-eval.csv")
    kinds = [each.id.partition("/")[0] for each in quest.dataset.samples]
    types = [each.split for each in quest.dataset.samples]
    assert (kinds.count("generated"), kinds.count("real")) == (391, 217)
    assert types.count("false premises") == 304
    assert types.count("visual challenge") == 183
    assert types.count("insufficient context") == 121
    assert all(quest.references.values())
    with pytest.raises(InputError, match='give them in a column "answer"'):
        load_dataset(f"haloquest-judge:{shared}/haloquest/haloquest-eval.csv")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r'x\.csv:2: no "image_name" in this row'):
        load_quest(tmp_path / "x.csv")
