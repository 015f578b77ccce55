"""Tables keep whole words and whole numbers, at any width."""

import pytest

from app.cli.tables import print_table

ROWS = [
    ["figure", "run", "value, 95 % interval", "p"],
    ["attribute hallucination rate", "captions-greedy", "10.49 [6.67, 14.56]", ".0318"],
    ["object coverage", "captions-dpo+m3id+lure", "86.13 [82.32, 89.89]", "1.0000"],
]


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_no_word_and_no_number_is_broken(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    print_table(ROWS, ("figure", "run"))
    out = capsys.readouterr().out
    for word in " ".join(" ".join(row[:2]) for row in ROWS).split():
        assert word in out
    for row in ROWS:
        assert row[2] in out and row[3] in out


def test_eighty_columns_where_nothing_tells(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(ROWS, ("figure", "run"))
    assert max(len(line.rstrip()) for line in capsys.readouterr().out.splitlines()) <= 80


def test_what_looks_like_markup_is_text(capsys):
    print_table([["a", "b"], ["[bold]x[/bold]", "[link]"]])
    assert "[bold]x[/bold]" in capsys.readouterr().out
