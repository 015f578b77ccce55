"""Hallucination by kind in runs: how claims were read, and the findings that a run holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from app.workflows.score import result_card
from halluc.jsonl import read_json
from halluc.language.claims.things import Things
from halluc.language.claims.truths import in_words_of
from halluc.language.pipeline.parser import FOLDER
from halluc.records import Answer, Truth
from halluc.runs import Run
from metrics.finegrained import EDITION, METRIC, Counts, count_findings, finegrained

# Where a card says otherwise, there would be other findings today.
_DECIDING = ("metric", "pipeline", "vocabulary", "answers", "truth", "versions")


def claims_card(things: Things) -> dict[str, Any]:
    """What decides which claims are read in a text: pipeline and vocabulary with their hashes."""
    meta = read_json(FOLDER / "meta.json", dict[str, Any])
    digest = hashlib.sha256()
    for file in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
        digest.update(f"{file.relative_to(FOLDER).as_posix()}\n".encode() + file.read_bytes())
    name = f"{meta['lang']}_{meta['name']} {meta['version']}"
    return {
        "pipeline": {"name": name, "sha256": digest.hexdigest()},
        "vocabulary": {"name": things.name, "sha256": things.sha256},
    }


def count_kinds(
    run: Run | None, given: Sequence[Answer], truths: Mapping[str, Truth], things: Things
) -> dict[str, Counts]:
    """Counts of each caption, of the findings that the run holds if they were found in this way.

    Args:
        run: where the captions come from; None where they came as a file.
        given: the captions.
        truths: truth of each caption's picture, by the caption's id.
        things: the vocabulary.
    """
    texts = {str(each.id): each.text for each in given}
    if run is not None and _holds(run, texts, truths):
        kept = run.scores().get(METRIC, {}).get("how", {})
        how = result_card(EDITION, run, given, **claims_card(things))
        if all(kept.get(name) == how.get(name) for name in _DECIDING):
            known = {id: in_words_of(things, truth) for id, truth in truths.items()}
            return count_findings(run.findings(METRIC), known)
    return finegrained(texts, truths, things).counts


def _holds(run: Run, texts: Mapping[str, str], truths: Mapping[str, Truth]) -> bool:
    """Whether texts and truths are those of a run, whole and unchanged."""
    answers = {each.id: each.text for each in run.responses}
    return texts == answers and truths == {each.id: each.truth for each in run.samples}
