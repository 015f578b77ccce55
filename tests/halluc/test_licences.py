"""No licence comes as a surprise: what is installed for halluc, and what ships."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from app.cli import cli
from halluc.language.pipeline.parser import FOLDER
from halluc.licences import OWN, Package, lines, packages

# Weak copyleft, of packages that are used as they are: whole files stay under their licence.
KNOWN = {"certifi", "orjson", "pathspec", "psycopg", "psycopg-binary", "tqdm"}


def test_nothing_is_copyleft_by_surprise() -> None:
    found = {each.name.lower() for each in packages() if each.copyleft}
    assert found <= KNOWN


def test_every_requirement_that_is_installed_is_told() -> None:
    from importlib import metadata

    told = {each.name.lower().replace("_", "-") for each in packages()}
    asked = [Requirement(each) for each in metadata.requires("halluc") or ()]
    plain = {each.name.lower() for each in asked if each.marker is None}
    assert {"click", "numpy", "spacy"} <= plain <= told
    assert "thinc" in told  # what spaCy needs
    assert not told & {"halluc", "pytest", "mypy", "ruff"}


@pytest.mark.parametrize(
    ("licence", "copyleft"),
    [
        *[(each, False) for each in ("MIT", "BSD-3-Clause AND MIT", "Apache-2.0", "PSF-2.0", "")],
        *[(each, True) for each in ("GPL-3.0-or-later", "LGPL-3.0-only", "AGPLv3", "MPL-2.0")],
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("CC BY-SA 4.0", True),
        ("MIT OR GPL-2.0-only", False),
        ("MPL-2.0 AND MIT", True),
    ],
)
def test_what_is_copyleft(licence: str, copyleft: bool) -> None:
    assert Package("x", "1", licence).copyleft == copyleft


def test_the_command_tells_all(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["doctor", "--licences"], standalone_mode=False)
    out = capsys.readouterr().out
    assert out.splitlines() == list(lines())
    assert all(what in out and licence in out for what, licence in OWN)
    assert '"CC BY-SA 4.0"' in Path(FOLDER / "meta.json").read_text("utf-8")
