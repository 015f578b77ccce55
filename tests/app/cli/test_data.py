import hashlib
import json

import pytest

from halluc.datasets.pope import load, read_questions

OBJECTS = [["dog", "cup"], ["dog", "bus", "car"], ["apple"], [], ["cup", "dog", "bus"]]


@pytest.fixture
def pictures(tmp_path):
    rows = [{"id": f"p{n}", "image": f"{n}.jpg", "objects": o} for n, o in enumerate(OBJECTS)]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "jsonl:mine.jsonl"


def test_questions_in_a_folder(pictures, tmp_path, halluc):
    code, out, err = halluc("data", "pope", "build", "--data", pictures, "-o", "built/pope")
    assert (code, err) == (0, "")
    files = sorted((tmp_path / "built" / "pope").iterdir())
    assert [file.name for file in files] == [
        *("pope_adversarial.jsonl", "pope_popular.jsonl", "pope_random.jsonl")
    ]
    for file in files:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        assert f"{file.name}: 14 questions, sha256 {digest}" in out
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        assert [row["question_id"] for row in rows] == list(range(1, 15))
        assert [row["label"] for row in rows] == ["yes", "no"] * 7
        assert set(rows[0]) == {"question_id", "image", "text", "label"}
    dataset = load(tmp_path / "built" / "pope")
    assert len(dataset.samples) == 42
    truths = {f"{n}.jpg": names for n, names in enumerate(OBJECTS)}
    for sample in dataset.samples:
        name = sample.prompt.removesuffix(" in the image?").split(" ", 3)[3]
        assert (name in truths[sample.image]) == (sample.truth.label == "yes")


def test_the_same_seed_gives_the_same_bytes(pictures, tmp_path, halluc):
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        command = ("data", "pope", "build", "--data", pictures, "--seed", seed)
        assert halluc(*command, "-o", f"{name}.jsonl")[0] == 0
    one, two, three = ((tmp_path / f"{n}.jsonl").read_bytes() for n in ("one", "two", "three"))
    assert one == two != three


def test_one_file_of_several_splits(pictures, tmp_path, halluc):
    command = ("data", "pope", "build", "--data", pictures, "-o", "all.json")
    assert halluc(*command, "--splits", "adversarial,random", "--positives", "1")[0] == 0
    samples = read_questions(tmp_path / "all.json")
    assert [sample.id for sample in samples[:2]] == ["random/1", "random/2"]
    assert len(samples) == 16
    out = halluc("data", "verify", "all.json")[1]
    assert "no published file that is known; 16 questions (8 yes, 8 no); random 8" in out
    assert halluc(*command, "--splits", "popular")[0] == 0
    assert "category" not in (tmp_path / "all.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--splits", "random,rare"), "--splits names some of random, popular, adversarial"),
        (("--data", "jsonl:none.jsonl"), "none.jsonl: No such file or directory"),
        (("--data", "what"), "unknown data set 'what'"),
        (("--data", "jsonl:empty.jsonl"), "no picture of jsonl:empty.jsonl has objects"),
        (("-o", "mine.jsonl/deep"), "mine.jsonl/deep: Not a directory"),
    ],
)
def test_bad_wishes_are_one_line(arguments, message, pictures, tmp_path, halluc):
    (tmp_path / "empty.jsonl").write_text('{"id": 1, "objects": []}')
    before = sorted(tmp_path.rglob("*"))
    command = ("data", "pope", "build", "--data", pictures, "-o", "out", *arguments)
    code, out, err = halluc(*command)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


def test_published_files_are_recognised(shared, halluc):
    coco = shared / "pope" / "coco"
    files = [coco / "coco_pope_random.json", coco / "coco_pope_random_2910.json"]
    code, out, _ = halluc("data", "verify", *files)
    assert code == 0
    new, old = out.splitlines()
    assert 'POPE COCO random; 3,000 questions (1,500 yes, 1,500 no); no "imange" typo' in new
    assert "the older edition of 2,910; 2,910 questions (1,500 yes, 1,410 no)" in old
    assert '"imange" in 144 of them' in old
    found = json.loads(halluc("data", "verify", "--json", *files)[1])
    assert [each["typos"] for each in found] == [0, 144]


def test_what_is_no_question_file(tmp_path, halluc):
    (tmp_path / "a.json").write_text('{"image_id": 3}')
    code, out, err = halluc("data", "verify", "a.json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "a.json:1: Object missing required field" in err
