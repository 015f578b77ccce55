import json
import random

import pytest
from servers import said, server, token  # noqa: F401
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from app.workflows.generate import generate
from app.workflows.score import score
from halluc.datasets.haelm import load, words_of
from halluc.errors import InputError
from halluc.judges.agreement import Judged, agreement


def judged(tmp_path, data, reply, name="run"):
    """A run of a judge that replies by a rule."""
    samples = load(data).samples
    rows = [{"id": each.id, "text": reply(each)} for each in samples]
    replies = tmp_path / f"{name}.jsonl"
    replies.write_text("".join(json.dumps(row) + "\n" for row in rows))
    generate(f"replay:{replies}", f"haelm:{data}", tmp_path / name, task="haelm")
    return tmp_path / name


def figures(scored):
    return {(each.split, each.name): each for each in scored.scores}


def test_controls_on_the_published_captions(shared, tmp_path):
    data = shared / "haelm" / "eval_data.jsonl"
    scored = score(judged(tmp_path, data, lambda sample: "no"), "haelm")
    found = figures(scored)
    assert len(load(data).samples) == 300
    assert found["judge", "accuracy"].value == 0.64
    assert found["always no", "accuracy"].value == 0.64
    assert found["always yes", "accuracy"].value == pytest.approx(0.36)
    assert found["over 40 words is no", "accuracy"].value == pytest.approx(0.62, abs=0.005)
    for way in ("judge", "always yes", "always no"):
        assert found[way, "balanced accuracy"].value == 0.5
        assert found[way, "kappa"].value == 0
    assert found["", "accurate"].value == 0
    right = score(judged(tmp_path, data, lambda sample: sample.truth.label, "right"), "haelm")
    assert figures(right)["judge", "kappa"].value == 1
    assert figures(right)["", "accurate"].value == pytest.approx(0.36)


def test_each_reference_alone_gives_one_verdict_a_caption(shared, tmp_path):
    data = f"each:{shared}/haelm/eval_data.jsonl"
    assert len(load(data).samples) == 1500
    two = lambda sample: "no" if sample.id.endswith(("/1", "/2")) else "Yes."  # noqa: E731
    scored = score(judged(tmp_path, data, two), "haelm")
    accurate = figures(scored)["", "accurate"]
    assert (accurate.value, accurate.denominator) == (1, 300)


def test_the_prompt_is_the_published_one(tmp_path):
    row = {
        "image": "1.jpg",
        "reference caption": ["A dog.", "Dogs"],
        "output": "A cat.\n\nAnd more.",
    }
    (tmp_path / "said.jsonl").write_text(json.dumps(row))
    [sample] = load(tmp_path / "said.jsonl").samples
    wanted = "reference captions:\nA dog. Dogs\nour caption:\nA cat.\nIs our caption accurate?\n"
    assert sample.prompt == wanted
    assert words_of(sample) == 2


def test_a_judge_goes_with_its_agreement(shared, tmp_path):
    row = {"reference caption": ["A dog."], "output": "A cat."}
    (tmp_path / "said.jsonl").write_text(json.dumps(row))
    run = judged(tmp_path, tmp_path / "said.jsonl", lambda sample: "no", "mine")
    alone = score(run, "haelm")
    assert "how far this judge agrees with people" in alone.how["warning"][0]
    other = judged(tmp_path, shared / "haelm" / "eval_data.jsonl", lambda sample: "no")
    with pytest.raises(InputError, match="another judge"):
        score(run, "haelm", validated=other)
    with pytest.raises(InputError, match="nobody's verdicts"):
        score(run, "haelm", validated=run)
    replies = [{"id": "1", "text": "no"}]
    (tmp_path / "file.jsonl").write_text("".join(json.dumps(each) + "\n" for each in replies))
    truth = f"haelm:{tmp_path}/said.jsonl"
    told = score(tmp_path / "file.jsonl", "haelm", truth=truth, validated=other)
    assert told.how["agrees with people"].startswith("accuracy 0.640")
    assert "warning" not in told.how


def test_agreement_against_counts_by_hand():
    """Six texts: a = 2 both yes, 1 missed yes, 1 false yes, 2 both no; κ = (4/6 - 1/2) / (1/2)."""
    pairs = [("yes", "yes")] * 2 + [("yes", "no"), ("no", "yes")] + [("no", "no")] * 2
    found = agreement([Judged(people, judge, 5) for people, judge in pairs], "haelm")
    values = {each.name: each.value for each in found.scores if each.split == "judge"}
    assert values["accuracy"] == pytest.approx(4 / 6)
    assert values["balanced accuracy"] == pytest.approx(4 / 6)
    assert values["kappa"] == pytest.approx(1 / 3)
    assert values["F1 of no"] == pytest.approx(4 / 6)
    assert "AUROC" not in values
    assert found.confusion["no"] == {"yes": 1, "no": 2, "unknown": 0}
    assert "always yes" in found.warning


def test_areas_and_controls_against_scikit_learn():
    """AUROC with ties is scikit-learn's; the best length rule has the best of all limits."""
    rng = random.Random(3)
    judged = []
    for _ in range(80):
        label = rng.choice(["yes", "no"])
        chance = rng.choice([0.1, 0.3, 0.5, 0.6, 0.9]) * (1 if label == "yes" else 0.8)
        verdict = "yes" if chance >= 0.5 else "no"
        judged.append(Judged(label, verdict, rng.randint(5, 60), chance, int(label == "no")))
    values = {(e.split, e.name): e for e in agreement(judged, "haelm").scores}
    wrong = [each.people == "no" for each in judged]
    area = roc_auc_score(wrong, [1 - each.chance for each in judged])
    found = values["judge", "AUROC"]
    assert found.value == pytest.approx(area)
    assert found.low < area < found.high
    by_length = roc_auc_score(wrong, [each.words for each in judged])
    assert values["best length rule", "AUROC"].value == pytest.approx(by_length)
    rules = (
        balanced_accuracy_score(wrong, [each.words > limit for each in judged])
        for limit in range(61)
    )
    assert values["best length rule", "balanced accuracy"].value == pytest.approx(max(rules))
    assert values["CHAIR's rule", "balanced accuracy"].value == 1
    assert f1_score(wrong, [e.judge == "no" for e in judged]) == values["judge", "F1 of no"].value


def test_a_judge_behind_a_server(tmp_path, server):  # noqa: F811
    """It is asked with words alone, and P(yes) and P(no) are kept."""
    row = {"reference caption": ["A dog."], "output": "A cat."}
    (tmp_path / "said.jsonl").write_text(json.dumps(row))
    server.reply = lambda asked: (
        200,
        said("no", tokens=[token("no", -0.4, {"no": 0.67, "yes": 0.3})]),
    )
    run = generate(
        f"openai:judge@{server.url}", f"haelm:{tmp_path}/said.jsonl", tmp_path / "run", task="haelm"
    )
    [response] = run.responses
    assert response.answers == pytest.approx({"no": 0.67, "yes": 0.3})
    content = server.asked[0]["messages"][-1]["content"]
    assert "image" not in json.dumps(content)
    assert "Is our caption accurate?" in json.dumps(content)
    assert figures(score(tmp_path / "run", "haelm"))["", "accurate"].value == 0
