"""POPE, MME and HallusionBench in lmms-lab's columns, in Parquet and as `datasets` saves them."""

import io
import json

import pytest
from PIL import Image

from app.workflows.score import score
from halluc.datasets.load import load_dataset
from halluc.errors import InputError

pyarrow = pytest.importorskip("pyarrow")
from pyarrow import ipc, parquet  # noqa: E402


def picture(shade):
    content = io.BytesIO()
    Image.new("RGB", (4, 4), (shade, 0, 0)).save(content, "PNG")
    return {"bytes": content.getvalue(), "path": None}


POPE = [
    {
        "id": str(n),
        "question_id": str(n % 6),
        "question": f"Is there a {'dog' if n % 2 else 'cup'} in the image?",
        "answer": "yes" if n % 2 else "no",
        "image_source": f"COCO_val2014_{n // 3:012}",
        "image": picture(n // 3 * 10),
        "category": ("adversarial", "popular")[n // 6],
    }
    for n in range(12)
]
MME = [
    {
        "question_id": f"existence/{n // 2:04}.png",
        "image": picture(n // 2 * 10),
        "question": f"Is there a {'dog' if n % 2 else 'cup'}? Please answer yes or no.",
        "answer": "No" if n % 2 else "Yes",
        "category": "existence",
    }
    for n in range(4)
]
HALLUSION = [
    {
        "category": "VS",
        "subcategory": "map",
        "visual_input": str(visual),
        "set_id": "0",
        "figure_id": str(visual),
        "sample_note": "",
        "question_id": "0",
        "question": "Is A north of B?",
        "gt_answer_details": "A is.",
        "gt_answer": "1",
        "filename": f"./VS/map/0_{visual}.png",
        "image": picture(visual * 10) if visual else None,
    }
    for visual in range(3)
]


def write(folder, rows, form, group=5):
    table = pyarrow.Table.from_pylist(rows)
    (folder / "data").mkdir(parents=True)
    if form == "parquet":
        half = len(rows) // 2
        for n, part in enumerate((table[:half], table[half:])):
            file = folder / "data" / f"test-{n:05}-of-00002.parquet"
            parquet.write_table(part, file, row_group_size=group)
        return folder
    file = folder / "data" / "data-00000-of-00001.arrow"
    with ipc.new_stream(str(file), table.schema) as writer:
        writer.write_table(table, max_chunksize=group)
    return folder


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("name", "rows", "shades"),
    [
        ("pope", POPE, [n // 3 * 10 for n in range(12)]),
        ("mme", MME, [0, 0, 10, 10]),
        ("hallusionbench", HALLUSION, [None, 10, 20]),
    ],
)
def test_questions_truth_and_pictures_come_from_one_place(name, rows, shades, form, tmp_path):
    data = load_dataset(f"{name}:{write(tmp_path / 'hub', rows, form)}")
    assert len(data.samples) == len(rows)
    truths = [str(row.get("answer", row.get("gt_answer"))).lower() for row in rows]
    wanted = ["yes" if each in ("yes", "1") else "no" for each in truths]
    assert [each.truth.label for each in data.samples] == wanted
    for sample, shade in zip(data.samples, shades, strict=True):
        if shade is None:
            assert sample.image is None
        else:
            assert data.open_image(sample).getpixel((0, 0)) == (shade, 0, 0)


def test_pope_of_the_hub_is_a_ground_truth(tmp_path):
    folder = write(tmp_path / "hub", POPE, "parquet")
    answers = [
        {"question_id": f"{row['category']}/{row['question_id']}", "text": row["answer"]}
        for row in POPE
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    scored = score(tmp_path / "a.jsonl", "pope", truth=folder)
    assert scored.figure("accuracy", "popular") == 1


def test_what_is_wrong_is_told(tmp_path):
    twice = write(tmp_path / "twice", POPE[:3] + POPE[:3], "parquet")
    with pytest.raises(InputError, match="a second question adversarial/0; name one folder"):
        load_dataset(f"pope:{twice}")
    odd = write(tmp_path / "odd", [{**POPE[0], "answer": "maybe"}, POPE[1]], "parquet")
    with pytest.raises(InputError, match='"answer" must be yes or no'):
        load_dataset(f"pope:{odd}")
    broken = write(
        tmp_path / "broken", [{**MME[0], "image": {"bytes": b"no", "path": None}}], "arrow"
    )
    data = load_dataset(f"mme:{broken}")
    with pytest.raises(InputError, match="not a picture that can be read"):
        data.open_image(data.samples[0])


def test_the_hub_is_asked_by_way_of_datasets(tmp_path, monkeypatch):
    """What `datasets` keeps on disk is read as a folder is; here it knows a folder by a name."""
    datasets = pytest.importorskip("datasets")
    folder = write(tmp_path / "hub", POPE, "parquet")
    load = datasets.load_dataset
    cached = str(tmp_path / "cache")
    asked = []

    def from_folder(name):
        asked.append(name)
        return load("parquet", data_dir=str(folder / "data"), cache_dir=cached)

    monkeypatch.setattr(datasets, "load_dataset", from_folder)
    data = load_dataset("pope:hub:lmms-lab/POPE")
    assert asked == ["lmms-lab/POPE"]
    assert [each.id for each in data.samples] == [
        f"{row['category']}/{row['question_id']}" for row in POPE
    ]
    assert data.open_image(data.samples[-1]).getpixel((0, 0)) == (30, 0, 0)
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"id": each.id, "text": "no"}) + "\n" for each in data.samples)
    )
    scored = score(tmp_path / "a.jsonl", "pope", truth="pope:hub:lmms-lab/POPE")
    assert scored.figure("yes ratio", "popular") == 0


@pytest.mark.parametrize("form", ["pope", "mme", "hallusionbench"])
def test_without_a_network_the_hub_is_one_line(form, monkeypatch):
    datasets = pytest.importorskip("datasets")

    def offline(name):
        raise ConnectionError(f"Couldn't reach '{name}' on the Hub\n(offline mode is enabled)")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(InputError, match=r"cannot be fetched.*name its folder instead") as told:
        load_dataset(f"{form}:hub:some-lab/Absent{form}")
    assert "\n" not in str(told.value)
    with pytest.raises(InputError, match="is named hub:ORG/NAME"):
        load_dataset(f"{form}:hub:Absent")
