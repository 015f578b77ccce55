"""What pages of the docs say in tables."""

from __future__ import annotations

from pathlib import Path


def families_table() -> dict[str, dict[str, str]]:
    """Family → column → what the page says."""
    page = Path(__file__).resolve().parents[2] / "docs" / "models.md"
    lines = page.read_text().partition("| family |")[2].partition("\n\n")[0].splitlines()
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return {row[1]: dict(zip(rows[0][1:], row[2:], strict=True)) for row in rows[2:]}
