import json
from functools import partial

import pytest
from damages import CONVERTED

from halluc.answers.truths import read_truths
from halluc.datasets.jsonl import load
from halluc.errors import InputError
from halluc.language.words.offline import offline_words


def test_rows(tmp_path):
    file = tmp_path / "mine.jsonl"
    rows = [
        {"id": 1, "image": "a.jpg", "objects": ["cup", "cup"]},
        {"id": "b", "prompt": "Is it red?", "label": "no", "split": "hard"},
        {"id": "c", "truth": {"objects": [{"name": "cup", "box": [0, 0, 2, 2]}], "complete": True}},
        {"id": "d"},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    dataset = load(file)
    one, two, three, four = dataset.samples
    assert (one.id, one.image, one.truth.names) == ("1", "a.jpg", {"cup"})
    assert (two.prompt, two.truth.label, two.split) == ("Is it red?", "no", "hard")
    assert three.truth.complete
    assert three.truth.objects[0].box.width == 2
    assert four.truth is None
    assert dataset.card["files"][0]["rows"] == 4
    with pytest.raises(InputError, match="sample 'd' has no picture"):
        dataset.open_image(four)


@pytest.mark.parametrize("change", CONVERTED)
def test_a_ground_truth_that_went_through_another_program_is_the_same(change, tmp_path):
    whole = b'{"id": "1", "objects": ["dog"]}\n{"id": "2", "objects": []}\n'
    for name, content in (("a", whole), ("b", CONVERTED[change](whole))):
        (tmp_path / name).write_bytes(content)
    read = partial(read_truths, ids=None, lemmatize=offline_words)
    assert read(str(tmp_path / "a")) == read(str(tmp_path / "b"))


def test_attributes_and_relations(tmp_path):
    file = tmp_path / "truth.jsonl"
    truth = {
        "objects": [{"name": "cup", "attributes": {"color": ["red", "white"], "size": "small"}}],
        "relations": [{"subject": 0, "predicate": "next to", "object": 0}],
    }
    rows = [{"id": "0042", "truth": truth}, {"id": "x", "objects": ["cup"]}]
    for content in ("\n".join(map(json.dumps, rows)), json.dumps(rows, indent=1)):
        file.write_text(content)
        for source in (str(file), f"jsonl:{file}"):
            found = read_truths(source, ["42", "x"], offline_words)
            (cup,) = found["42"].objects
            assert cup.attributes == {"color": ("red", "white"), "size": "small"}
            assert found["42"].relations[0].predicate == "next to"
            assert (found["42"].exhaustive, found["x"].exhaustive) == ("", "coco")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"id": 1, "truth": {"relations": [{"subject": 0, "predicate": "on", "object": 1}]}}',
            ":1: a relation of object 0 among 0, counted from 0",
        ),
        ('{"id": 1}\n{"id": "1"}', ":2: id '1' stands already"),
        ('{"id": 1, "objects": [], "truth": {}}', ':1: give either "truth" or'),
        ('{"image": "a.jpg"}', ":1: Object missing required field `id`"),
        ('{"id": 1, "objects": "cup"}', ":1: Expected `array | null`, got `str`"),
    ],
)
def test_bad_rows_are_named(text, message, tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        load(file)
    assert f"{file}{message}" in str(error.value)
