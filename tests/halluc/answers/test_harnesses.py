import csv
import json

import pytest

from halluc.answers.files import read_answers
from halluc.errors import InputError

# As lmms-eval logs samples: older versions with the document, newer without.
LMMS = {
    "doc_id": 0,
    "doc": {
        "id": "0",
        "question_id": "1",
        "question": "Is there a snowboard in the image?",
        "answer": "yes",
        "category": "adversarial",
    },
    "target": "yes",
    "arguments": ["Is there a snowboard in the image?\nAnswer the question", {"until": ["\n\n"]}],
    "resps": [["Yes. "]],
    "filtered_resps": ["Yes"],
    "doc_hash": "74234e98",
    "prompt_hash": "1d9a",
    "target_hash": "8a79",
    "pope_accuracy": {
        "question_id": "1",
        "score": 1.0,
        "prediction": "yes",
        "ground_truth": "yes",
    },
}
LMMS_NEW = {
    **{key: LMMS[key] for key in ("doc_id", "target", "filtered_resps", "pope_accuracy")},
    "input": "Is there a snowboard in the image?\nAnswer the question using a single word",
}
VLMEVALKIT = {
    "index": 7,
    "question": "Is there a snowboard in the image?",
    "answer": "Yes",
    "category": "adversarial,popular",
    "image_path": "COCO_val2014_000000310196.jpg",
    "prediction": "Yes, there is.",
}


def write_xlsx(path, rows):
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)


def write_tsv(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)


def write_json(path, rows):
    path.write_text(json.dumps(rows, indent=4))


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_lmms_eval_samples(tmp_path):
    file = tmp_path / "20250109_075904_samples_pope_pop.jsonl"
    write_lines(file, [LMMS])
    (found,) = read_answers(file)
    assert (found.id, found.text, found.line) == ("1", "Yes", 1)
    assert found.prompt == "Is there a snowboard in the image?"
    own = found.own
    assert (own.id, own.split, own.truth.label) == ("adversarial/1", "adversarial", "yes")


def test_lmms_eval_samples_without_their_documents(tmp_path):
    file = tmp_path / "samples.jsonl"
    write_lines(file, [LMMS_NEW, {**LMMS_NEW, "doc_id": 3000}])
    found = read_answers(file)
    assert [each.id for each in found] == ["1", "1"]
    assert [each.own.id for each in found] == ["0", "3000"]
    assert found[0].own.truth.label == "yes"
    assert found[0].prompt.startswith("Is there a snowboard")


def test_an_empty_answer_is_an_answer(tmp_path):
    file = tmp_path / "samples.jsonl"
    write_lines(file, [{**LMMS, "filtered_resps": [""]}])
    assert read_answers(file)[0].text == ""


@pytest.mark.parametrize("write", [write_xlsx, write_tsv, write_json, write_lines])
def test_vlmevalkit_predictions(write, tmp_path):
    file = tmp_path / "whatever"
    rows = [VLMEVALKIT, {**VLMEVALKIT, "index": 8, "answer": "No", "category": "random"}]
    write(file, rows)
    found = read_answers(file)
    assert [each.own.id for each in found] == ["adversarial/7", "popular/7", "random/8"]
    assert [each.own.truth.label for each in found] == ["yes", "yes", "no"]
    assert {each.text for each in found} == {"Yes, there is."}
    assert {each.own.image for each in found} == {"COCO_val2014_000000310196.jpg"}
    assert found[0].line == found[1].line < found[2].line


def test_an_empty_cell_is_an_empty_answer(tmp_path):
    write_xlsx(tmp_path / "a.xlsx", [{**VLMEVALKIT, "prediction": None}])
    assert read_answers(tmp_path / "a.xlsx")[0].text == ""


@pytest.mark.parametrize(
    ("write", "rows", "message"),
    [
        (write_lines, [LMMS, LMMS], "a:2: document 0 has an answer in line 1 already"),
        (write_lines, [LMMS, {"id": 1}], 'a:2: no "doc_id"'),
        (write_lines, [{**LMMS, "resps": [], "filtered_resps": []}], "a:1: no answer"),
        (write_tsv, [VLMEVALKIT, VLMEVALKIT], "a:3: index 7 stands in line 2 already"),
        (write_xlsx, [VLMEVALKIT, VLMEVALKIT], "a:3: index 7 stands in line 2 already"),
        (write_xlsx, [{"index": 1, "question": "?"}], "a:1: no column prediction"),
        (write_json, [{**VLMEVALKIT, "index": None}], 'a:2: no "index"'),
        (write_json, [{**VLMEVALKIT, "index": [7]}], 'a:2: "index" must be a number or a text'),
        (write_json, [{**VLMEVALKIT, "prediction": ["No"]}], """a text, not ['No']"""),
        (write_lines, [{**LMMS, "doc_id": [0]}], 'a:1: "doc_id" must be a number or a text'),
        (write_lines, [{**LMMS, "doc": {"question_id": {}}}], 'a:1: "question_id" must be'),
    ],
)
def test_bad_rows_are_named(write, rows, message, tmp_path):
    write(tmp_path / "a", rows)
    with pytest.raises(InputError) as error:
        read_answers(tmp_path / "a")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 not a zip", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)]
)
def test_damaged_xlsx(content, tmp_path):
    file = tmp_path / "a.xlsx"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.xlsx"):
        read_answers(file)


def test_two_rows_of_one_line(tmp_path):
    for row, message in ((LMMS, "document 0"), (VLMEVALKIT, "index 7")):
        (tmp_path / "a").write_text(json.dumps([row, row]))
        with pytest.raises(InputError, match=f"a:1: {message}"):
            read_answers(tmp_path / "a")


def test_a_tsv_row_cut_short(tmp_path):
    file = tmp_path / "a.tsv"
    write_tsv(file, [VLMEVALKIT])
    file.write_text(file.read_text() + "9\tonly two\n")
    with pytest.raises(InputError, match=r"a\.tsv:3: not 6 columns"):
        read_answers(file)
