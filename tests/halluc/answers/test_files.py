import gzip
import json

import pytest

from halluc.answers.files import read_answers, read_captions
from halluc.answers.rows import picture_id
from halluc.answers.truths import read_truths
from halluc.errors import InputError
from halluc.language.words.offline import offline_words


def write(tmp_path, text, name="file.json"):
    file = tmp_path / name
    file.write_text(text if isinstance(text, str) else json.dumps(text))
    return file


def test_answers_in_the_forms_of_other_tools(tmp_path):
    rows = [
        {"question_id": 1, "prompt": "Is it?", "text": "Yes", "metadata": {}},
        {"id": "2", "question": "Is it?", "answer": "No", "label": "no"},
        {"question_id": 3, "response": "Yes"},
        {"question_id": 4, "output": "Yes"},
    ]
    file = write(tmp_path, "\n\n".join(map(json.dumps, rows)))
    found = read_answers(file)
    assert [(a.id, a.text, a.prompt, a.line) for a in found] == [
        (1, "Yes", "Is it?", 1),
        ("2", "No", "Is it?", 3),
        (3, "Yes", None, 5),
        (4, "Yes", None, 7),
    ]


@pytest.mark.parametrize(
    "document",
    [
        json.dumps([{"image_id": 42, "caption": "A dog."}]),
        json.dumps({"image_id": "COCO_val2014_000000000042.jpg", "caption": "A dog."}),
        json.dumps({"image_id": "000000000042.jpg", "text": "A dog.", "question_id": 0}),
        json.dumps({"sentences": [{"image_id": 42, "caption": "A dog."}], "overall_metrics": {}}),
        json.dumps({"sentences": [{"image_id": 42, "caption": "A dog."}]}, indent=2),
    ],
)
def test_captions_in_the_forms_of_other_tools(document, tmp_path):
    (found,) = read_captions(write(tmp_path, document))
    assert (found.id, found.text) == ("42", "A dog.")
    assert "A dog." in document.splitlines()[found.line - 1] or found.line == 3


def test_lines_of_an_indented_array(tmp_path):
    rows = [{"image_id": 7, "caption": "same"}, {"image_id": 8, "caption": "same"}]
    found = read_captions(write(tmp_path, json.dumps(rows, indent=2)))
    assert [each.line for each in found] == [2, 6]


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_answers, "", "no answers in this file"),
        (read_answers, '{"text": "Yes"}', ':1: no "question_id"'),
        (read_answers, '{"id": 1}', ":1: no answer"),
        (read_answers, '{"id": 1, "text": "yes"}\n{"id"', ":2: Input data was truncated"),
        (read_answers, '{"id": 1, "text": 5}', ":1: Expected `str | null`, got `int`"),
        (read_answers, '{"id": 1, "text": "Is it?", "label": "no"}', ":1: this is a question"),
        (read_answers, '[{"id": 1},\n{]', ":2: JSON is malformed"),
        (read_captions, "[]", "no captions in this file"),
        (read_captions, '{"caption": "x"}', ':1: no "image_id"'),
        (read_captions, '{"image_id": 1}', ":1: no caption"),
        (
            read_captions,
            '[{"image_id": 1, "text": "x"},\n{"image_id": "01.jpg", "text": ""}]',
            ":2",
        ),
        (read_captions, '{"sentences": 3}', "Expected `array`, got `int`"),
        (read_captions, "plain text", ":1: JSON is malformed"),
    ],
)
def test_bad_rows_are_named(read, text, message, tmp_path):
    with pytest.raises(InputError) as error:
        read(write(tmp_path, text))
    assert message in str(error.value)
    assert str(error.value).startswith(str(tmp_path / "file.json"))
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    for read in (read_answers, read_captions):
        with pytest.raises(InputError, match="No such file"):
            read(tmp_path / "none")


def test_picture_ids():
    assert [picture_id(name) for name in ("0", "broken-00017", "COCO_train2014_0009.png")] == [
        "0",
        "broken-00017",
        "9",
    ]


def test_truths_from_a_table(tmp_path):
    table = {"42": ["dog", "cup"], "COCO_val2014_07.jpg": ["bus"], "9": ["car"]}
    plain = write(tmp_path, table)
    packed = tmp_path / "file.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(table).encode()))
    for file in (plain, packed):
        found = read_truths(str(file), ["42", "7", "8"], offline_words)
        assert {id: truth.names for id, truth in found.items()} == {
            "42": {"dog", "cup"},
            "7": {"bus"},
        }


def test_truths_from_data(tmp_path):
    file = write(tmp_path, {"id": "x", "objects": ["dog"]}, "rows.jsonl")
    found = read_truths(f"jsonl:{file}", ["x"], offline_words)
    assert found["x"].names == {"dog"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b rest", "not a whole gzip file"),
        (gzip.compress(b"[]", mtime=0), "no samples in this file"),
        (b'{"1": "dog"}', "Expected `array`, got `str`"),
    ],
)
def test_bad_truth_files(content, message, tmp_path):
    file = tmp_path / "truth"
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_truths(str(file), ["1"], offline_words)
