"""Plans by the command: on a tiny checkpoint and on a server, scored, with their cost."""

import json

import pytest
from checkpoints import picture
from servers import KEY, said, server  # noqa: F401

from halluc.runs import read_run


@pytest.fixture
def data(tmp_path):
    """Four questions on two pictures."""
    rows = []
    for number in range(2):
        picture(number).save(tmp_path / f"{number}.png")
        for thing, label in (("dog", "yes"), ("cup", "no")):
            rows.append({
                "id": f"{thing}{number}", "image": f"{number}.png", "label": label,
                "prompt": f"Is there a {thing} in the image?",
            })  # fmt: skip
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return "jsonl:data.jsonl"


@pytest.mark.parametrize("plan", ["describe", "blind", "critique", "vote:2", "icl:2"])
def test_a_checkpoint_is_asked_by_plans(halluc, data, checkpoint, tmp_path, plan):
    """In a batch as alone; every call is kept, and the run is scored as any other."""
    ask = ("generate", "--model", f"hf:{checkpoint('llava')}", "--data", data, "--task", "pope")
    ask += ("--device", "cpu", "--max-new-tokens", 3, "--plan", plan)
    ask += ("--demonstrations", data) if plan.startswith("icl") else ()
    ask += ("--chain-tokens", 4) if plan in ("describe", "blind", "critique") else ()
    for run, size in (("one", 1), ("four", 4)):
        code, _, err = halluc(*ask, "--batch-size", size, "-o", run)
        assert code == 0, err
    one, four = (read_run(tmp_path / run) for run in ("one", "four"))
    assert [e.text for e in one.responses] == [e.text for e in four.responses]
    calls = [[(c.name, c.prompt, c.text) for c in e.calls] for e in one.responses]
    assert calls == [[(c.name, c.prompt, c.text) for c in e.calls] for e in four.responses]
    number = {"describe": 2, "blind": 3, "critique": 4, "vote:2": 2, "icl:2": 1}[plan]
    assert {len(each) for each in calls} == {number}
    assert one.card["cost"]["calls"] == 4 * number
    assert one.card["plan"]["name"] == plan.partition(":")[0]
    assert halluc("score", "pope", "one")[0] == 0


def test_a_server_is_asked_by_plans(halluc, data, server, tmp_path):  # noqa: F811
    """The dialogue reaches it with one picture, and its answers are voted on by their words."""
    texts = iter(["a dog on a table", "Yes"] * 4)
    server.reply = lambda asked: (200, said(next(texts)))
    ask = ("generate", "--model", f"openai:m@{server.url}", "--data", data, "--task", "pope")
    code, _, err = halluc(*ask, "--batch-size", 1, "--plan", "describe", "-o", "described")
    assert code == 0, err
    first, last = server.asked[:2]
    assert [each["role"] for each in last["messages"]] == ["user", "assistant", "user"]
    assert last["messages"][1]["content"] == "a dog on a table"
    assert last["messages"][0] == first["messages"][0]  # with its picture
    assert "image_url" not in json.dumps(last["messages"][2])
    assert {each.text for each in read_run(tmp_path / "described").responses} == {"Yes"}
    assert server.keys == {f"Bearer {KEY}"}

    wordings = set()

    def reply(asked):
        text = json.dumps(asked["messages"])
        wordings.add(text.rpartition('"text"')[2])
        return 200, said("No." if "Can you see" in text else "Yes, it is.")

    server.reply = reply
    code, _, err = halluc(*ask, "--plan", "vote:3", "-o", "voted")
    assert code == 0, err
    voted = read_run(tmp_path / "voted")
    assert {each.text for each in voted.responses} == {"Yes"}
    assert voted.responses[0].answers == pytest.approx({"yes": 2 / 3, "no": 1 / 3})
    assert len(wordings) == 6 and voted.card["cost"]["calls"] == 12
