import json

import pytest

from app.workflows.generate import generate
from app.workflows.score import score
from halluc.datasets.mmhal import TYPES, load
from halluc.errors import InputError
from metrics.mmhal import mmhal

FORMS = [
    ("Rating: 6", 6),
    ("The answer is fine.\nrating: 3", 3),
    ("RATING: 0", 0),
    ("Rating: 5, so again: Rating: 5", 5),
    ("Rating: 4 … or Rating: 2", 0),
    ("Rating: 3, not hallucinated; Rating: 0, hallucinated", 0),
    ("Rating 4", 0),
    ("**Rating**: 4", 0),
    ("Rating:4", 0),
    ("Rating: 10", 1),
    ("Rating: 7", 0),
    ("Rating: 3.5", 3),
    ("", 0),
    ("I cannot rate this.", 0),
]


def published(replies):
    """The published script's figures, as it reads."""
    ratings = []
    for reply in replies:
        found = [s for s in range(7) if f"rating: {s}" in reply.lower()]
        ratings.append(found[0] if len(found) == 1 else 0)
    by_type = [ratings[kind::8] for kind in range(8)]
    rate = sum(rating < 3 for rating in ratings) / len(ratings)
    return sum(ratings) / len(ratings), rate, [sum(each) / len(each) for each in by_type]


def values(scores):
    return {(each.split, each.name): each.value for each in scores}


@pytest.mark.parametrize(("reply", "rating"), FORMS)
def test_every_form_of_a_reply(reply, rating):
    found = values(mmhal([reply]))
    assert found["", "score"] == rating
    assert found["", "hallucination rate"] == (rating < 3)
    assert found["", "informativeness"] == (rating - 3 if rating >= 3 else rating) / 3


def test_as_the_published_script_counts(tmp_path):
    replies = [FORMS[n * 5 % len(FORMS)][0] for n in range(96)]
    score_, rate, by_type = published(replies)
    kept = [{"choices": [{"message": {"content": reply}}]} for reply in replies]
    (tmp_path / "evaluation.json").write_text(json.dumps(kept, indent=1))
    numbered = [{"id": n, "text": reply} for n, reply in enumerate(replies)]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in numbered))
    for file in ("evaluation.json", "replies.jsonl"):
        found = values(score(tmp_path / file, "mmhal").scores)
        assert found["", "score"] == pytest.approx(score_)
        assert found["", "hallucination rate"] == pytest.approx(rate)
        assert [found[kind, "score"] for kind in TYPES] == pytest.approx(by_type)


def test_a_judge_of_published_answers(shared, tmp_path):
    data = shared / "mmhal" / "responses" / "idefics_80b.json"
    samples = load(data).samples
    assert [each.split for each in samples[:8]] == list(TYPES)
    rows = [{"id": each.id, "text": "Rating: 4"} for each in samples]
    (tmp_path / "judge.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    generate(f"replay:{tmp_path}/judge.jsonl", f"mmhal:{data}", tmp_path / "run", task="mmhal")
    scored = score(tmp_path / "run", "mmhal")
    assert values(scored.scores)["", "score"] == 4
    assert "how far this judge agrees with people" in scored.how["warning"][0]


def test_what_is_not_judged_is_told(shared, tmp_path):
    rows = json.loads((shared / "mmhal" / "response_template.json").read_text())
    rows[0]["model_answer"] = "Yellow."
    (tmp_path / "half.json").write_text(json.dumps(rows, indent=1))
    with pytest.raises(InputError, match=r"half\.json:\d+: no answer: fill in"):
        load(tmp_path / "half.json")
    kept = [{"choices": [{"message": {"content": "Rating: 3"}}]}] * 95
    (tmp_path / "short.json").write_text(json.dumps(kept))
    with pytest.raises(InputError, match="95"):
        score(tmp_path / "short.json", "mmhal")
    (tmp_path / "bad.json").write_text(json.dumps([{"choices": []}]))
    with pytest.raises(InputError, match="no reply"):
        score(tmp_path / "bad.json", "mmhal")
