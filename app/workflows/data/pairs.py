"""Preference pairs from runs that were inspected: what `halluc data pairs` does."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from app.workflows.data.reviewed import read_doubts
from halluc.card import check_place
from halluc.errors import InputError
from halluc.jsonl import write_atomically
from halluc.language.claims.things import load_things
from halluc.records import Finding, Label
from halluc.runs import Run, read_run
from metrics.finegrained_counts import METRIC
from mitigation.precorrection.inspected import Answered, Inspected
from mitigation.precorrection.negatives import Spread, mine_answers, mine_captions
from mitigation.precorrection.pairs import KINDS, Pair, PairKind, balance, write_pairs
from mitigation.precorrection.pairs import balance_length as balanced

COMMAND = "halluc data pairs"

PAGE = 20
"""Pairs on the page."""

MANY = 1000
"""From as many pictures on, it pays to start processes."""

T = TypeVar("T")
R = TypeVar("R")


def make_pairs(
    runs: Sequence[str | Path],
    output: str | Path,
    *,
    kinds: Sequence[PairKind] = KINDS,
    most: int | None = None,
    vocabulary: str | Path | None = None,
    images: str | Path | None = None,
    reviews: str | None = None,
    test_share: float = 0.05,
    balance_length: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Make a set of preference pairs from runs that were scored by kind of claim.

    Example: ``make_pairs(["runs/sampled"], "runs/pairs")``

    Args:
        runs: runs of captions with findings by kind, or of questions with labels.
        output: folder of the set: train.jsonl, test.jsonl, card.json, page.html.
        kinds: which kinds of pairs to keep.
        most: pairs of captions of each kind, at most.
        vocabulary: file of things and the words for them, as for `halluc score finegrained`.
        images: folder of the pictures, where the data set needs it.
        reviews: database of reviews of these runs, a file or a URL.
        test_share: share of the pictures whose pairs are kept out of training, 0 to .9.
        balance_length: keep only as many longer as shorter better answers.
        seed: of all that is drawn.

    Returns:
        The card of the set: how many pairs of each kind there are, and what they were made of.

    Raises:
        RunError: no run.
        InputError: a run has no findings or no pictures, nobody reviewed them there, or pairs
            cannot be written.
    """
    output, paths = Path(output), [Path(each) for each in runs]
    check_place(output, COMMAND)
    doubts = read_doubts(paths, reviews) if reviews else None
    inspected = Inspected(
        load_things(None if vocabulary is None else Path(vocabulary)), doubts.of if doubts else None
    )
    asked: list[tuple[Answered, bool]] = []
    origins = []
    for number, path in enumerate(paths):
        run = read_run(path, tokens=False)
        if run.card.get("task") == "caption":
            for each in captions_of(run, number):
                inspected.add(each)
        else:
            asked += answers_of(run, number)
        origins.append(origin_of(run))
    data = data_of(origins)
    made: list[Pair] = []
    if inspected.groups:
        many = len(inspected.groups) >= MANY
        with in_processes() if many else nullcontext(map) as spread:
            made = mine_captions(inspected, kinds, seed, spread, most)
    kept = balance(balanced(made, seed) if balance_length else made, seed)
    kept += mine_answers(asked, kinds, seed)
    card = write_pairs(
        output,
        kept,
        {
            "made by": COMMAND,
            "runs": origins,
            "data": data,
            "images": None if images is None else str(images),
            "seed": seed,
            **({"balance length": True} if balance_length else {}),
            **({"reviews": doubts.told} if doubts else {}),
        },
        test_share,
    )
    write_page(output / "page.html", kept)
    return card


def captions_of(run: Run, number: int) -> Iterator[Answered]:
    """The captions of a run with what was found in them; the number comes before their ids.

    Raises:
        InputError: the run has no findings, or a sample no picture or truth.
    """
    path = run.path
    if METRIC not in run.scores():
        raise InputError(
            f"has no findings yet; find them with: halluc score finegrained {path}", path
        )
    samples = {each.id: each for each in run.samples}
    responses = {each.id: each for each in run.responses}
    found = run.findings_by_answer(METRIC)
    mute = {each.id for each in run.responses}

    def answered(id: str, findings: Sequence[Finding]) -> Iterator[Answered]:
        sample, response = samples[id], responses[id]
        if sample.image is None or sample.truth is None:
            lacking = "picture" if sample.image is None else "truth"
            raise InputError(f"sample {id!r} has no {lacking}, so nothing is learned from it", path)
        if response.finish == "stop":  # what breaks off is no answer to learn from
            yield Answered(
                id=f"{number}/{id}",
                image=sample.image,
                prompt=response.prompt,
                text=response.text,
                truth=sample.truth,
                findings=tuple(findings),
            )

    for id, findings in found:
        if id in mute:  # findings of an earlier state may be of other answers
            mute.discard(id)
            yield from answered(id, findings)
    for response in run.responses:
        if response.id in mute:
            yield from answered(response.id, ())


def answers_of(run: Run, number: int) -> Iterator[tuple[Answered, bool]]:
    """The answers of a run to yes/no questions, with whether they are right; see `captions_of`.

    Raises:
        InputError: a sample has no picture or label.
    """
    samples = {each.id: each for each in run.samples}
    for response in run.responses:
        sample = samples[response.id]
        label: Label | None = sample.truth.label if sample.truth else None
        if sample.image is None or sample.truth is None or label is None:
            lacking = "picture" if sample.image is None else "label"
            raise InputError(
                f"sample {sample.id!r} has no {lacking}, so nothing is learned from it", run.path
            )
        answered = Answered(
            id=f"{number}/{response.id}",
            image=sample.image,
            prompt=response.prompt,
            text=response.text,
            truth=sample.truth,
        )
        yield answered, response.text.strip(" .").lower() == label


def origin_of(run: Run) -> dict[str, Any]:
    """What a run is, for the card of what is made of it."""
    with (run.path / "responses.jsonl").open("rb") as file:
        answers = hashlib.file_digest(file, "sha256").hexdigest()
    kept = {name: run.card.get(name) for name in ("task", "model", "decoding", "data")}
    return {
        "name": str(run.path),
        **kept,
        "answers": {"rows": len(run.responses), "sha256": answers},
    }


def data_of(origins: Sequence[dict[str, Any]]) -> str:
    """The data set whose pictures the pairs are on."""
    names = {str((each["data"] or {}).get("name", "")).split(" ")[0] for each in origins}
    if all(name.partition(":")[0] == "tabletop" for name in names):
        return "tabletop"  # a scene's name is enough to draw it
    if len(names) > 1:
        raise InputError(f"the runs are on pictures of different data: {', '.join(sorted(names))}")
    return names.pop()


@contextmanager
def in_processes() -> Iterator[Spread]:
    """The way to read texts in as many processes as there are cores, up to eight."""
    cores = min(os.cpu_count() or 1, 8)
    # A fresh process, as threads of whatever is loaded here would not survive a fork.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:

        def spread(work: Callable[[T], R], chunks: Iterable[T]) -> Iterator[R]:
            # Few at once, since nobody knows how many will be asked for.
            open_: deque[Future[R]] = deque()
            for chunk in chunks:
                open_.append(pool.submit(work, chunk))
                if len(open_) > cores:
                    yield open_.popleft().result()
            while open_:
                yield open_.popleft().result()

        yield spread


def write_page(path: Path, pairs: Sequence[Pair]) -> None:
    """Some of the pairs as a page to read, the words in which they differ marked."""
    from html import escape

    shown = pairs[:: max(1, len(pairs) // PAGE)][:PAGE]

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
        for p in shown
    )
    content = (
        '<!doctype html><meta charset="utf-8"><title>Preference pairs</title>\n'
        "<style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto}td{padding:.6em;"
        "vertical-align:top;border-top:1px solid #ddd}.good{color:#00703c}.bad{color:#b3400a;"
        "text-decoration:underline}</style>\n"
        "<p>Of each pair the better answer stands above the worse one.</p>\n"
        f"<table>\n{rows}\n</table>\n"
    )
    write_atomically(path, [content.encode()])
