import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.answers.alignment import align
from halluc.answers.files import read_answers
from halluc.datasets.mme import COGNITION, PERCEPTION, TASKS, read_results, with_sample_ids
from halluc.errors import InputError
from halluc.records import Sample, Truth
from metrics.mme import mme
from metrics.mme_counts import HALLUCINATION, MmeCounts, blends, compute, odd_pictures, parse_answer

LLAVA_13B = {
    **{"existence": 185, "count": 155, "position": 133.33, "color": 170, "posters": 160.54},
    **{"celebrity": 152.94, "scene": 161.25, "landmark": 170.5, "artwork": 117.75, "OCR": 125},
    **{"commonsense_reasoning": 127.86, "numerical_calculation": 42.5},
    **{"text_translation": 77.5, "code_reasoning": 47.5},
}


def reference(lines):
    """The published script, literally, on one task's lines of truth and answer."""
    right = both = 0
    chunks = [lines[start : start + 2] for start in range(0, len(lines), 2)]
    for chunk in chunks:
        in_chunk = 0
        for gold, text in chunk:
            truth, answer = gold.lower(), text.lower()
            if answer in ["yes", "no"]:
                label = answer
            elif "yes" in answer[:4]:
                label = "yes"
            elif "no" in answer[:4]:
                label = "no"
            else:
                label = "other"
            in_chunk += label == truth
        right += in_chunk
        both += in_chunk == 2
    score = 0
    for value in (right / len(lines), both / len(chunks)):
        score += value * 100
    return score


def literal(samples, answers):
    tasks = {}
    for each in samples:
        tasks.setdefault(each.split, []).append((each.truth.label, answers[each.id]))
    scores = {task: reference(tasks[task]) for task in TASKS if task in tasks}
    for name, parts in (("perception", PERCEPTION), ("cognition", COGNITION)):
        total = 0
        for task in parts:
            total += scores[task]
        scores[name] = total
    return scores


def values(result, name="score"):
    scores = {each.split: each.value for each in result.scores if each.name == name}
    totals = {each.name: each.value for each in result.scores if not each.split}
    return scores | totals


def question(task, picture, number=1, label="yes"):
    truth = Truth(label=label)
    return Sample(
        id=f"{task}/{picture}/{number}", image=f"{task}/{picture}.jpg", split=task, truth=truth
    )


def test_lavin(shared):
    samples, given = read_results(shared / "mme" / "LaVIN")
    answers = {each.id: each.text for each in given}
    by_image, by_lines = mme(samples, answers), mme(samples, answers, "lines")
    assert by_image.scores == by_lines.scores
    found = values(by_image)
    assert found == literal(samples, answers) | {"hallucination": found["hallucination"]}
    assert round(found["perception"], 4) == 963.6114
    assert round(found["cognition"], 4) == 249.6429
    assert odd_pictures(samples) == []
    assert len(by_image.counts) == 1187


def test_llava_13b_official_answers(shared):
    samples, _ = read_results(shared / "mme" / "LaVIN")
    given = read_answers(shared / "mme" / "answers-llava-v1.5-13b.jsonl")
    answers = {
        id: each.text for id, each in align(with_sample_ids(given, samples), samples).items()
    }
    found = values(mme(samples, answers))
    assert {task: round(found[task], 2) for task in TASKS} == LLAVA_13B
    assert round(found["perception"], 2) == 1531.32
    assert round(found["cognition"], 2) == 295.36
    assert round(found["hallucination"], 2) == 643.33
    assert sum(values(mme(samples, answers), "other")[task] for task in TASKS) == 11


def test_agrees_with_the_published_rule_on_10_000_generated_answers():
    rng = random.Random(0)
    words = [
        "Yes",
        "No",
        "yes.",
        "NO\n",
        " no",
        "  yes",
        "Not so",
        "I know",
        "maybe",
        "",
        "n",
        "İno",
    ]
    samples = [
        question(task, picture, number, rng.choice(["yes", "no"]))
        for task in TASKS
        for picture in range(358)
        for number in (1, 2)
    ]
    answers = {each.id: rng.choice(words) + rng.choice(["", ", it is", " yes"]) for each in samples}
    assert len(samples) > 10_000
    expected = literal(samples, answers)
    for pairs in ("image", "lines"):
        found = values(mme(samples, answers, pairs))
        assert found.pop("hallucination") == sum(expected[task] for task in HALLUCINATION)
        assert found == expected


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("YES", "yes"),
        (" yes", "yes"),
        ("  yes", "other"),
        ("no\n", "no"),
        ("Now", "no"),
        ("Not yes", "no"),
        ("It is not", "other"),
        ("I know", "other"),
        ("", "other"),
    ],
)
def test_the_parser_and_its_quirks(text, label):
    assert parse_answer(text) == label


def test_incomplete_pictures_pair_otherwise_by_lines():
    samples = [question("scene", "a"), question("scene", "b"), question("scene", "b", 2, "no")]
    samples.append(question("scene", "c"))
    answers = dict(zip([each.id for each in samples], ["Yes", "Yes", "No", "No"], strict=True))
    by_image, by_lines = mme(samples, answers), mme(samples, answers, "lines")
    assert values(by_image, "acc")["scene"] == values(by_lines, "acc")["scene"] == 3 / 4
    assert values(by_image, "acc+")["scene"] == 1 / 3
    assert values(by_lines, "acc+")["scene"] == 1 / 2
    assert odd_pictures(samples) == ["scene/a.jpg", "scene/c.jpg"]
    with pytest.raises(InputError, match="scene has 3 questions"):
        mme(samples[:3], answers, "lines")


def test_a_total_of_less_than_its_tasks_is_undefined():
    samples = [
        question(task, "a", number, label)
        for task in HALLUCINATION
        for number, label in ((1, "yes"), (2, "no"))
    ]
    found = values(mme(samples, {each.id: each.truth.label for each in samples}))
    assert (found["existence"], found["hallucination"]) == (200, 800)
    assert (found["perception"], found["cognition"]) == (None, None)
    assert {each.value for each in compute(MmeCounts())} == {None}


answers_of_pairs = st.lists(st.tuples(*[st.sampled_from(["Yes", "No", "?"])] * 2), min_size=1)


@given(answers_of_pairs, answers_of_pairs)
def test_parts_add_up_and_blends_are_the_scores(one, other):
    samples, answers = [], {}
    for picture, pair in enumerate(one + other):
        for number, (text, label) in enumerate(zip(pair, ("yes", "no"), strict=True), 1):
            samples.append(question("color", picture, number, label))
            answers[samples[-1].id] = text
    whole = mme(samples, answers)
    parts = [mme(samples[: 2 * len(one)], answers), mme(samples[2 * len(one) :], answers)]
    counts = [each for part in parts for each in part.counts.values()]
    assert compute(sum(counts, MmeCounts())) == whole.scores
    found = {(each.split, each.name): each.value for each in whole.scores}
    weights = blends()["color", "score"]
    assert sum(weight * found[part] for part, weight in weights.items()) == pytest.approx(
        found["color", "score"], rel=1e-12
    )


def test_what_is_no_question_of_mme():
    with pytest.raises(InputError, match="'a' is of the task 'x', which is none of MME's"):
        mme([Sample(id="a", split="x", truth=Truth(label="yes"))], {"a": "yes"})
    with pytest.raises(InputError, match="'a' has no yes/no label"):
        mme([Sample(id="a", split="OCR")], {"a": "yes"})
