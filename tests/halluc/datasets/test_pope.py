import gzip
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.answers.rows import picture_id
from halluc.datasets.pope import build_questions, load, load_files, read_questions
from halluc.errors import InputError
from halluc.records import Sample, TrueObject, Truth

NAMES = ["apple", "bus", "cup", "dog", "oven", "umbrella"]


def sample(id, names):
    return Sample(
        id=id, image=id, truth=Truth(objects=tuple(TrueObject(name=name) for name in names))
    )


worlds = st.lists(st.sets(st.sampled_from(NAMES)), max_size=6).map(
    lambda sets: [sample(f"s{number}", sorted(names)) for number, names in enumerate(sets)]
)


@given(worlds, st.integers(0, 5))
def test_questions_are_true_balanced_and_fixed_by_seed_and_id(world, seed):
    questions = build_questions(world, seed)
    shuffled = random.Random(seed).sample(world, len(world))
    assert sorted(questions, key=lambda q: q.id) == sorted(
        build_questions(shuffled, seed), key=lambda q: q.id
    )
    assert len({question.id for question in questions}) == len(questions)
    truths = {each.id: each.truth.names for each in world}
    for question in questions:
        article, name = question.prompt.removeprefix("Is there ").split(" ")[:2]
        assert article == ("an" if name[0] in "aeiou" else "a")
        assert (question.truth.label == "yes") == (name in truths[question.image])
        assert question.truth.names == truths[question.image]
    labels = [question.truth.label for question in questions]
    assert labels.count("yes") == labels.count("no")
    present = {each.id: [q for q in questions if q.image == each.id] for each in world}
    for asked in present.values():
        by_split = [
            [q.prompt for q in asked if q.split == split and q.truth.label == "yes"]
            for split in ("random", "popular", "adversarial")
        ]
        assert by_split[0] == by_split[1] == by_split[2]
        assert len(set(by_split[0])) == len(by_split[0]) <= 3


def negatives(questions, split):
    return [q.prompt.split()[3] for q in questions if q.split == split and q.truth.label == "no"]


def test_popular_is_frequent_and_adversarial_is_company():
    asked = sample("x", ["cup"])
    statistics = [
        Truth(objects=tuple(TrueObject(name=name) for name in names))
        for names in (["dog"], ["dog"], ["dog", "bus"], ["cup", "oven"], ["bus"])
    ]
    questions = build_questions([asked], statistics_from=statistics)
    assert negatives(questions, "popular") == ["dog"]
    assert negatives(questions, "adversarial") == ["oven"]
    assert [q.id for q in questions] == [
        f"x/{split}/{number}" for split in ("random", "popular", "adversarial") for number in (1, 2)
    ]
    assert questions[0].truth.label == "yes"


def test_seeds_differ():
    world = [sample(f"s{number}", NAMES[number % 3 :][:3]) for number in range(20)]
    assert build_questions(world, 0) != build_questions(world, 1)


@pytest.mark.parametrize(
    "family", ["coco/coco_pope", "gqa/gqa_pope_seem", "aokvqa/aokvqa_pope_seem"]
)
def test_published_files(family, shared):
    for split in ("random", "popular", "adversarial"):
        samples = read_questions(shared / "pope" / f"{family}_{split}.json")
        labels = [each.truth.label for each in samples]
        assert (len(samples), labels.count("yes")) == (3000, 1500)
        assert samples[16].id == f"{split}/17"


def test_labels_agree_with_the_coco_truth(shared):
    """All but the chairs that WordNet's lemmas read out of "seated" in reference captions."""
    table = shared / "coco" / "coco_gt_objects_wordnet.json.gz"
    truth = json.loads(gzip.decompress(table.read_bytes()))
    others = []
    for split in ("random", "popular", "adversarial"):
        for each in read_questions(shared / "pope" / "coco" / f"coco_pope_{split}.json"):
            name = each.prompt.removesuffix(" in the image?").split(" ", 3)[3]
            if (name in truth[picture_id(each.image)]) != (each.truth.label == "yes"):
                others.append((split, name, each.truth.label))
    assert sorted(others) == [("adversarial", "chair", "no")] * 2 + [("popular", "chair", "no")] * 4


ROW = {"question_id": 1, "image": "a.jpg", "text": "Is there a cup in the image?", "label": "no"}


def test_folder_and_pictures(tmp_path):
    from PIL import Image

    for split in ("random", "popular"):
        (tmp_path / f"mine_{split}.json").write_text(json.dumps([ROW], indent=1))
    Image.new("L", (4, 3)).save(tmp_path / "a.jpg")
    dataset = load(tmp_path)
    assert [each.id for each in dataset.samples] == ["popular/1", "random/1"]
    assert dataset.name == f"pope:{tmp_path}"
    assert [card["rows"] for card in dataset.card["files"]] == [1, 1]
    picture = dataset.open_image(dataset.samples[0])
    assert (picture.mode, picture.size) == ("RGB", (4, 3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no questions in this file"),
        (json.dumps(ROW) + "\nnot json\n", "q.json:2: JSON is malformed"),
        (json.dumps(ROW) + "\n" + json.dumps(ROW), "q.json:2: question_id 1 stands already"),
        (json.dumps(ROW | {"label": "maybe"}), "q.json:1: Invalid enum value 'maybe'"),
        (json.dumps([ROW, {"question_id": "x"}], indent=1), "q.json:8: Expected `int`, got `str`"),
        ("[\n1,\n2\n", "q.json"),
    ],
)
def test_bad_rows_are_named(text, message, tmp_path):
    file = tmp_path / "q.json"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        load(file)
    assert message in str(error.value)


def test_files_of_one_split_and_empty_folders(tmp_path):
    with pytest.raises(InputError, match="no POPE question files"):
        load(tmp_path)
    for name in ("a_random.json", "b_random.json"):
        (tmp_path / name).write_text(json.dumps(ROW))
    with pytest.raises(InputError, match="of the same split as a_random"):
        load_files([tmp_path / "a_random.json", tmp_path / "b_random.json"])
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "none.json")
