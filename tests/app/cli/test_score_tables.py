"""What `halluc score` prints of small answers, to the letter."""

from pathlib import Path

import printed

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "tables.txt"


def test_tables(halluc, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    printed.write(Path())
    assert printed.printed(halluc) == GOLDEN.read_text("utf-8")
