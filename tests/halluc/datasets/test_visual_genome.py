"""Visual Genome's files in the form that its readme publishes, made up for the tests."""

import json

import pytest
from PIL import Image

from halluc.answers.truths import read_truths
from halluc.datasets import visual_genome
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.language.words.offline import offline_words
from halluc.records import Box, TrueObject, TrueRelation


def thing(id, name, x=0, **more):
    return {"object_id": id, "x": x, "y": 2, "w": 3, "h": 4, "synsets": [], **name, **more}


DOG, MAN, BENCH = {"names": ["dog"]}, {"names": ["Man "]}, {"names": ["bench", "seat"]}
FILES = {
    "objects": [
        {
            "image_id": 1,
            "image_url": "https://cs.stanford.edu/people/rak248/VG_100K_2/1.jpg",
            "objects": [
                thing(11, DOG, merged_object_ids=[12]),
                thing(13, MAN, x=5),
                thing(14, BENCH),
            ],
        },
        {"id": 2, "objects": []},
    ],
    "attributes": [
        {
            "image_id": 1,
            "attributes": [
                thing(11, DOG, attributes=["Black and White", "furry", "small"]),
                thing(13, MAN, attributes=["sitting", "wearing a red hat"]),
                thing(14, BENCH),
                thing(15, {"names": ["hat"]}, attributes=["dark red"]),
            ],
        }
    ],
    "relationships": [
        {
            "image_id": 1,
            "relationships": [
                {
                    "relationship_id": 7,
                    "predicate": "ON",
                    "synsets": [],
                    "subject": thing(12, {"name": "dog"}),
                    "object": thing(14, {"name": "bench"}),
                },
                {
                    "predicate": "to the  left of",
                    "subject": thing(11, {"name": "dog"}),
                    "object": thing(13, {"name": "man"}),
                },
                {
                    "predicate": "parked near",
                    "subject": thing(14, {"name": "bench"}),
                    "object": thing(13, {"name": "man"}),
                },
                {
                    "predicate": "on",
                    "subject": thing(11, {"name": "dog"}),
                    "object": thing(14, {"name": "bench"}),
                },
            ],
        },
        {"image_id": 9, "relationships": []},
    ],
    "image_data": [
        {
            "image_id": 1,
            "url": "https://cs.stanford.edu/people/rak248/VG_100K_2/1.jpg",
            "width": 800,
            "height": 600,
            "coco_id": None,
            "flickr_id": None,
        },
        {"image_id": 2, "url": "https://example.org/../../2.jpg"},
    ],
}


def write(folder, files=FILES):
    for name, rows in files.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))


def test_objects_attributes_and_relations(tmp_path):
    write(tmp_path)
    dataset = load_dataset(f"vg:{tmp_path}")
    first, second = dataset.samples
    assert (first.id, first.image) == ("1", "VG_100K_2/1.jpg")
    assert (second.id, second.image) == ("2", "2.jpg")
    assert first.truth.objects == (
        TrueObject(
            name="dog",
            box=Box(0, 2, 3, 4),
            attributes={"color": ("black", "white"), "size": "small"},
        ),
        TrueObject(name="man", box=Box(5, 2, 3, 4), attributes={"state": "sit"}),
        TrueObject(name="bench", box=Box(0, 2, 3, 4), attributes={"state": "parked"}),
        TrueObject(name="hat", box=Box(0, 2, 3, 4), attributes={"color": "red"}),
    )
    assert first.truth.relations == (
        TrueRelation(subject=0, predicate="on", object=2),
        TrueRelation(subject=0, predicate="to the left of", object=1),
        TrueRelation(subject=2, predicate="parked near", object=1),
    )
    assert (first.truth.complete, first.truth.exhaustive) == (False, "")
    assert second.truth.objects == ()
    assert [(card["file"], card["rows"]) for card in dataset.card["files"]] == [
        ("objects.json", 2),
        ("attributes.json", 1),
        ("relationships.json", 2),
        ("image_data.json", 2),
    ]


def test_objects_alone_and_a_choice_of_pictures(tmp_path):
    write(tmp_path, {"objects": FILES["objects"]})
    (sample,) = visual_genome.load(tmp_path, only={"1"}).samples
    assert sample.image == "1.jpg"
    assert sample.truth.names == {"dog", "man", "bench"}
    assert sample.truth.relations == ()
    found = read_truths(f"vg:{tmp_path}", ["1", "3"], offline_words)
    assert {id: truth.names for id, truth in found.items()} == {"1": {"dog", "man", "bench"}}


def test_pictures_lie_in_their_two_folders_or_in_one(tmp_path):
    write(tmp_path)
    (tmp_path / "VG_100K_2").mkdir()
    Image.new("RGB", (4, 3)).save(tmp_path / "VG_100K_2" / "1.jpg")
    Image.new("RGB", (2, 2)).save(tmp_path / "2.jpg")
    dataset = visual_genome.load(tmp_path)
    assert [dataset.open_image(each).size for each in dataset.samples] == [(4, 3), (2, 2)]
    flat = visual_genome.load(tmp_path, tmp_path / "VG_100K_2")
    assert flat.open_image(flat.samples[0]).size == (4, 3)
    with pytest.raises(InputError, match=r"2\.jpg: No such file"):
        flat.open_image(flat.samples[1])


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("objects", [{"objects": []}], r'objects\.json:1: no "image_id"'),
        ("objects", [], r"objects\.json: no pictures"),
        ("objects", FILES["objects"][:1] * 2, r"objects\.json:1: picture 1 comes twice"),
        ("objects", [{"image_id": 1, "objects": [{"names": ["dog"]}]}], r"objects\.json:1: .*"),
        ("attributes", [{"image_id": "one"}], r"attributes\.json:1: .*int"),
        ("relationships", [{"image_id": 1, "relationships": [{}]}], r"relationships\.json:1: .*"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, name, rows, message):
    write(tmp_path, {**FILES, name: rows})
    with pytest.raises(InputError, match=message):
        visual_genome.load(tmp_path)


def test_another_folder(tmp_path):
    with pytest.raises(InputError, match=r"objects\.json: No such file"):
        visual_genome.load(tmp_path)
