import json
import random

import pytest

from halluc.datasets.pope import load_files
from halluc.datasets.pope_editions import EDITIONS, verify
from halluc.errors import InputError


def rows_of(path):
    text = path.read_text()
    if text.startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]


def files(shared):
    return sorted((shared / "pope").glob("*/*.json"))


def test_every_published_file_is_recognised(shared):
    llava = shared / "pope_answers" / "llava_pope_test.jsonl"
    found = {path: verify(path) for path in [*files(shared), llava]}
    assert {each.edition for each in found.values()} == set(EDITIONS.values())
    old = found[shared / "pope" / "coco" / "coco_pope_random_2910.json"]
    assert (old.edition, old.rows) == ("POPE COCO random, the older edition of 2,910", 2910)
    assert (old.yes, old.no, old.typos) == (1500, 1410, 144)
    new = found[shared / "pope" / "coco" / "coco_pope_random.json"]
    assert (new.edition, new.rows, new.typos) == ("POPE COCO random", 3000, 0)
    assert found[llava].categories == {"adversarial": 3000, "random": 2910, "popular": 3000}
    assert (found[llava].yes, found[llava].typos) == (None, 246)


@pytest.mark.parametrize("number", range(10))
def test_form_order_keys_and_the_typo_do_not_matter(number, shared, tmp_path):
    path = files(shared)[number]
    rows = [dict(reversed(row.items())) for row in rows_of(path)]
    random.Random(0).shuffle(rows)
    for row in rows[:50]:
        row["text"] = row["text"].replace("image", "imange")
    copy = tmp_path / "copy.json"
    if path.read_text(encoding="utf-8").startswith("["):
        copy.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        copy.write_text(json.dumps(rows, indent=1))
    found = verify(copy)
    assert found.edition == verify(path).edition
    assert found.typos >= 50
    # One other label, and it is another file.
    rows[0]["label"] = "no" if rows[0]["label"] == "yes" else "yes"
    copy.write_text(json.dumps(rows))
    assert verify(copy).edition is None


def test_the_card_of_a_truth_says_its_edition(shared):
    dataset = load_files([shared / "pope" / "coco" / "coco_pope_popular.json"])
    assert dataset.card["files"][0]["edition"] == "POPE COCO popular"


def test_unknown_files(tmp_path):
    file = tmp_path / "mine.jsonl"
    row = {"question_id": 1, "image": "a.jpg", "text": "Is it an imange?", "label": "no"}
    file.write_text(json.dumps(row))
    found = verify(file)
    assert (found.edition, found.rows, found.yes, found.no, found.typos) == (None, 1, 0, 1, 1)
    for content, message in (
        ("", "no questions in this file"),
        ('{"question_id": 1}', ":1: Object missing required field `image`"),
        ("?", ":1: JSON is malformed"),
    ):
        file.write_text(content)
        with pytest.raises(InputError, match=message):
            verify(file)
