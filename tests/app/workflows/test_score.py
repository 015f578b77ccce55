"""Scores and comparisons from Python: their figures, and how they show themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import halluc


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Captions of two methods on three pictures, and the objects of these."""
    said = {"base": ["A dog.", "A cat and a fork.", "A <b>cup</b>."], "ours": ["A dog."] * 3}
    for name, texts in said.items():
        rows = [{"image_id": n, "caption": text} for n, text in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    truth = {"0": ["dog"], "1": ["cat"], "2": ["cup"]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    return tmp_path


def test_a_score_has_figures_tables_and_a_short_repr(files: Path) -> None:
    scored = halluc.score(files / "base.jsonl", "chair", truth=files / "truth.json")
    assert scored.figure("CHAIRi") == 0.25
    assert repr(scored).startswith("Scored(chair: CHAIRs 0.3333; CHAIRi 0.25; Recall 1;")
    assert "25.00" in scored._repr_html_()
    table = scored.to_pandas().set_index("name")
    assert table.loc["CHAIRi", ["value", "numerator", "denominator"]].tolist() == [0.25, 1, 4]


def test_a_figure_that_there_is_not_is_refused_with_those_that_there_are(files: Path) -> None:
    scored = halluc.score(files / "base.jsonl", "chair", truth=files / "truth.json")
    with pytest.raises(KeyError, match="chair has no figure 'chairi'; it has CHAIRs, CHAIRi, "):
        scored.figure("chairi")


def test_a_comparison_says_its_verdict_and_gives_a_table(files: Path) -> None:
    runs = {"base": files / "base.jsonl", "<i>ours": files / "ours.jsonl"}
    compared = halluc.compare(runs, truth=files / "truth.json")
    assert repr(compared).startswith("ComparedRuns(base, <i>ours): ")
    assert compared.verdicts[0] in repr(compared)
    html = compared._repr_html_()
    assert "&lt;i&gt;ours" in html
    assert "<i>" not in html
    table = compared.to_pandas()
    row = table[table["name"] == "CHAIRi"].iloc[0]
    assert row["difference"] == pytest.approx(2 / 3 - 1 / 4)


def test_thoughts_are_no_answers_and_what_is_none_is_counted(tmp_path: Path) -> None:
    answers = ["<think>Yes, maybe.</think>No.", "<think>Yes, it", "", "Yes.", "No."]
    labels = ["no", "yes", "no", "yes", "yes"]
    truth = [
        {"question_id": n, "image": f"{n}.jpg", "text": f"Is there a dog {n}?", "label": label}
        for n, label in enumerate(labels, 1)
    ]
    rows = [{"question_id": n, "answer": text} for n, text in enumerate(answers, 1)]
    for name, lines in (("truth.json", truth), ("answers.jsonl", rows)):
        (tmp_path / name).write_text("".join(json.dumps(each) + "\n" for each in lines))
    scored = halluc.score(tmp_path / "answers.jsonl", "pope", truth=tmp_path / "truth.json")
    split = scored.scores[0].split
    counts = {name: scored.figure(name, split) for name in ("TP", "FP", "TN", "FN", "unknown")}
    assert counts == {"TP": 1, "FP": 0, "TN": 1, "FN": 1, "unknown": 2}
    assert scored.how["no answer"] == "2 of 5 (1 unfinished, 1 empty)"
    published = {each.name: each.value for each in scored.measured.extra["as published"]}
    assert (published["TP"], published["FP"], published["unknown"]) == (2, 1, 0)
    again = scored.metric.read([str(tmp_path / "answers.jsonl")], [str(tmp_path / "truth.json")])
    right = scored.metric.right(again)[split]
    assert sorted(right.values()) == [False, False, False, True, True]
