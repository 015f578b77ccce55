import json

import pytest

from app.workflows.score import score
from halluc.datasets.hallucinogen import load
from halluc.errors import InputError
from metrics.hallucinogen import hallucinogen

FIGURES = ("accuracy", "all five right", "consistent", "yes ratio")


def written(tmp_path, answer, task="id"):
    """Two questions on each of two splits, in five wordings, answered by a rule."""
    for split in ("adv", "rand"):
        rows = [
            {
                "question_id": n,
                "image": f"{n}.jpg",
                "text": "Is there a cup in the image?",
                "label": label,
                **{f"query_{k}": f"Wording {k} of a cup." for k in range(1, 6)},
            }
            for n, label in ((1, "yes"), (2, "no"))
        ]
        file = tmp_path / f"{task}_POPE_{split}.json"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = load(tmp_path)
    said = [
        {"id": each.id, "prompt": each.prompt, "text": answer(each.truth.label, n)}
        for n, each in enumerate(data.samples)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    return tmp_path / "a.jsonl"


@pytest.mark.parametrize(
    ("control", "figures"),
    [
        (lambda label, n: "Yes.", (0.5, 0.5, 1, 1)),
        (lambda label, n: "There is no cup in it.", (0.5, 0.5, 1, 0)),
        (lambda label, n: ("yes", "no")[n % 2], (0.6, 0, 0, 0.5)),
        (lambda label, n: label, (1, 1, 1, 0.5)),
        (lambda label, n: "It is on the left. Not on the right.", (0.5, 0.5, 1, 1)),
    ],
    ids=["always yes", "always no", "coin", "right", "says where"],
)
def test_controls_score_as_they_must(control, figures, tmp_path):
    scored = score(written(tmp_path, control), "hallucinogen", truth=tmp_path)
    assert tuple(scored.figure(name) for name in FIGURES) == figures
    assert scored.figure("accuracy", "id-random") == figures[0]
    samples = load(tmp_path).samples
    texts = {each.id: control(each.truth.label, n) for n, each in enumerate(samples)}
    found = {each.name: each.value for each in hallucinogen(samples, texts) if not each.split}
    assert tuple(found[name] for name in FIGURES) == figures


def test_the_published_file(shared):
    """3,000 questions in five wordings, as many of yes as of no."""
    data = load(shared / "hallucinogen" / "id_POPE_adv.json")
    assert len(data.samples) == 15_000
    assert sum(each.truth.label == "yes" for each in data.samples) == 7_500
    assert data.samples[0].id == "id-adversarial/1/1"
    assert data.samples[0].prompt == "Is the snowboard present in the image?"


def test_what_cannot_be_scored_is_told(tmp_path):
    written(tmp_path, lambda label, n: label)
    (tmp_path / "mine.json").write_text((tmp_path / "id_POPE_adv.json").read_text())
    with pytest.raises(InputError, match="are told by the name, such as id_POPE_adv"):
        load(tmp_path / "mine.json")
    (tmp_path / "cf_POPE_adv.json").write_text((tmp_path / "id_POPE_adv.json").read_text())
    with pytest.raises(InputError, match="answers to cf are free text"):
        load(tmp_path / "cf_POPE_adv.json")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no id_POPE_"):
        load(tmp_path / "empty")
