"""The embedded pipeline's part of a result card."""

from __future__ import annotations

import hashlib
from typing import Any

from halluc.jsonl import read_json
from halluc.language.pipeline.parser import FOLDER


def pipeline_card() -> dict[str, Any]:
    """Name, version and SHA-256 of the embedded pipeline's files."""
    meta = read_json(FOLDER / "meta.json", dict[str, Any])
    digest = hashlib.sha256()
    for file in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
        digest.update(f"{file.relative_to(FOLDER).as_posix()}\n".encode() + file.read_bytes())
    return {
        "name": f"{meta['lang']}_{meta['name']} {meta['version']}",
        "sha256": digest.hexdigest(),
    }
