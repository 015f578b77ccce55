"""Pairs as others publish them."""

import base64
import io
import json

import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from halluc.datasets.images import open_image
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
    "HA-DPO": {
        "image_id": 7,
        "question": "What is it?",
        "chosen": "a dog",
        "reject": "a cat",
    },
    "POVID with a system message": {
        "id": "7",
        "image": "a.jpg",
        "conversations": [{"from": "system", "value": "Be brief."}, *SAID],
        "rejected_conversations": [
            {"from": "system", "value": "Be brief."},
            SAID[0],
            {"from": "gpt", "value": "a cat"},
        ],
    },
    "POVID of several turns": {
        "id": "7",
        "image": "a.jpg",
        "conversations": [
            {"from": "human", "value": "<image>\nIs it day?"},
            {"from": "gpt", "value": "Yes."},
            *SAID,
        ],
        "rejected_conversations": [
            {"from": "human", "value": "<image>\nIs it day?"},
            {"from": "gpt", "value": "Yes."},
            SAID[0],
            {"from": "gpt", "value": "a cat"},
        ],
    },
    "TRL": {
        "id": 7,
        "images": ["a.jpg"],
        "prompt": [
            {
                "role": "user",
                "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}],
            }
        ],
        "chosen": [{"role": "assistant", "content": [{"type": "text", "text": "a dog"}]}],
        "rejected": [{"role": "assistant", "content": "a cat"}],
    },
    "TRL, the prompt within": {
        "id": 7,
        "images": [{"path": "a.jpg", "bytes": None}],
        "chosen": [
            {"role": "user", "content": "What is it?"},
            {"role": "assistant", "content": "a dog"},
        ],
        "rejected": [
            {"role": "user", "content": "What is it?"},
            {"role": "assistant", "content": "a cat"},
        ],
    },
    "TRL, plain": {
        "id": 7,
        "image": "a.jpg",
        "prompt": "What is it?",
        "chosen": "a dog",
        "rejected": "a cat",
    },
    "LLaMA-Factory": {
        "id": 7,
        "images": ["a.jpg"],
        "conversations": [SAID[0]],
        "chosen": {"from": "gpt", "value": "a dog"},
        "rejected": {"from": "gpt", "value": "a cat"},
    },
    "mDPO": {"id": 7, "img_path": "a.jpg", "prompt": "What is it?", **TOLD, "question": None},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lines", [True, False])
def test_every_form_is_read(form, lines, tmp_path):
    file = tmp_path / "pairs.json"
    row = FORMS[form]
    file.write_text(json.dumps(row) if lines else json.dumps([row]))
    [pair] = read_published(file, tmp_path)
    image = "7.jpg" if form == "HA-DPO" else "a.jpg"  # Visual Genome's file names
    assert (pair.id, pair.image, pair.prompt) == ("7", image, "What is it?")
    assert (pair.chosen, pair.rejected) == ("a dog", "a cat")
    assert pair.chosen_spans == ((2, 5),)


def test_the_descriptions_of_ha_dpo_are_paired_as_they_stand(tmp_path):
    row = {"image_id": 2317, "chosen": ["a dog", "one dog"], "rejected": ["a cat", "one cat"]}
    (tmp_path / "desc_data.json").write_text(json.dumps([row]))
    pairs = read_published(tmp_path / "desc_data.json", tmp_path)
    assert [(p.id, p.image, p.chosen, p.rejected, p.kind) for p in pairs] == [
        ("2317/0", "2317.jpg", "a dog", "a cat", "corrected"),
        ("2317/1", "2317.jpg", "one dog", "one cat", "corrected"),
    ]
    assert {pair.prompt for pair in pairs} == {"Describe this image in detail."}
    (tmp_path / "desc_data.json").write_text(json.dumps([row | {"rejected": ["a cat"]}]))
    with pytest.raises(InputError, match="2 chosen and 1 rejected descriptions"):
        read_published(tmp_path / "desc_data.json", tmp_path)


def test_ids_that_come_twice_are_told_apart(tmp_path):
    (tmp_path / "pairs.json").write_text(json.dumps([FORMS["RLAIF-V"]] * 2))
    assert [pair.id for pair in read_published(tmp_path / "pairs.json", tmp_path)] == ["0/7", "1/7"]


@pytest.mark.parametrize("row", [{"id": 1}, {"image": "a.jpg", "text": "hello"}, {"chosen": "a"}])
def test_other_rows_are_told_by_line(row, tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(FORMS["RLHF-V"]) + "\n" + json.dumps(row))
    with pytest.raises(InputError, match=r"pairs.jsonl:2: "):
        read_published(file, tmp_path)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            {**FORMS["RLAIF-V"], "image_path": None, "image": {"bytes": "a picture"}},
            "no base64",
        ),
        ({**FORMS["TRL"], "images": ["a.jpg", "b.jpg"]}, "2 pictures in one pair"),
        ({**FORMS["POVID"], "rejected_conversations": SAID}, "no question whose answers differ"),
    ],
)
def test_rows_that_are_no_pair_are_told_by_line(row, told, tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps(FORMS["RLHF-V"]) + "\n" + json.dumps(row))
    with pytest.raises(InputError, match=rf"pairs.jsonl:2: .*{told}"):
        read_published(file, tmp_path)


PICTURE = io.BytesIO()
Image.new("RGB", (9, 7), "teal").save(PICTURE, "png")
CONTENT = PICTURE.getvalue()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shards", [1, 3])
def test_exports_of_the_hub_hold_their_pictures(form, shards, tmp_path):
    """Parquet whose rows have the picture's bytes beside its name, in one file or in shards."""
    pictured = {"image": {"bytes": CONTENT, "path": "a.png"}}
    if "images" in FORMS[form]:
        pictured = {"images": [pictured["image"]]}
    row = {**FORMS[form], **pictured}
    if form == "TRL":  # a column of Parquet holds one type
        row["rejected"] = [{"role": "assistant", "content": [{"type": "text", "text": "a cat"}]}]
    export, images = tmp_path / "export", tmp_path / "images"
    export.mkdir()
    for shard in range(shards):
        table = pyarrow.Table.from_pylist([row, row])
        parquet.write_table(table, export / f"train-{shard}.parquet")
    pairs = read_published(export if shards > 1 else export / "train-0.parquet", images)
    assert [pair.id for pair in pairs] == [f"{n}/7" for n in range(2 * shards)]
    assert {(pair.chosen, pair.rejected) for pair in pairs} == {("a dog", "a cat")}
    [file] = images.iterdir()
    assert {pair.image for pair in pairs} == {file.name}
    assert file.read_bytes() == CONTENT
    assert open_image(file, "7").size == (9, 7)


def test_bytes_in_json_are_base64(tmp_path):
    held = {"bytes": base64.b64encode(CONTENT).decode(), "path": None}
    row = {**FORMS["RLAIF-V"], "image": held}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row))
    [pair] = read_published(tmp_path / "pairs.jsonl", tmp_path / "images")
    assert (tmp_path / "images" / pair.image).read_bytes() == CONTENT


def test_broken_parquet_is_one_line(tmp_path):
    (tmp_path / "pairs.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"pairs.parquet: no Parquet file") as caught:
        read_published(tmp_path / "pairs.parquet", tmp_path)
    assert "\n" not in str(caught.value)
    parquet.write_table(pyarrow.table({"image": ["a.jpg"], "chosen": [1]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a.parquet:1: "):
        read_published(tmp_path / "a.parquet", tmp_path)
