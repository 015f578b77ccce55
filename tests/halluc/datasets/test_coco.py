import json

import pytest

from halluc.answers.truths import read_truths
from halluc.datasets import coco
from halluc.errors import InputError
from halluc.language.words.offline import offline_words
from halluc.records import Box, TrueObject

INSTANCES = {
    "info": {},
    "images": [
        {"id": 9, "file_name": "COCO_val2014_000000000009.jpg", "height": 4, "width": 4},
        {"id": 25, "file_name": "COCO_val2014_000000000025.jpg"},
    ],
    "categories": [{"id": 1, "name": "person"}, {"id": 17, "name": "cat"}],
    "annotations": [
        {"id": 1, "image_id": 9, "category_id": 17, "bbox": [1, 2, 3.5, 4], "segmentation": []},
    ],
}
CAPTIONS = {
    "annotations": [
        {"id": 1, "image_id": 9, "caption": "A cat and two sofas."},
        {"id": 2, "image_id": 9, "caption": "A cat on a couch."},
    ]
}


def write(folder, instances=INSTANCES, captions=CAPTIONS):
    folder.mkdir(exist_ok=True)
    (folder / "instances_val2014.json").write_text(json.dumps(instances))
    if captions:
        (folder / "captions_val2014.json").write_text(json.dumps(captions))


def test_objects_of_annotators_and_captions(tmp_path):
    write(tmp_path / "annotations")
    dataset = coco.load(tmp_path)
    first, second = dataset.samples
    assert (first.id, first.image, first.split) == ("9", "COCO_val2014_000000000009.jpg", "val2014")
    assert first.truth.objects == (
        TrueObject(name="cat", box=Box(1, 2, 3.5, 4)),
        TrueObject(name="couch"),
    )
    assert second.truth.objects == ()
    assert [(c["file"], c["rows"]) for c in dataset.card["files"]] == [
        ("captions_val2014.json", 2),
        ("instances_val2014.json", 1),
    ]


def test_annotations_alone_and_a_choice_of_pictures(tmp_path):
    write(tmp_path, captions=None)
    (sample,) = coco.load(tmp_path, only={"9"}).samples
    assert sample.truth.names == {"cat"}
    found = read_truths(str(tmp_path), ["9"], offline_words)
    assert {id: truth.names for id, truth in found.items()} == {"9": {"cat"}}


@pytest.mark.parametrize("place", ["val2014", "images", ".", "elsewhere"])
def test_pictures_are_found(place, tmp_path):
    from PIL import Image

    write(tmp_path / "annotations")
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (2, 2)).save(folder / INSTANCES["images"][0]["file_name"])
    dataset = coco.load(tmp_path, folder if place == "elsewhere" else None)
    assert dataset.open_image(dataset.samples[0]).size == (2, 2)
    with pytest.raises(InputError, match=r"0025.jpg: No such file.*sample '25'"):
        dataset.open_image(dataset.samples[1])


def test_what_is_wrong_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no instances_\*.json"):
        coco.load(tmp_path)
    stray = {"image_id": 4, "category_id": 1, "bbox": [0, 0, 1, 1]}
    write(tmp_path, INSTANCES | {"annotations": [stray]})
    with pytest.raises(InputError, match="annotation 1 is of an unknown picture 4"):
        coco.load(tmp_path)
    write(tmp_path, {"images": []})
    with pytest.raises(InputError, match="missing required field"):
        coco.load(tmp_path)
    write(tmp_path)
    (tmp_path / "instances_train2014.json").write_text(json.dumps(INSTANCES))
    with pytest.raises(InputError, match=r"picture 9 stands in instances_train2014\.json and in"):
        coco.load(tmp_path)
