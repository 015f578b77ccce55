"""Preference pairs from runs that were inspected: what `halluc data pairs` does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from halluc.errors import InputError
from halluc.language.things import load_things
from halluc.records import Finding, Label
from halluc.runs import Run, read_run
from metrics.finegrained import METRIC
from mitigation.precorrection.negatives import Answered, mine_answers, mine_captions
from mitigation.precorrection.pairs import balance, write_pairs

PAGE = 20
"""Pairs on the page to look at."""


def mine_runs(
    paths: Sequence[Path],
    output: Path,
    *,
    objects: Path | None,
    kinds: Sequence[str],
    seed: int,
    test_share: float,
    images: Path | None,
) -> dict[str, Any]:
    """Make a set of preference pairs from runs, and return its card.

    Args:
        paths: runs of captions with findings by kind, or of questions with labels.
        output: folder of the set.
        objects: names of more things, as given to `halluc score finegrained`.
        kinds: which kinds of pairs to keep.
        seed: of all that is drawn.
        test_share: share of the pictures whose pairs are kept out of training.
        images: folder of the pictures, where the data set needs it.

    Raises:
        RunError: no run.
        InputError: a run has no findings or no pictures, or pairs cannot be written.
    """
    runs = [read_run(path) for path in paths]
    captions: list[Answered] = []
    asked: list[tuple[Answered, bool]] = []
    for number, run in enumerate(runs):
        if run.card.get("task") == "caption":
            captions += _captions(run, number)
        else:
            asked += _answers(run, number)
    pairs = mine_captions(captions, load_things(objects), seed) if captions else []
    kept = balance([pair for pair in pairs if pair.kind in kinds], seed)
    kept += [pair for pair in mine_answers(asked, seed) if pair.kind in kinds]
    made = {
        "made by": "halluc data pairs",
        "runs": [_origin(run) for run in runs],
        "data": _data(runs),
        "images": None if images is None else str(images),
        "seed": seed,
    }
    card = write_pairs(output, kept, made, test_share)
    _page(output / "page.html", kept[:: max(1, len(kept) // PAGE)][:PAGE])
    return card


def _captions(run: Run, number: int) -> list[Answered]:
    path = run.path
    if METRIC not in run.scores():
        raise InputError(
            f"has no findings yet; find them with: halluc score finegrained {path}", path
        )
    found: dict[str, list[Finding]] = {}
    for each in run.findings(METRIC):
        found.setdefault(each.id, []).append(each)
    samples = {each.id: each for each in run.samples}
    answered = []
    for response in run.responses:
        sample = samples[response.id]
        if sample.image is None or sample.truth is None:
            lacking = "picture" if sample.image is None else "truth"
            raise InputError(f"sample {sample.id!r} has no {lacking}, so it makes no pair", path)
        if response.finish == "stop":  # what breaks off is no answer to learn from
            id = f"{number}/{response.id}"
            told = found.get(response.id, [])
            answered.append(
                Answered(id, sample.image, response.prompt, response.text, sample.truth, told)
            )
    return answered


def _answers(run: Run, number: int) -> list[tuple[Answered, bool]]:
    samples = {each.id: each for each in run.samples}
    answered = []
    for response in run.responses:
        sample = samples[response.id]
        label: Label | None = sample.truth.label if sample.truth else None
        if sample.image is None or sample.truth is None or label is None:
            lacking = "picture" if sample.image is None else "label"
            raise InputError(
                f"sample {sample.id!r} has no {lacking}, so it makes no pair", run.path
            )
        id = f"{number}/{response.id}"
        each = Answered(id, sample.image, response.prompt, response.text, sample.truth, ())
        answered.append((each, response.text.strip(" .").lower() == label))
    return answered


def _origin(run: Run) -> dict[str, Any]:
    answers = hashlib.sha256(b"\n".join(map(msgspec.json.encode, run.responses))).hexdigest()
    card = run.card
    return {
        "name": str(run.path),
        "task": card.get("task"),
        "model": card.get("model"),
        "decoding": card.get("decoding"),
        "data": card.get("data"),
        "answers": {"rows": len(run.responses), "sha256": answers},
    }


def _data(runs: Sequence[Run]) -> str:
    """The data set whose pictures the pairs are on."""
    names = {str(run.card.get("data", {}).get("name", "")).split(" ")[0] for run in runs}
    if all(name.partition(":")[0] == "tabletop" for name in names):
        return "tabletop"  # a scene's name is enough to draw it
    if len(names) > 1:
        raise InputError(f"the runs are on pictures of different data: {', '.join(sorted(names))}")
    return names.pop()


def _page(path: Path, pairs: Sequence[Any]) -> None:
    """Pairs as a page to look at, the words in which they differ marked."""
    from html import escape

    def marked(text: str, spans: Sequence[tuple[int, int]], mark: str) -> str:
        pieces, last = [], 0
        for start, end in spans:
            pieces += [escape(text[last:start]), f'<b class="{mark}">{escape(text[start:end])}</b>']
            last = end
        return "".join([*pieces, escape(text[last:])])

    rows = "\n".join(
        f"<tr><td>{escape(p.image)}<br><small>{p.kind}</small></td>"
        f"<td><i>{escape(p.prompt)}</i><br>{marked(p.chosen, p.chosen_spans, 'good')}<br>"
        f"{marked(p.rejected, p.rejected_spans, 'bad')}</td></tr>"
        for p in pairs
    )
    path.write_text(
        '<!doctype html><meta charset="utf-8"><title>Preference pairs</title>\n'
        "<style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto}td{padding:.6em;"
        "vertical-align:top;border-top:1px solid #ddd}.good{color:#00703c}.bad{color:#b3400a;"
        "text-decoration:underline}</style>\n"
        "<p>Of each pair the better answer stands above the worse one.</p>\n"
        f"<table>\n{rows}\n</table>\n",
        encoding="utf-8",
    )
