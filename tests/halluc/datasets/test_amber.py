import json
from collections import Counter

import pytest
from PIL import Image

from halluc.datasets.amber import load, read_annotations
from halluc.datasets.load import load_dataset
from halluc.errors import InputError

DIMENSIONS = ("attribute", "existence", "relation")
CAPTION = {"id": 1, "type": "generative", "truth": ["ship", "ship", "lake"], "hallu": ["dog"]}
QUESTION = {"id": 2, "type": "discriminative-hallucination", "truth": "no"}
RELATION = {"ship": ["boat"], "lake": ["water"], "dog": []}
QUERIES = [
    {"id": 1, "image": "AMBER_1.jpg", "query": "Describe this image."},
    {"id": 2, "image": "AMBER_1.jpg", "query": "Is there a dog in this image?"},
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "query").mkdir()
    (tmp_path / "annotations.json").write_text(json.dumps([CAPTION, QUESTION], indent=1))
    (tmp_path / "relation.json").write_text(json.dumps(RELATION))
    (tmp_path / "safe_words.txt").write_text("light\nshoe")
    for name, queries in (("all", QUERIES), ("generative", QUERIES[:1])):
        (tmp_path / "query" / f"query_{name}.json").write_text(json.dumps(queries))
    return tmp_path


def test_queries_with_their_truth(folder):
    dataset = load_dataset(f"amber:{folder}")
    caption, question = dataset.samples
    assert (caption.id, caption.split, caption.image) == ("1", "generative", "AMBER_1.jpg")
    assert [each.name for each in caption.truth.objects] == ["ship", "ship", "lake"]
    assert (question.split, question.prompt) == ("existence", "Is there a dog in this image?")
    assert question.truth.label == "no"
    assert [card["rows"] for card in dataset.card["files"]] == [2, 2, 3, 2]
    some = load(folder / "query" / "query_generative.json")
    assert some.samples == [caption]
    assert some.name.endswith("query_generative.json")


@pytest.mark.parametrize("place", ["image", "images", "."])
def test_pictures(folder, place, tmp_path):
    (folder / place).mkdir(exist_ok=True)
    Image.new("RGB", (3, 2)).save(folder / place / "AMBER_1.jpg")
    dataset = load(folder)
    assert dataset.open_image(dataset.samples[0]).size == (3, 2)
    elsewhere = load(folder, images=tmp_path / "none")
    with pytest.raises(InputError, match=r"none/AMBER_1\.jpg: No such file"):
        elsewhere.open_image(elsewhere.samples[0])


def test_annotations(folder):
    known = read_annotations(folder)
    assert known.likely == {"1": ("dog",)}
    assert known.safe == {"light", "shoe"}
    assert known.vocabulary == {"ship", "boat", "lake", "water", "dog"}


def test_the_published_files(shared):
    dataset = load(shared / "amber")
    assert Counter(each.split for each in dataset.samples) == {
        **{"generative": 1004, "existence": 4924, "state": 4764, "number": 2072},
        **{"action": 792, "relation": 1664},
    }
    assert {each.prompt for each in dataset.samples[:1004]} == {"Describe this image."}
    parts = [
        load(shared / "amber" / "query" / f"query_{name}.json").samples
        for name in ("generative", *(f"discriminative-{each}" for each in DIMENSIONS))
    ]
    together = [each for part in parts for each in part]
    others = [
        (one.id, one.prompt, other.prompt)
        for one, other in zip(dataset.samples, together, strict=True)
        if one != other
    ]
    chair, computer = (f"Is there a {name} in this image?" for name in ("chair", "computer"))
    assert others == [("13193", computer, chair)]
    assert len(read_annotations(shared / "amber").vocabulary) == 418


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("annotations.json", [CAPTION, CAPTION], "annotations.json:1: a second annotation of 1"),
        ("annotations.json", [CAPTION | {"type": "x"}], "unknown type 'x' of annotation 1"),
        (
            "annotations.json",
            [CAPTION | {"truth": "yes"}],
            "annotation 1 must be a list of objects",
        ),
        ("annotations.json", [QUESTION | {"truth": ["dog"]}], "annotation 2 must be yes or no"),
        ("annotations.json", [CAPTION | {"hallu": ["cat"]}], "cat of annotation 1 has no entry in"),
        ("annotations.json", [QUESTION | {"truth": "maybe"}], "annotations.json:1: "),
        ("relation.json", [], "relation.json: Expected `object`, got `array`"),
        ("query/query_all.json", [QUERIES[0]] * 2, "query_all.json:1: a second query 1"),
        ("query/query_all.json", [QUERIES[0] | {"id": 7}], "query 7 has no annotation in"),
        ("query/query_all.json", [], "no queries in this file"),
    ],
)
def test_damaged_files_are_named(folder, file, content, message):
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        load(folder)
    assert message in str(error.value)


@pytest.mark.parametrize("file", ["relation.json", "safe_words.txt", "query/query_all.json"])
def test_missing_files_are_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(InputError, match=f"{file}: No such file"):
        load(folder)


def test_what_is_no_folder_of_amber(folder, tmp_path):
    (folder / "safe_words.txt").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"safe_words\.txt: not UTF-8"):
        load(folder)
    (tmp_path / "annotations.json").unlink()
    with pytest.raises(InputError, match=r"no annotations\.json here; name AMBER's folder"):
        load(folder)
    with pytest.raises(InputError, match=r"no annotations\.json here"):
        load(folder / "query" / "query_all.json")
