import json
from collections import defaultdict

import pytest

from app.workflows.generate import generate
from app.workflows.score import score
from halluc.datasets.hallusionbench import read_recorded
from halluc.errors import InputError
from halluc.records import Sample, Truth
from metrics.hallusionbench import READINGS, HallusionBench, hallusionbench

FIGURES = ("aAcc", "fAcc", "qAcc", "easy", "hard")


def literal(rows):
    """The published rule over rows of (category, subcategory, set, figure, question, visual, v)."""
    groups = {name: defaultdict(list) for name in FIGURES[1:]}
    rights = []
    for category, sub, set_, figure, question, visual, verdict in rows:
        free = category == "VS" and figure == "0"
        right = verdict in (1, 2) if free else verdict == 1
        rights.append(right)
        if not free:
            groups["fAcc"][category, sub, set_, figure].append(right)
        groups["qAcc"][category, sub, set_, question].append(right)
        groups["hard" if visual == "2" else "easy"][category, sub, set_, question].append(right)
    shares = {
        name: sum(map(all, by.values())) / len(by) if by else None for name, by in groups.items()
    }
    return {"aAcc": sum(rights) / len(rights), **shares}


def test_the_rule_in_literal_lines():
    rows = [
        *(("VS", "map", "0", "0", str(n), "0", n) for n in range(3)),
        *(("VS", "map", "0", "1", str(n), "1", 1) for n in range(3)),
        *(("VS", "map", "0", "2", str(n), "2", n % 2) for n in range(3)),
        *(("VD", "ocr", "0", "1", str(n), "1", 2) for n in range(2)),
        ("VS", "ocr", "0", "1", "0", "1", 1),  # a set of its own: the category counts
    ]
    samples = [Sample(id="/".join(row[:6]), truth=Truth(label="no")) for row in rows]
    scores = hallusionbench(
        samples, {each.id: row[6] for each, row in zip(samples, rows, strict=True)}
    )
    found = {each.name: each.value for each in scores if not each.split}
    assert {name: found[name] for name in FIGURES} == literal(rows)
    by = {(each.split, each.name): each.value or 0 for each in scores}
    for (split, name), weights in HallusionBench.blends.items():
        assert by[split, name] == pytest.approx(sum(w * by[key] for key, w in weights.items()))
    assert {split for split, _ in HallusionBench.blends} == {"", "VD", "VS"}


@pytest.mark.parametrize(
    ("text", "verdicts"),  # the right answer is no
    [
        ("No, it is not.", (1, 1, 1, 1)),
        ("It is not.", (2, 2, 1, 1)),
        ("Yes.", (0, 0, 0, 0)),
        ("I do not know, yes?", (0, 2, 0, 1)),
        ("Perhaps.", (2, 2, 1, 0)),
    ],
)
def test_readings_are_those_of_their_scripts(text, verdicts):
    assert tuple(read(text, "no") for read in READINGS.values()) == verdicts


PUBLISHED = {
    "2023-11-06_269": (65.4275, 35.1351, 27.3504, 80.3419, 27.8351),
    "2023-11-13_1125": (67.5556, 43.8953, 31.1258, 79.6009, 38.0841),
}


@pytest.mark.parametrize("edition", PUBLISHED)
def test_human_verdicts_give_the_published_figures(edition, shared):
    file = shared / "hallusionbench" / f"gpt4v_answers_human_{edition}.json"
    scored = score(file, "hallusionbench", reading="recorded")
    assert tuple(round(100 * scored.figure(name), 4) for name in FIGURES) == PUBLISHED[edition]
    twice = "6 questions stand in the file twice (VS/chart/10/0/0/0, "
    assert ("1125" in edition) == any(twice in each for each in scored.measured.warnings)
    if "269" in edition:
        assert round(scored.figure("yes bias"), 5) == 0.13755
        assert round(scored.figure("false positives of wrong"), 5) == 0.69892
        consistency = [scored.figure(n) for n in ("all right", "inconsistent", "all wrong")]
        assert [round(74 * each) for each in consistency] == [26, 30, 18]


def test_reading_words_without_a_judge(shared):
    file = shared / "hallusionbench/gpt4v_answers_human_2023-11-13_1125.json"
    scored = score(file, "hallusionbench")
    assert [round(100 * scored.figure(n), 2) for n in FIGURES[:3]] == [60.89, 27.03, 25.61]
    assert scored.how["agrees with the recorded verdicts"] == "77.5 % of 1125"


def judged(folder, data, replies, name):
    """A run of a judge with those replies."""
    rows = [{"id": id, "text": text} for id, text in replies.items()]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    generate(
        f"replay:{folder}/{name}.jsonl", f"hallusionbench-judge:{data}", folder / name,
        task="hallusionbench",
    )  # fmt: skip
    return folder / name


def test_a_judge_that_says_what_people_say_gives_the_published_figures(shared, tmp_path):
    edition = "2023-11-06_269"
    file = shared / "hallusionbench" / f"gpt4v_answers_human_{edition}.json"
    words = ("It is incorrect.", "Correct.", "Unclear")
    people = {each.sample.id: words[each.verdict] for each in read_recorded(file)}
    run = judged(tmp_path, file, people, "people")
    scored = score(file, "hallusionbench", judge=run)
    assert tuple(round(100 * scored.figure(name), 4) for name in FIGURES) == PUBLISHED[edition]
    assert scored.how["agrees with people"].startswith("accuracy 1.000")
    assert scored.how["agrees with the recorded verdicts"] == "100.0 % of 269"

    always = judged(tmp_path, file, dict.fromkeys(people, "It is correct."), "always")
    flattered = score(file, "hallusionbench", judge=always)
    assert flattered.figure("aAcc") == 1
    assert "balanced accuracy 0.500" in flattered.how["agrees with people"]
    assert "no more skill than always yes" in flattered.how["warning"][0]


def test_what_a_judge_did_not_judge_is_told(tmp_path):
    more = {"gt_answer_details": "A is higher.", "subcategory": "math"}
    rows = [row(question_id=str(n), **more) for n in range(2)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    ids = [each.sample.id for each in read_recorded(tmp_path / "a.json")]
    run = judged(tmp_path, tmp_path / "a.json", {ids[0]: "correct", ids[1]: "Who knows?"}, "run")
    scored = score(tmp_path / "a.json", "hallusionbench", judge=run)
    assert scored.figure("aAcc") == 0.5
    assert scored.how["no verdict read"].startswith("1 of 2")
    assert "how far this judge agrees" in scored.how["warning"][0]
    with pytest.raises(InputError, match="people have judged none"):
        score(tmp_path / "a.json", "hallusionbench", judge=run, validated=run)
    with pytest.raises(InputError, match="name this run with --judge"):
        score(run, "hallusionbench")
    (tmp_path / "b.json").write_text(
        json.dumps([rows[0], {**rows[1], "model_prediction": "Never."}])
    )
    with pytest.raises(InputError, match="it judged another answer to VD/math/0/1/1/1"):
        score(tmp_path / "b.json", "hallusionbench", judge=run)
    (tmp_path / "c.json").write_text(json.dumps([*rows, row(question_id="2")]))
    with pytest.raises(InputError, match="no verdict on 1 of 3"):
        score(tmp_path / "c.json", "hallusionbench", judge=run)
    with pytest.raises(InputError, match=r'c\.json:1: .* has no "gt_answer_details"'):
        judged(tmp_path, tmp_path / "c.json", {}, "none")


def row(**changed):
    return {
        "category": "VD", "subcategory": "math", "visual_input": "1", "set_id": "0",
        "figure_id": "1", "question_id": "0", "question": "Is it?", "gt_answer": "1",
        "filename": "./a.png", "model_prediction": "Yes.", **changed,
    }  # fmt: skip


def test_controls(tmp_path):
    """Always yes is right where yes is, and unclear answers are right without a picture."""
    rows = [row(question_id=str(n), gt_answer=str(n % 2)) for n in range(4)]
    rows += [row(category="VS", figure_id="0", visual_input="0", gt_answer="0", filename=None)]
    for text, right in (("Yes", 2), ("No", 3), ("Perhaps", 1)):
        (tmp_path / "a.json").write_text(
            json.dumps([{**e, "model_prediction": text} for e in rows])
        )
        scored = score(tmp_path / "a.json", "hallusionbench")
        assert scored.figure("aAcc") == right / 5


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row(gt_answer="yes")], '"gt_answer" must be 1'),
        ([row(model_prediction=None)], "has no answer"),
        ([row(gt_answer=None)], "name HallusionBench.json with --truth"),
        ([row()] * 3, "stands here more than twice"),
        ([row(correctness="maybe")], "a verdict is 0"),
        ([row(set_id=None)], "no row of HallusionBench"),
    ],
)
def test_what_is_wrong_is_named(rows, words, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(rows))
    with pytest.raises(InputError) as error:
        score(tmp_path / "a.json", "hallusionbench")
    assert words in str(error.value)
