import json

import pytest

from app.workflows.score import score
from halluc.errors import InputError


def written(tmp_path, answer, neg=4, pos=4):
    """Questions on one object, and answers in the published script's form."""
    images = tmp_path / "images"
    images.mkdir()
    rows = []
    for part, label, number in (("neg", "no", neg), ("pos", "yes", pos)):
        files = [f"{n}.png" for n in range(number)]
        (images / f"dash_benchmark_{part}.json").write_text(json.dumps({"web": {"bed": files}}))
        for n, file in enumerate(files):
            row = {"img_id": file, "object_name": "bed", "gt": label}
            rows.append({**row, "response": answer(label, n), "answer": None})
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=1))
    return tmp_path / "a.json", images


@pytest.mark.parametrize(
    ("control", "figures"),
    [
        (lambda label, n: "Yes.", (0.5, 0, 1, 0)),
        (lambda label, n: "no", (0.5, 1, 0, 0)),
        (lambda label, n: ("yes", "no")[n % 2], (0.5, 0.5, 0.5, 0.5)),
        (lambda label, n: label, (1, 1, 1, 1)),
        (lambda label, n: "A cat", (0, 0, 0, 0)),
    ],
    ids=["always yes", "always no", "coin", "right", "neither"],
)
def test_controls_score_as_they_must(control, figures, tmp_path):
    answers, images = written(tmp_path, control)
    for truth in ((), images, f"dash-b:{tmp_path}"):
        scored = score(answers, "dash-b", truth=truth)
        names = ("accuracy", "TNR", "TPR", "harmonic mean")
        assert tuple(scored.figure(name) for name in names) == figures


def test_published_figures(tmp_path):
    """PaliGemma-3B's published counts: 354 of 1,341 absent and 1,158 of 1,341 present objects."""
    right = {"no": 354, "yes": 1158}
    other = {"no": "yes", "yes": "no"}
    answers, _ = written(
        tmp_path, lambda label, n: label if n < right[label] else other[label], 1341, 1341
    )
    scored = score(answers, "dash-b")
    assert scored.figure("accuracy") == pytest.approx(0.5637583892617449, abs=1e-15)
    assert scored.figure("TNR") == pytest.approx(0.2639821029082774, abs=1e-15)
    assert scored.figure("TPR") == pytest.approx(0.8635346756152126, abs=1e-15)
    assert scored.figure("harmonic mean") == pytest.approx(0.40435353858172646, abs=1e-15)


def test_a_picture_that_an_object_has_twice(tmp_path):
    answers, images = written(tmp_path, lambda label, n: label)
    (images / "dash_benchmark_pos.json").write_text(
        json.dumps({"web": {"bed": ["0.png"]}, "lab": {"bed": ["0.png"]}})
    )
    rows = [row for row in json.loads(answers.read_text()) if row["gt"] == "no"]
    same = {"img_id": "0.png", "object_name": "bed", "gt": "yes"}
    rows += [{**same, "response": "yes"}, {**same, "response": "no"}]
    answers.write_text(json.dumps(rows))
    assert score(answers, "dash-b", truth=images).figure("TPR") == 0.5


def test_what_cannot_be_scored_is_told(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{"id": 1, "answer": "yes"}]))
    with pytest.raises(InputError, match="name DASH-B's folder"):
        score(tmp_path / "a.json", "dash-b")
    with pytest.raises(InputError, match=r"no dash_benchmark_neg\.json"):
        score(tmp_path / "a.json", "dash-b", truth=tmp_path)
