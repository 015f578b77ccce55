from __future__ import annotations

import sys
from typing import Any

import pytest

import app.cli


def describe(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sys, "argv", ["halluc", "model", "describe", name])
    app.cli.main()


def test_the_parts_are_shown(
    checkpoint: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    describe(monkeypatch, f"hf:{checkpoint('llava')}")
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == ["vision", "encoder", "CLIPVisionModel", "36,224", "47.3%", "100%"]
    assert shown[4].split()[:3] == ["all", "LlavaForConditionalGeneration", "76,576"]
    assert "A picture of 28×28 pixels becomes 4 image tokens." in shown
    assert any(each.startswith("vision encoder: layers 2, width 32") for each in shown)


def test_what_is_no_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    file = tmp_path / "answers.jsonl"
    file.touch()
    for name, said in ((f"replay:{file}", "is no checkpoint"), ("hf:./none", "no folder")):
        with pytest.raises(SystemExit) as caught:
            describe(monkeypatch, name)
        assert caught.value.code == 2
        shown = capsys.readouterr().err
        assert said in shown
        assert len(shown.splitlines()) == 1
