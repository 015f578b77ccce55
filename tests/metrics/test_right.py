"""Which questions each metric counts as answered rightly, and the metric that files are scored by.

A comparison takes both from files: its paired test counts questions that one side alone has right.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import readers
from printed import SAID

from halluc.answers.given import Given
from halluc.plugins import load_plugin, plugins
from halluc.records import Answer, Finish, Label, Sample, Truth

YES, NO = "Yes.", "No."


def said(*texts: str, first: int = 0) -> list[Any]:
    """Rows with a question's id and an answer each."""
    return [{"question_id": n, "text": each} for n, each in enumerate(texts, first)]


def told(rows: list[dict[str, Any]], name: str, *texts: str) -> list[dict[str, Any]]:
    """Rows that hold questions, with other answers."""
    return [{**row, name: text} for row, text in zip(rows, texts, strict=True)]


# A metric's answers, its ground truth, and whether each is right, by split and id.
RIGHT: dict[str, tuple[list[Any], str | None, dict[str, dict[str, bool]]]] = {
    "amber": (
        SAID["amber_d.json"],
        "AMBER",
        {"all": {"2": False, "3": True}, "existence": {"3": True}, "attribute": {"2": False},
         "state": {"2": False}, "number": {}, "action": {}, "relation": {}},
    ),
    "beaf": (
        SAID["beaf_d.json"],
        "beaf.json",
        {"original": {"0": False, "1": True}, "removed": {"2": True}, "kept": {"3": True}},
    ),
    "dash-b": (
        SAID["dash_d.json"],
        None,
        {"": {"no/bed/0.png": False, "no/bed/1.png": True,
              "yes/bed/0.png": False, "yes/bed/1.png": True}},
    ),
    "hallusionbench": (
        told(readers.HALLUSION, "model_prediction", YES, NO, "It is."),
        None,
        {"VS": {"VS/map/0/0/0/0": True, "VS/map/0/1/0/1": False, "VS/map/0/2/0/2": False}},
    ),
    "humblebench": (
        SAID["humble.jsonl"],
        None,
        {"Object": {"0": True, "1": False}, "Relation": {"2": False}},
    ),
    "mcq-pope": (
        said("A. dog", "B"),
        "mcq.jsonl",
        {"mcq": {"mcq/0": True, "mcq/1": False}},
    ),
    "pope": (
        said("Yes", "Maybe", "No", "No", first=1),
        "questions.jsonl",
        {"questions": {"questions/1": False, "questions/2": True, "questions/3": True,
                       "questions/4": False}},
    ),
    "reefknot": (
        told(readers.REEFKNOT, "response", NO, NO),
        None,
        {"perception": {"YESNO/1": False, "YESNO/2": True}},
    ),
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    readers.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(file: Path, rows: list[Any]) -> str:
    """The rows in the form that their metric reads."""
    lines = "question_id" in rows[0]
    file = file.with_suffix(".jsonl" if lines else ".json")
    file.write_bytes(readers.lines(rows) if lines else json.dumps(rows).encode())
    return str(file)


@pytest.mark.parametrize("name", RIGHT)
def test_which_questions_are_answered_rightly(name: str, files: Path) -> None:
    rows, truth, right = RIGHT[name]
    file = write(files / ("YESNO" if name == "reefknot" else "said"), rows)
    metric = load_plugin("metrics", name)()
    given = metric.read([file], [truth] if truth else [])
    assert given.texts
    assert metric.right(given) == right


@pytest.mark.parametrize(
    ("name", "split"),
    [("beaf", "original"), ("dash-b", ""), ("hallucinogen", ""), ("mcq-pope", ""),
     ("merlim", "original"), ("pope", ""), ("r-bench", "")],
)  # fmt: skip
def test_what_is_no_answer_is_as_right_as_in_the_accuracy(name: str, split: str) -> None:
    """An empty text and a refusal are read by some metrics, as published, and not by others."""
    rows: list[tuple[Label, str, Finish]] = [
        ("yes", "", "stop"), ("no", "No, I cannot help with this.", "refusal"),
        ("yes", "Because I cannot.", "refusal"), ("yes", "Yes", "stop"), ("yes", "B", "stop"),
    ]  # fmt: skip
    samples = [
        Sample(id=str(n), prompt="?", split=split, truth=Truth(label=label))
        for n, (label, _, _) in enumerate(rows)
    ]
    pairs = [
        (sample, Answer(sample.id, text, Path("a"), 1, finish=finish))
        for sample, (_, text, finish) in zip(samples, rows, strict=True)
    ]
    given = Given(None, pairs, asked=samples)
    given.note["letters"] = dict.fromkeys((each.id for each in samples), "B")
    metric = load_plugin("metrics", name)()
    scores = metric.measure(given).counted[0].scores
    [right] = metric.right(given).values()
    accuracy = next(each for each in scores if each.name.startswith("accuracy"))
    assert accuracy.numerator == sum(right.values())


@pytest.mark.parametrize(
    ("name", "source", "truth"),
    [
        ("amber", "amber.json", ["AMBER"]),
        ("beaf", "beaf_said.json", ["beaf:beaf.json"]),
        ("dash-b", "dash.json", ["dash-b:dash"]),
        ("hallucinogen", "answers.jsonl", ["hallucinogen:id_POPE_adv.json"]),
        ("hallusionbench", "hallusion.json", []),
        ("merlim", "answers.jsonl", ["merlim:merlim.csv"]),
        ("mme", "mme", []),
        ("mme", "answers.jsonl", ["mme"]),
        ("phd", "answers.jsonl", ["phd:data.json"]),
        ("pope", "answers.jsonl", ["questions.jsonl"]),
        ("r-bench", "answers.jsonl", ["r-bench:adv.json"]),
        (None, "captions.jsonl", ["objects.json"]),
        (None, "captions.jsonl", ["coco:coco"]),
        (None, "captions.jsonl", ["none.json"]),
        (None, "captions.jsonl", []),
        (None, "run", []),
    ],
)
def test_the_metric_that_files_are_scored_by(
    name: str | None, source: str, truth: list[str], files: Path
) -> None:
    """One metric fits answers and their ground truth, or none where the answers are captions."""
    fitting = [
        each for each in plugins("metrics") if load_plugin("metrics", each).fits(source, truth)
    ]
    assert fitting == ([name] if name else [])


@pytest.mark.parametrize(
    ("metric", "figure", "split", "label"),
    [
        ("amber", "CHAIR", "generative", "CHAIR"),
        ("amber", "F1", "all", "F1"),
        ("amber", "F1", "state", "state F1"),
        ("mme", "perception", "", "perception score"),
        ("pope", "F1", "", "F1"),
        ("pope", "F1", "all", "F1"),
        ("pope", "F1", "random", "random F1"),
    ],
)
def test_what_a_figure_is_called_in_a_sentence(
    metric: str, figure: str, split: str, label: str
) -> None:
    assert load_plugin("metrics", metric)().label(figure, split) == label


TEXTS = ("Yes.", "No, not at all.", "It is. Not that I know", "Yes and no", "I see a cup")


@pytest.mark.parametrize(
    ("metric", "readings"),
    [
        ("beaf", ["yes", "no", "no", "yes", "unknown"]),
        ("hallucinogen", ["yes", "no", "yes", "no", "yes"]),
        ("merlim", ["yes", "no", "unknown", "unknown", "unknown"]),
        ("phd", ["yes", "no", "unknown", "unknown", "unknown"]),
        ("r-bench", ["yes", "no", "yes", "no", "yes"]),
    ],
)
def test_how_answers_to_sets_of_questions_are_read(metric: str, readings: list[str]) -> None:
    """The reading that says which are right is the one of the figures."""
    made = load_plugin("metrics", metric)()
    assert [made.says(text, "yes") for text in TEXTS] == readings
    samples = [Sample(id=f"{n}", image="1.jpg", truth=Truth(label="yes")) for n in range(5)]
    answers = [
        Answer(each.id, text, Path("a"), n)
        for n, (each, text) in enumerate(zip(samples, TEXTS, strict=True))
    ]
    pairs = list(zip(samples, answers, strict=True))
    right = made.right(Given(None, pairs))[""]
    assert list(right.values()) == [each == "yes" for each in readings]
