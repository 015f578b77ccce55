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
