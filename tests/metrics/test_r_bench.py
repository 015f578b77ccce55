import json

import pytest
from PIL import Image

from app.workflows.score import score
from halluc.datasets.r_bench import load
from halluc.errors import InputError
from metrics.r_bench import r_bench

FIGURES = ("accuracy", "precision", "recall", "F1", "yes ratio")
LABELS = ["Yes", "No", "no", "yes", "yes", "no", "no", "yes", "yes", "no"]


def written(tmp_path, answer, **more):
    rows = [
        {"question_id": n, "image": f"{n // 2}.jpg", "text": "Is man on bike?", "label": label}
        for n, label in enumerate(LABELS)
    ]
    (tmp_path / "q.json").write_text(json.dumps([row | more for row in rows], indent=1))
    said = [
        {"question_id": n, "prompt": "Is man on bike?", "text": answer(label.lower(), n)}
        for n, label in enumerate(LABELS)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    return tmp_path / "a.jsonl", tmp_path / "q.json"


def published(answers, labels, lists):
    """The published script: mean over the lists of its five figures, with its 0.00001."""
    results = []
    for ids in lists:
        said = ["no" if {"No", "not", "no"} & {*answers[n].split(".")[0].split()} else "yes"
                for n in ids]  # fmt: skip
        true = ["no" if "no" in labels[n].lower() else "yes" for n in ids]
        pairs = list(zip(said, true, strict=True))
        tp, fp = pairs.count(("yes", "yes")), pairs.count(("yes", "no"))
        tn, fn = pairs.count(("no", "no")), pairs.count(("no", "yes"))
        p, r = tp / (tp + fp + 1e-5), tp / (tp + fn + 1e-5)
        results.append(
            [(tp + tn) / len(ids), p, r, 2 * p * r / (p + r + 1e-5), said.count("yes") / len(ids)]
        )
    return [sum(column) / len(results) for column in zip(*results, strict=True)]


@pytest.mark.parametrize(
    ("control", "figures"),
    [
        (lambda label, n: "Yes", (0.5, 0.5, 1, 2 / 3, 1)),
        (lambda label, n: "No, he is not.", (0.5, None, 0, 0, 0)),
        (lambda label, n: ("Yes", "No")[n % 2], (0.6, 0.6, 0.6, 0.6, 0.5)),
        (lambda label, n: label, (1, 1, 1, 1, 0.5)),
    ],
    ids=["always yes", "always no", "coin", "right"],
)
def test_controls_score_as_they_must(control, figures, tmp_path):
    answers, truth = written(tmp_path, control)
    scored = score(answers, "r-bench", truth=truth)
    assert tuple(scored.figure(name, "image") for name in FIGURES) == figures
    samples = load(truth).samples
    texts = {each.id: control(each.truth.label, n) for n, each in enumerate(samples)}
    assert {each.name: each.value for each in r_bench(samples, texts)} == dict(
        zip(FIGURES, figures, strict=True)
    )


def test_means_over_the_published_lists(tmp_path):
    texts = ["Yes", "No", "Yes", "no, not", "Yes", "Yes", "No", "Yes", "No", "It is. no"]
    answers, truth = written(tmp_path, lambda label, n: texts[n])
    lists = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 2, 4, 6, 8, 9], [1, 3, 5], list(range(10))]
    (tmp_path / "ids").mkdir()
    for number, ids in enumerate(lists, 1):
        (tmp_path / "ids" / f"image_{number}.json").write_text(json.dumps(ids))
    scored = score(answers, "r-bench", truth=truth, subsets=tmp_path / "ids")
    mean = [scored.figure(f"mean {name}") for name in FIGURES]
    assert mean == pytest.approx(published(texts, LABELS, lists), abs=1e-4)
    assert next(each for each in scored.scores if each.name == "mean F1").low is not None
    (tmp_path / "ids" / "other_1.json").write_text(json.dumps([77]))
    with pytest.raises(InputError, match="none of these questions was asked"):
        score(answers, "r-bench", truth=truth, subsets=tmp_path / "ids")
    pattern = tmp_path / "ids" / "image_*.json"
    assert score(answers, "r-bench", truth=truth, subsets=pattern).figure("mean F1") == mean[3]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no lists of question ids"):
        score(answers, "r-bench", truth=truth, subsets=tmp_path / "empty")


def test_boxes_are_drawn_and_named(tmp_path):
    boxes = {"sub_box": [0, 0, 0.5, 0.5], "obj_box": [0.6, 0.6, 0.9, 0.9]}
    named = {"subject": "Man", "object": "Bike"}
    answers, truth = written(tmp_path, lambda label, n: label, **boxes, **named)
    Image.new("RGB", (40, 40)).save(tmp_path / "0.jpg", quality=100)
    data = load(truth)
    sample = data.samples[0]
    assert sample.prompt == "Is man in red bounding box on bike in green bounding box?"
    image = data.open_image(sample)
    assert image.getpixel((1, 1)) == (255, 0, 0)
    assert image.getpixel((25, 25)) == (0, 128, 0)
    scored = score(answers, "r-bench", truth=truth)
    assert scored.figure("accuracy", "instance") == 1


def test_a_label_that_is_neither_is_one_line(tmp_path):
    _, truth = written(tmp_path, lambda label, n: label, label="maybe")
    with pytest.raises(InputError, match=r"q\.json:2: the \"label\" must be yes or no"):
        load(truth)
