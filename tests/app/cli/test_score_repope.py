"""POPE with RePOPE's labels beside, on files in its form."""

import json

import pytest

OBJECTS = ("dog", "apple", "bus", "cup", "tie", "oven")
LABELS = ("yes", "yes", "yes", "no", "no", "no")
# The apple is none, the cup is there after all, nobody can tell of the tie.
CORRECTED = {"dog": "yes", "apple": "no", "bus": "yes", "cup": "yes", "oven": "no"}


def article(name):
    return "an" if name[0] in "ao" else "a"


def question(n, name, label, typo="image"):
    text = f"Is there {article(name)} {name} in the {typo}?"
    return {
        "question_id": n,
        "image": "COCO_val2014_000000000042.jpg",
        "text": text,
        "label": label,
    }


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def files(tmp_path):
    asked = list(zip(OBJECTS, LABELS, strict=True))
    rows = [question(n, *each, typo="imange") for n, each in enumerate(asked, 1)]
    write(tmp_path / "coco_pope_random.json", rows)
    (tmp_path / "repope").mkdir()
    # Other numbers, another order, and no typo.
    corrected = [question(n, *each) for n, each in enumerate(reversed(CORRECTED.items()), 100)]
    write(tmp_path / "repope/coco_repope_random.json", corrected)
    write(tmp_path / "a.jsonl", [{"question_id": n, "text": "Yes"} for n in range(1, 7)])


COMMAND = ("score", "pope", "a.jsonl", "--truth", "coco_pope_random.json", "--repope")


@pytest.mark.parametrize("source", ["repope", "repope/coco_repope_random.json"])
def test_both_stand_side_by_side(source, files, halluc):
    code, out, err = halluc(*COMMAND, source, "--json", "-o", "kept")
    assert (code, err) == (0, "")
    printed = json.loads(out)
    found = {(each["metric"], each["name"]): each["value"] for each in printed["scores"]}
    assert [found["pope", name] for name in ("TP", "FP", "accuracy")] == [3, 3, 0.5]
    assert [found["pope:repope", name] for name in ("TP", "FP", "accuracy")] == [3, 2, 0.6]
    assert printed["how"]["RePOPE"][0] == (
        "random: 1 of 6 questions removed (0 yes, 1 no), 1 labels changed from yes to no, 1 from "
        "no to yes"
    )


def test_the_table_names_the_labels(files, halluc):
    rows = [line.split() for line in halluc(*COMMAND, "repope")[1].splitlines()]
    assert rows[0][:3] == ["split", "labels", "accuracy"]
    assert [row[1] for row in rows if row[:1] == ["random"]] == ["pope", "repope"]


def test_other_questions_are_refused(files, halluc, tmp_path):
    rows = [question(n, "zebra", "yes") | {"image": f"{n}.jpg"} for n in range(1, 7)]
    write(tmp_path / "coco_pope_random.json", rows)
    code, out, err = halluc(*COMMAND, "repope")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "6 of 6 questions of random are not in RePOPE's files" in err


def test_labels_that_differ_are_refused(files, halluc, tmp_path):
    rows = [question(1, "dog", "yes"), question(2, "dog", "no")]
    write(tmp_path / "repope/coco_repope_random.json", rows)
    assert "dog in 42 is yes in one place and no in another" in halluc(*COMMAND, "repope")[2]
