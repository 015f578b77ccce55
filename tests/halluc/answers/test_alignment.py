import random
from pathlib import Path

import pytest

from halluc.answers.alignment import align
from halluc.answers.files import read_answers
from halluc.datasets.pope import load_files
from halluc.errors import InputError
from halluc.records import Answer, Sample

ASKED = {
    "random": {1: "Is there a dog in the image?", 2: "Is there a bus in the image?"},
    "popular": {1: "Is there a dog in the image?", 2: "Is there a car in the image?"},
}
SAMPLES = [
    Sample(id=f"{split}/{id}", split=split, prompt=text)
    for split, questions in ASKED.items()
    for id, text in questions.items()
]


def answers(rows, path="answers.jsonl"):
    return [
        Answer(id, "Yes", Path(path), line, prompt) for line, (id, prompt) in enumerate(rows, 1)
    ]


RANDOM = list(ASKED["random"].items())
POPULAR = list(ASKED["popular"].items())


def lines(joined):
    return {id: answer.line for id, answer in joined.items()}


def test_blocks_go_to_the_split_that_was_asked():
    joined = align(answers(POPULAR + RANDOM), SAMPLES)
    assert lines(joined) == {"popular/1": 1, "popular/2": 2, "random/1": 3, "random/2": 4}


def test_llavas_offsets_and_prompts():
    suffix = "\nAnswer the question using a single word or phrase."
    rows = [(10_000_000 + id, text.replace("image", "imange") + suffix) for id, text in POPULAR]
    joined = align(answers([*RANDOM, *rows]), SAMPLES)
    assert lines(joined) == {"random/1": 1, "random/2": 2, "popular/1": 3, "popular/2": 4}


def test_own_ids_need_no_prompt_and_no_order():
    given = answers([(sample.id, None) for sample in reversed(SAMPLES)])
    assert set(align(given, SAMPLES)) == {sample.id for sample in SAMPLES}


def test_one_split_needs_no_prompt_and_may_come_in_two_files():
    given = answers([(2, None)], "a.jsonl") + answers([("1", None)], "b.jsonl")
    joined = align(given, SAMPLES[:2])
    assert {id: answer.path.name for id, answer in joined.items()} == {
        "random/1": "b.jsonl",
        "random/2": "a.jsonl",
    }


@pytest.mark.parametrize(
    ("rows", "samples", "message"),
    [
        (RANDOM[:1], SAMPLES[:2], "answers.jsonl: 1 of 2 questions have no answer (random/2)"),
        ([*RANDOM, RANDOM[1]], SAMPLES[:2], "answers.jsonl:3: 1 questions answered twice (2)"),
        ([*RANDOM, RANDOM[0]], SAMPLES, "answers.jsonl:3: 1 questions answered twice (1)"),
        ([*RANDOM, (7, "?")], SAMPLES[:2], "answers.jsonl:3: 1 answers without a question"),
        ([(7, "?")], SAMPLES, "answers.jsonl:1: 1 answers from here have no question"),
        ([(1, None), (2, None)], SAMPLES, "answers.jsonl:1: the 2 answers from here fit several"),
        ([(1, "Is it red?")], SAMPLES[:2], "answers.jsonl:1: question 1 was asked 'is it red?'"),
        (RANDOM, SAMPLES, "2 of 4 questions have no answer (popular/1, popular/2)"),
        ([("random/1", None)] * 2, SAMPLES[:1], "answers.jsonl:2: 1 questions answered twice"),
        ([("random/1", None), ("x", None)], SAMPLES[:1], "answers.jsonl:2: 1 answers without"),
    ],
)
def test_what_does_not_fit_is_named(rows, samples, message):
    with pytest.raises(InputError) as error:
        align(answers(rows), samples)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_two_answers_in_one_line_of_an_array(tmp_path):
    file = tmp_path / "answers.json"
    file.write_text('[{"id": 1, "text": "Yes"}, {"id": 1, "text": "No"}]')
    with pytest.raises(InputError, match=r"json:1: 1 questions answered twice \(1\)"):
        align(read_answers(file), SAMPLES[:1])


def test_published_answers_each_lose_one(shared):
    """A lost answer shifts nothing: it is named, wherever it was."""
    truth = load_files([shared / "pope" / "coco" / "coco_pope_popular.json"]).samples
    folder = shared / "pope_answers" / "llava-v1.5-7b"
    given = read_answers(folder / "llava-7b-coco-popular-greedy.jsonl")
    lost = random.Random(0).randrange(len(given))
    del given[lost]
    with pytest.raises(InputError, match=rf"1 of 3000 .*\(popular/{lost + 1}\)"):
        align(given, truth)
