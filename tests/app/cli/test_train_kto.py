"""From inspected answers, without pairs, to an adapter."""

from __future__ import annotations

import json

from checkpoints import picture

from halluc.mllm import load_model

SMALL = ("--batch-size", 2, "--learning-rate", 0.01, "--device", "cpu")


def test_answers_that_are_right_or_wrong_train_an_adapter(halluc, checkpoint, tmp_path):
    model = f"hf:{checkpoint('llava')}"
    scenes, asked, said, answers = [], [], [], []
    for n in range(8):
        picture(n).save(tmp_path / f"{n}.png")
        truth = {"image": f"{n}.png", "objects": ["cup", "dog", "cat"]}
        scenes.append({"id": n, **truth})
        asked.append({"id": n, **truth, "prompt": "Is there a cup?", "label": "yes"})
        said.append({"id": n, "text": f"There is a cup and a {'fork' if n < 3 else 'cat'}."})
        answers.append({"id": n, "text": "No" if n < 2 else "Yes"})
    for name, rows in (("data", scenes), ("said", said), ("answers", answers)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    generate = ("generate", "--model")
    halluc(*generate, "replay:said.jsonl", "--data", "jsonl:data.jsonl", "-o", "captions")
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, asked)))
    asking = ("--data", "jsonl:data.jsonl", "--task", "pope", "-o", "questions")
    code, _, err = halluc(*generate, "replay:answers.jsonl", *asking)
    assert code == 0, err
    command = ("train", "kto", "--model", model, "--answers", "captions", *SMALL, "-o", "mine")
    code, _, err = halluc(*command)
    assert (code, err.count("\n")) == (2, 1)
    assert "find them with: halluc score finegrained captions" in err
    assert halluc("score", "finegrained", "captions")[0] == 0

    command += ("--answers", "questions")
    code, out, err = halluc(*command, "--dry-run")
    assert code == 0, err
    assert "in 14 examples" in out and "steps    7 of 2 examples" in out
    assert not (tmp_path / "mine").exists()
    code, _, err = halluc(*command)
    assert code == 0, err
    card = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert (card["examples"]["right"], card["examples"]["wrong"], card["steps"]) == (11, 5, 7)
    assert card["recipe"]["undesirable_weight"] == 9 / 5  # of those that are not held out
    kept = [
        json.loads(line) for line in (tmp_path / "mine" / "answers.jsonl").read_text().splitlines()
    ]
    assert {each["answer"] for each in kept if not each["desirable"]} == {
        "No", "There is a cup and a fork.",
    }  # fmt: skip
    history = json.loads((tmp_path / "mine" / "curves.json").read_text())
    assert any("rewards/margins" in each for each in history)
    assert "# KTO adapter" in (tmp_path / "mine" / "README.md").read_text()
    assert load_model(f"{model}+mine", device="cpu").model
    assert halluc(*command)[2].strip() == "mine is trained: nothing left to do"

    for more, message in (
        (("--batch-size", 1), "it takes a --batch-size of 2 or more"),
        (("--answers", "none"), "none is no run"),
    ):
        code, out, err = halluc(*command[:-4], *more, "-o", "new", "--answers", "captions")
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert message in err
    (tmp_path / "all.jsonl").write_text(
        "\n".join(json.dumps({**e, "text": "Yes"}) for e in answers)
    )
    halluc(*generate, "replay:all.jsonl", *asking[:-1], "all")
    code, _, err = halluc("train", "kto", "--model", model, "--answers", "all", "-o", "new", *SMALL)
    assert (code, err.count("\n")) == (2, 1)
    assert "all 7 answers to train on are right, and KTO needs both kinds" in err
    assert not (tmp_path / "new").exists()
