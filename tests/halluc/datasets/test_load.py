import json

import pytest

from halluc.datasets.load import load_dataset
from halluc.errors import InputError


def test_names(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"id": 1, "image": "a.jpg"}))
    assert load_dataset(f"jsonl:{file}").samples[0].id == "1"
    row = {"question_id": 1, "image": "a.jpg", "text": "Is there a cup?", "label": "yes"}
    file.write_text(json.dumps(row))
    assert load_dataset(f"pope:{file}", images=tmp_path).samples[0].id == "rows/1"
    with pytest.raises(InputError, match="instances"):
        load_dataset(f"coco:{tmp_path}")


@pytest.mark.parametrize("name", ["", "coco", "pope:", "files:mine", "../x.jsonl"])
def test_unknown_names_list_the_valid_forms(name):
    with pytest.raises(InputError, match=r"give tabletop, coco:FOLDER, vg:FOLDER, pope:FILE"):
        load_dataset(name)
