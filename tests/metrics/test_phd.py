import json

import pytest
from PIL import Image

from app.workflows.score import score
from halluc.datasets.phd import load
from halluc.errors import InputError

ROWS = [
    {
        "image_id": str(n),
        "task": ("object", "counting")[n % 2],
        "yes_question": "Is there a cup?",
        "no_question": "Is there a fork?",
        "hitem": "fork",
        "gt": "cup",
        "subject": "table",
        "context": {"iac": "A table was set.", "icc": "There is a fork."},
    }
    for n in range(4)
] + [
    {
        "image_id": "7",
        "task": "object",
        "yes_question": "Is there a sausage in the peel?",
        "no_question": "Is there a banana in the peel?",
        "ccs_description": "A sausage lies in the peel of a banana.",
    }
]


def written(tmp_path, answer):
    (tmp_path / "data.json").write_text(json.dumps(ROWS))
    said = [
        {"id": each.id, "text": answer(each, n)}
        for n, each in enumerate(load(tmp_path / "data.json").samples)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said))
    return tmp_path / "a.jsonl", tmp_path / "data.json"


@pytest.mark.parametrize(
    ("control", "figures"),
    [
        (lambda s, n: "Yes.", (0, 1, 0)),
        (lambda s, n: "No", (0, 0, 1)),
        (lambda s, n: ("yes", "no")[(int(s.id.split("/")[1]) - 1) // 2 % 2], (0.5, 0.5, 0.5)),
        (lambda s, n: s.truth.label, (1, 1, 1)),
        (lambda s, n: "Yes and no", (0, 0, 0)),
    ],
    ids=["always yes", "always no", "coin", "right", "both"],
)
def test_controls_score_as_they_must(control, figures, tmp_path):
    answers, truth = written(tmp_path, control)
    scored = score(answers, "phd", truth=truth)
    for mode in ("base", "iac", "icc", "ccs"):
        found = [scored.figure(name, mode) for name in ("PhD index", "yes recall", "no recall")]
        if mode != "ccs" or figures[0] != 0.5:  # a single pair falls on one side
            assert tuple(found) == figures, mode
    assert scored.figure("PhD index", "icc counting") == figures[0]


def test_a_context_moves_the_index_of_its_mode_alone(tmp_path):
    """A model that believes what stands before the question."""
    answers, truth = written(
        tmp_path, lambda s, n: "yes" if "There is a fork." in s.prompt else s.truth.label
    )
    scored = score(answers, "phd", truth=truth)
    assert scored.figure("PhD index", "base") == scored.figure("PhD index", "iac") == 1
    assert scored.figure("PhD index", "icc") == 0
    one = load(f"icc:{truth}")
    assert len(one.samples) == 8
    assert one.samples[0].prompt == (
        "There is a fork. In case there is an inconsistency between the context and the image "
        "content, you should follow the image. Is there a cup?"
    )


def test_pictures_lie_in_either_half_of_coco(tmp_path):
    _, truth = written(tmp_path, lambda s, n: "yes")
    for folder, name, shade in (
        ("train2014", "COCO_train2014_000000000000.jpg", 0),
        ("val2014", "COCO_val2014_000000000001.jpg", 255),
        ("CCS_images", "7.png", 90),
    ):
        (tmp_path / "images" / folder).mkdir(parents=True)
        Image.new("RGB", (4, 4), (shade,) * 3).save(tmp_path / "images" / folder / name)
    data = load(truth)
    shades = {
        each.id: data.open_image(each).getpixel((0, 0))[0]
        for each in data.samples
        if each.id in ("base/1/yes", "icc/2/no", "ccs/5/yes")
    }
    assert shades == {"base/1/yes": 0, "icc/2/no": 255, "ccs/5/yes": 90}


def test_what_is_wrong_is_told(tmp_path):
    (tmp_path / "data.json").write_text(json.dumps([ROWS[0] | {"context": {"iac": "A table."}}]))
    with pytest.raises(InputError, match='no "icc" in the "context"'):
        load(tmp_path / "data.json")
    (tmp_path / "data.json").write_text(json.dumps(ROWS[:1]))
    with pytest.raises(InputError, match="no questions in the mode ccs"):
        load(f"ccs:{tmp_path}/data.json")
