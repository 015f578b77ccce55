"""What is said of security is what the code holds."""

import importlib
from pathlib import Path

import pytest

from halluc.security import ENTRIES, LEAVES, lines

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text("utf-8")


def test_the_page_and_the_command_say_the_same():
    said = "\n".join(lines())
    for what, rule, where in ENTRIES:
        assert f"| {what} | {rule} |" in PAGE and what in said and rule in said
        for module in where.split(", "):
            importlib.import_module(module)
    for option, what in LEAVES:
        assert f"| `{option}` | {what} |" in PAGE and f"{option}: {what}" in said


def test_settings_are_named_and_no_key_is_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    said = "\n".join(lines())
    assert "OPENAI_API_KEY is set" in said and "sk-secret" not in said
    assert "never asked" in said
