"""Pairs as others publish them."""

import json

import pytest

from halluc.errors import InputError
from mitigation.precorrection.published import read_published

TOLD = {"question": "<image>\nWhat is it?", "chosen": "a dog", "rejected": "a cat"}
SAID = [{"from": "human", "value": TOLD["question"]}, {"from": "gpt", "value": "a dog"}]
FORMS = {
    "POVID": {
        "id": "7",
        "image": "a.jpg",
        "conversations": SAID,
        "rejected_conversations": [SAID[0], {"from": "gpt", "value": "a cat"}],
    },
    "RLHF-V": {"idx": 7, "image_path": "a.jpg", "text": json.dumps(TOLD), "image": None},
    "RLHF-V, unpacked": {"idx": 7, "image_path": "a.jpg", "text": TOLD},
    "RLAIF-V": {"idx": 7, "image_path": "a.jpg", **TOLD},
    "mDPO": {"id": 7, "img_path": "a.jpg", "prompt": "What is it?", **TOLD, "question": None},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lines", [True, False])
def test_every_form_is_read(form, lines, tmp_path):
    file = tmp_path / "pairs.json"
    row = FORMS[form]
    file.write_text(json.dumps(row) if lines else json.dumps([row]))
    [pair] = read_published(file)
    assert (pair.id, pair.image, pair.prompt) == ("7", "a.jpg", "What is it?")
    assert (pair.chosen, pair.rejected) == ("a dog", "a cat")
    assert pair.chosen_spans == ((2, 5),)


def test_ids_that_come_twice_are_told_apart(tmp_path):
    (tmp_path / "pairs.json").write_text(json.dumps([FORMS["RLAIF-V"]] * 2))
    assert [pair.id for pair in read_published(tmp_path / "pairs.json")] == ["0/7", "1/7"]


@pytest.mark.parametrize("row", [{"id": 1}, {"image": "a.jpg", "text": "hello"}, {"chosen": "a"}])
def test_other_rows_are_told_by_line(row, tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(FORMS["RLHF-V"]) + "\n" + json.dumps(row))
    with pytest.raises(InputError, match=r"pairs.jsonl:2: "):
        read_published(file)
