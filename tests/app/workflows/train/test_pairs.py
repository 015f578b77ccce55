"""Published pairs find their pictures."""

from __future__ import annotations

import json

import pytest
from checkpoints import picture

from app.workflows.train.pairs import read_training_pairs
from halluc.errors import InputError


def test_ha_dpos_pictures_are_found_in_both_parts_of_visual_genome(tmp_path):
    rows = [
        {"image_id": id, "question": "What is it?", "chosen": "a dog", "reject": "a cat"}
        for id in (1, 2, 3)
    ]
    (tmp_path / "pope_data.json").write_text(json.dumps(rows))
    for part, id in (("VG_100K", 1), ("VG_100K_2", 2)):
        (tmp_path / part).mkdir()
        picture(id, 40 + id).save(tmp_path / part / f"{id}.jpg")
    splits, open_image, data = read_training_pairs(tmp_path / "pope_data.json", tmp_path)
    one, two, lost = splits["train"]
    assert [open_image(pair).size for pair in (one, two)] == [
        picture(id, 40 + id).size for id in (1, 2)
    ]
    assert data["pairs"]["rows"] == 3
    with pytest.raises(InputError, match=r"3\.jpg"):
        open_image(lost)
