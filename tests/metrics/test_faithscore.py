import json
import re
from itertools import groupby, pairwise

import pytest
from PIL import Image

from app.workflows.generate import generate
from app.workflows.score import score
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.judges.facts import ends_of, facts_of
from halluc.language.claims.reader import read_claims
from halluc.runs import read_run
from metrics.faithscore import Verdict, compute, update

CAPTIONS = {
    "1": "A red cup is on a table. There is a dog, and it is sleeping.",
    "2": "Two dogs are in the picture.",
    "3": "It is a wonderful day.",
}
TRUTHS = {
    "1": {
        "objects": [{"name": "cup", "attributes": {"color": "blue"}}, {"name": "dining table"}],
        "complete": True,
    },
    "2": {"objects": [{"name": "dog"}, {"name": "dog"}], "complete": True},
    "3": {"objects": [], "complete": True},
}


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def files(tmp_path):
    """Captions beside their pictures, and what is true of these."""
    for id in CAPTIONS:
        picture = Image.new("RGB", (4, 4), (int(id), 0, 0))
        picture.save(tmp_path / f"COCO_val2014_{id:0>12}.png")
    captions = [{"image_id": id, "caption": text} for id, text in CAPTIONS.items()]
    truths = [{"id": id, "truth": truth} for id, truth in TRUTHS.items()]
    return lines(tmp_path / "captions.jsonl", captions), lines(tmp_path / "truth.jsonl", truths)


def figures(scores):
    return {each.name: each.value for each in scores if not each.split}


def test_as_the_published_script_counts():
    """The mean over answers of the mean over facts; an answer without facts is 0, by parts 1."""
    answers = [
        [("entity", 0, True), ("color", 0, False), ("entity", 1, True)],
        [("relation", 0, False)],
        [],
        [("entity", 0, True), ("entity", 0, None)],
        [("entity", 0, None)],
    ]
    counts = [update([Verdict(*fact) for fact in each]) for each in answers]
    found = figures(compute(sum(counts[1:], counts[0])))
    facts = [[right for *_, right in each if right is not None] for each in answers[:4]]
    means = [sum(each) / len(each) if each else 0 for each in facts]
    assert found["FaithScore"] == pytest.approx(sum(means) / 4, abs=1e-15)
    assert found["sentence-level FaithScore"] == (1 / 2 + 0 + 1 + 1) / 4
    assert found["entity facts"] == 1
    assert found["color facts"] == found["relation facts"] == 0
    assert found["count facts"] is None
    assert found["answers without a verdict"] == 1 / 5


def test_facts_that_people_judged(shared):
    """The published annotation: its facts give a figure, and sub-sentences are cut as there."""
    file = shared / "faithscore_annotation.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    scored = score(file, "faithscore")
    means = [sum(each) / len(each) if each else 0 for each in (r["stage 2"].values() for r in rows)]
    assert scored.figure("FaithScore") == pytest.approx(sum(means) / len(means), abs=1e-12)
    assert scored.figure("sentence-level FaithScore") is None
    same = 0
    for row in rows:
        ends = [0, *ends_of(row["answer"]), len(row["answer"])]
        parts = [
            re.sub(r"^[.,;!?]+", "", row["answer"][one:other]).strip()
            for one, other in pairwise(ends)
        ]
        # Where the same words come twice the published table holds them once.
        same += (
            dict.fromkeys(filter(None, parts)).keys()
            == {each.strip(): None for each in row["stage 1"]}.keys()
        )
    assert same == len(rows)


def test_facts_are_sentences_of_their_own():
    text = "A man holds an umbrella, and two black dogs sit next to a bus. There is no cat."
    [claims] = read_claims([text])
    facts = facts_of(text, claims)
    told = {each.statement: (each.category, each.part) for each in facts}
    assert told["A person holds an umbrella."] == ("relation", 0)
    assert told["A dog in the picture is black."] == ("color", 1)
    assert told["The picture shows two dogs."] == ("count", 1)
    assert told["A dog is next to a bus."] == ("relation", 1)
    assert told["It is not so that there is a cat in the picture."] == ("entity", 2)
    assert [part for part, _ in groupby(each.part for each in facts)] == [0, 1, 2]


def test_the_ground_truth_judges(files):
    """Wrong: the red, the dog, and what is said of the dog; the third states nothing."""
    captions, truth = files
    scored = score(captions, "faithscore", truth=truth)
    found = figures(scored.scores)
    right, wrong = 2, 3  # the relation on the table is not told by the truth
    assert found["FaithScore"] == pytest.approx((right / (right + wrong) + 1 + 0) / 3)
    assert found["sentence-level FaithScore"] == pytest.approx((0 + 1 + 1) / 3)
    assert found["color facts"] == 0
    assert found["count facts"] == 1
    assert scored.figure("facts without a verdict") == pytest.approx(1 / 8)


def test_objects_alone_judge_objects_alone(files, tmp_path):
    """Where no attribute could be called right, none of an absent thing is called wrong."""
    captions, _ = files
    objects = lines(tmp_path / "o.jsonl", [{"id": id, "objects": ["cup"]} for id in CAPTIONS])
    found = figures(score(captions, "faithscore", truth=objects).scores)
    assert found["other facts"] is None and found["color facts"] is None
    assert found["entity facts"] == 1 / 4


@pytest.mark.parametrize("reply", ["Yes.", "No, it does not.", None])
def test_a_judge_decides_in_place_of_the_truth(reply, files, tmp_path):
    """Always yes is 1, always no 0; one that is right agrees with the truth."""
    captions, truth = files
    data = load_dataset(f"faithscore-judge:{captions}")
    wrong = ("red", "dog in", "There is a dog")
    rows = [
        {
            "id": each.id,
            "text": reply
            or ("no" if each.id[0] == "1" and any(one in each.prompt for one in wrong) else "yes"),
        }
        for each in data.samples
    ]
    judge = lines(tmp_path / "judge.jsonl", rows)
    run = tmp_path / "run"
    generate(f"replay:{judge}", f"faithscore-judge:{captions}", run, task="faithscore-judge")
    assert read_run(run).card["task"] == "faithscore-judge"
    alone = score(captions, "faithscore", judged=run)
    assert "how far this judge is right" in alone.how["warning"][0]
    told = figures(alone.scores)
    checked = score(captions, "faithscore", judged=run, truth=truth)
    agreed = {(each.split, each.name): each.value for each in checked.scores}
    assert "warning" not in checked.how
    if reply is None:
        assert agreed["judge", "accuracy"] == agreed["judge", "kappa"] == 1
        assert told["FaithScore"] == pytest.approx((3 / 6 + 1 + 0) / 3)
    else:
        always = "always yes" if reply == "Yes." else "always no"
        assert agreed["judge", "accuracy"] == agreed[always, "accuracy"]
        assert agreed["judge", "balanced accuracy"] == 0.5
        assert told["FaithScore"] == pytest.approx((2 if reply == "Yes." else 0) / 3)
    lines(captions, [{"image_id": "1", "caption": "A blue cup."}])
    with pytest.raises(InputError, match="asked about something else"):
        score(captions, "faithscore", judged=run)


def test_pictures_are_found_by_their_number(files, tmp_path):
    captions, _ = files
    (tmp_path / "COCO_val2014_000000000002.png").unlink()
    data = load_dataset(f"faithscore-judge:{captions}")
    assert data.open_image(data.samples[0]).getpixel((0, 0)) == (1, 0, 0)
    with pytest.raises(InputError, match=r"no picture of '2' in it; name their --images"):
        data.open_image(data.samples[-1])


def test_a_run_brings_its_pictures_and_its_truth(tmp_path):
    scenes = load_dataset("tabletop:broken:0-1").samples
    said = [
        {"id": each.id, "text": f"There is a {next(iter(sorted(each.truth.names)))}."}
        for each in scenes
    ]
    run = tmp_path / "run"
    generate(f"replay:{lines(tmp_path / 'a.jsonl', said)}", "tabletop:broken:0-1", run)
    assert score(run, "faithscore").figure("FaithScore") == 1
    data = load_dataset(f"faithscore-judge:{run}")
    assert [each.id for each in data.samples] == [f"{each.id}/1" for each in scenes]
    assert data.open_image(data.samples[1]).size == data.open_image(data.samples[0]).size
    judge = [{"id": each.id, "text": "no"} for each in data.samples]
    replies = lines(tmp_path / "judge.jsonl", judge)
    generate(
        f"replay:{replies}", f"faithscore-judge:{run}", tmp_path / "j", task="faithscore-judge"
    )
    assert score(run, "faithscore", judged=tmp_path / "j").figure("FaithScore") == 0


def test_a_file_of_facts_without_verdicts_is_one_line(tmp_path):
    row = {"id": "1", "answer": "A dog.", "stage 2": {"There is a dog.": "maybe"}}
    with pytest.raises(InputError, match=r"a\.jsonl:1: no row of FaithScore"):
        score(lines(tmp_path / "a.jsonl", [row]), "faithscore")
