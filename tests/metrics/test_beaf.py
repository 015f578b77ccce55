import json

import pytest

from app.workflows.score import score
from halluc.datasets.beaf import load

# Two pictures; a dog is taken out of the first, a cup and a vase out of the second.
EDITS = {"1": {"01": "dog"}, "20_7": {"01": "cup", "02": "vase"}}
OBJECTS = ("dog", "cup", "vase", "zebra")


def questions():
    rows = []

    def ask(image, name, truth, original, removed):
        row = {"image": image, "question": f"Is there a {name} in this image?"}
        about = {"orig_img": original, "removed_q": removed}
        rows.append({"id": len(rows), **row, **about, "gt": "yes" if truth else "no"})

    for picture, edits in EDITS.items():
        there = set(edits.values()) | {"cup"}
        for name in OBJECTS:
            ask(f"{picture}.jpg", name, name in there, True, False)
        for number, gone in edits.items():
            for name in OBJECTS:
                truth = name in there - {gone}
                ask(f"{picture}_{number}.png", name, truth, False, name == gone)
    return rows


def scored(tmp_path, answer):
    rows = questions()
    (tmp_path / "beaf_qna.json").write_text(json.dumps(rows))
    answers = [{"id": row["id"], "answer": answer(row)} for row in rows]
    (tmp_path / "a.json").write_text(json.dumps(answers))
    return score(tmp_path / "a.json", "beaf", truth=tmp_path / "beaf_qna.json")


def values(found):
    return {each.name: each.value for each in found.scores}


def test_controls_score_as_they_must(tmp_path):
    """Who always says yes is stubborn everywhere, and never undecided."""
    yes = values(scored(tmp_path, lambda row: "Yes"))
    assert (yes["TU"], yes["IG"], yes["SB+"], yes["SB-"], yes["ID"]) == (0, 0, 1, 0, 0)
    no = values(scored(tmp_path, lambda row: "No, none"))
    assert (no["TU"], no["SB+"], no["SB-"], no["ID"], no["recall"]) == (0, 0, 1, 0, 0)
    right = values(scored(tmp_path, lambda row: row["gt"]))
    assert (right["TU"], right["ID"], right["F1_TUID"], right["F1"]) == (1, 0, 1, 1)
    wrong = values(scored(tmp_path, lambda row: {"yes": "no", "no": "yes"}[row["gt"]]))
    assert (wrong["IG"], wrong["ID"], wrong["F1_TUID"], wrong["accuracy"]) == (1, 0, 0, 0)
    coin = values(scored(tmp_path, lambda row: ("yes", "no")[row["orig_img"]]))
    assert coin["TU"] == 0
    assert coin["ID"] == 1


def test_the_published_rule(tmp_path):
    """As the rule reads, question by question; answers by a fixed pattern."""
    answer = lambda row: ("yes", "no", "No.", "yes, a knot")[row["id"] * 7 % 4]  # noqa: E731
    found = values(scored(tmp_path, answer))
    said = {row["id"]: "yes" if "yes" in answer(row) else "no" for row in questions()}
    kinds = {("yes", "yes"): "TP", ("no", "no"): "TN", ("yes", "no"): "FN", ("no", "yes"): "FP"}
    first = {}
    changes, kept, undecided = [], 0, 0
    for row in questions():
        kind = kinds[row["gt"], said[row["id"]]]
        if row["orig_img"]:
            first[row["image"], row["question"]] = kind
            continue
        before = first[row["image"][:-7] + ".jpg", row["question"]]
        if row["removed_q"]:
            changes.append(before + kind)
        else:
            kept += 1
            undecided += before[0] != kind[0]
    for name, pair in {"TU": "TPTN", "IG": "FNFP", "SB+": "TPFP", "SB-": "FNTN"}.items():
        assert found[name] == changes.count(pair) / len(changes)
    assert found["ID"] == undecided / kept
    tu, steady = found["TU"], 1 - found["ID"]
    assert found["F1_TUID"] == pytest.approx(2 * tu * steady / (tu + steady) if tu else 0)


def test_a_picture_and_its_copies_are_drawn_together(tmp_path):
    found = scored(tmp_path, lambda row: "yes")
    assert set(found.measured.counted[0].parts) == {"1", "20_7"}


def test_an_answer_that_says_neither_is_unknown_and_wrong(tmp_path):
    found = values(scored(tmp_path, lambda row: "A cat" if row["removed_q"] else row["gt"]))
    assert found["unknown"] == 3 / 20
    assert (found["TU"], found["other change"]) == (0, 1)


def test_edited_copies_without_their_original_are_told(tmp_path):
    rows = [row for row in questions() if not row["orig_img"]]
    (tmp_path / "beaf_qna.json").write_text(json.dumps(rows))
    answers = [{"id": row["id"], "answer": "yes"} for row in rows]
    (tmp_path / "a.json").write_text(json.dumps(answers))
    found = score(tmp_path / "a.json", "beaf", truth=tmp_path / "beaf_qna.json")
    assert found.figure("TU") is None
    assert "12 questions on edited copies" in found.how["warning"][0]
    assert {each.split for each in load(tmp_path / "beaf_qna.json").samples} == {"removed", "kept"}
