"""What `halluc model check` finds on every family that the models page names."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from pages import families_table

import app.cli
from app.workflows.model import check_model
from halluc.errors import ModelError
from halluc.mllm import load_model
from halluc.mllm.transformers import TransformersMLLM

TABLE = families_table()
pytestmark = pytest.mark.filterwarnings("ignore:.* answers otherwise in a batch:UserWarning")


def load(folder: Path) -> TransformersMLLM:
    model = load_model(f"hf:{folder}", device="cpu")
    assert isinstance(model, TransformersMLLM)
    return model


@pytest.mark.parametrize("family", TABLE)
def test_the_page_is_what_is_found(checkpoint: Any, family: str) -> None:
    columns = {"training": "training on pairs"}
    table = TABLE[family]
    try:
        checks = {each.name: each for each in check_model(load(checkpoint(family)), tokens=4)}
    except ModelError as error:
        assert "\n" not in str(error) and "torchvision" in str(error)
        assert set(table.values()) == {"–"}
        return
    assert not [each for each in checks.values() if "\n" in each.reason]
    found = {name: checks[columns.get(name, name.lower())].verdict for name in table}
    assert found == table
    works = "yes" if "yes" in found.values() else "–"
    assert checks["answers"].verdict == checks["picture counts"].verdict == works


def test_what_works_wrongly_is_a_no(checkpoint: Any, monkeypatch: Any) -> None:
    model = load(checkpoint("llava"))
    whole = type(model.model).generate

    def leaking(self: Any, **inputs: Any) -> Any:
        """As a model whose rows see each other."""
        if len(inputs["input_ids"]) > 1:
            inputs["pixel_values"] = inputs["pixel_values"].flip(0)
        return whole(self, **inputs)

    monkeypatch.setattr(type(model.model), "generate", leaking)
    checks = {each.name: each for each in check_model(model)}
    assert checks["batches"].verdict == "no"
    assert "answers change in a batch" in checks["batches"].reason
    assert checks["picture counts"].verdict == "yes"


def test_a_picture_that_counts_for_nothing(checkpoint: Any) -> None:
    model = load(checkpoint("llava"))
    with torch.no_grad():
        for weight in model.model.model.multi_modal_projector.parameters():
            weight.zero_()
    checks = {each.name: each for each in check_model(model)}
    assert checks["picture counts"].verdict == "no"


def test_the_command(checkpoint: Any, monkeypatch: Any, capsys: Any) -> None:
    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["halluc", "model", "check", *words])
        try:
            app.cli.main()
        except SystemExit as end:
            return int(end.code or 0), capsys.readouterr().out
        return 0, capsys.readouterr().out

    code, out = run(f"hf:{checkpoint('llava')}", "--device", "cpu")
    assert code == 0 and "shared prefixes" in out and "KiB of weights" in out
    code, out = run(f"hf:{checkpoint('llava')}", "--device", "cpu", "--json")
    document = json.loads(out)
    assert {each["verdict"] for each in document["checks"]} == {"yes"}
    assert document["model"]["dtype"] == "float32"
