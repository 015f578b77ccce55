"""MMHal-Bench from the questions to the rating, each step a command."""

import json

import pytest
from PIL import Image

from app.workflows.score import score
from halluc.datasets.mmhal import TYPES, load
from halluc.errors import InputError


def write(path, texts):
    path.write_text("".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(texts)))


def test_questions_are_asked_with_their_pictures_and_answers_judged(tmp_path, halluc):
    rows = [
        {
            "question_type": TYPES[n], "question": f"What is in picture {n}?", "image_id": f"id{n}",
            "image_content": ["Cup"], "gt_answer": "A cup.", "model_answer": "", **more,
        }
        for n, more in enumerate([{"image_src": "https://host/a/cup_o.png?x=1"}, {}])
    ]  # fmt: skip
    (tmp_path / "pictures").mkdir()
    for name, colour in (("cup_o.png", "red"), ("id1.jpg", "blue")):
        Image.new("RGB", (4, 4), colour).save(tmp_path / "pictures" / name)
    (tmp_path / "questions.json").write_text(json.dumps(rows))
    dataset = load(tmp_path / "questions.json", tmp_path / "pictures")
    assert [each.prompt for each in dataset.samples] == [row["question"] for row in rows]
    reds = [dataset.open_image(each).getpixel((0, 0))[0] for each in dataset.samples]
    assert reds[0] > 200
    assert reds[1] < 100
    lost = load(tmp_path / "questions.json")
    with pytest.raises(InputError, match=r"no picture of question 0: save it as cup_o\.png"):
        lost.open_image(lost.samples[0])

    (tmp_path / "said.jsonl").write_text(
        '{"id": 0, "text": "A red cup."}\n{"id": 1, "text": "Tea"}'
    )
    answered = ["--task", "mmhal", "--model", "replay:said.jsonl", "--data", "mmhal:questions.json"]
    assert halluc("generate", *answered, "--images", "pictures", "-o", "said")[0] == 0
    code, _, told = halluc("score", "mmhal", "said")
    assert code == 2
    assert "--data mmhal:said" in told
    judged = load(tmp_path / "said").samples
    assert "Answer of the model: A red cup." in judged[0].prompt
    assert [each.image for each in judged] == [None, None]
    write(tmp_path / "judge.jsonl", ["Rating: 6", "Rating: 1"])
    rated = ["--task", "mmhal", "--model", "replay:judge.jsonl", "--data", "mmhal:said"]
    assert halluc("generate", *rated, "-o", "judged")[0] == 0
    assert score("judged", "mmhal").figure("score") == 3.5
    (tmp_path / "questions.json").write_text(json.dumps(rows[::-1]))
    assert "has changed since said asked" in halluc("generate", *rated, "-o", "again")[2]
