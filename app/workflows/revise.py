"""A run of captions looked over again: what `halluc revise` and `demo` have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console

from app.engine.models import Replicas
from app.workflows.analyse.factors import read_occurrences
from app.workflows.generate import progress_bars
from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.errors import InputError, RunError
from halluc.jsonl import append_durably, read_jsonl, reason, write_atomically, write_jsonl
from halluc.language.claims.things import Things
from halluc.mllm import MLLM, Decoding
from halluc.records import Response, Sample
from halluc.runs import Run, open_run
from mitigation.postcorrection import lure, woodpecker
from mitigation.postcorrection.detector import SHIPPED, Detector, read_detector
from mitigation.postcorrection.factors import Occurrences
from mitigation.postcorrection.masks import SUSPECT, Suspicion
from mitigation.postcorrection.revisions import FILE, Revise, Revision

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.boxes import BoxDetector


@dataclass(frozen=True)
class Settled:
    """A method with its settings.

    Attributes:
        revise: looks over captions of one batch, with their pictures, a model and the vocabulary.
        card: what a result card says of it.
    """

    revise: Revise
    card: dict[str, Any]


def settle_woodpecker(
    original: Run,
    things: Things,
    *,
    detector: str | None = None,
    statistics: str | None = None,
    threshold: float | None = None,
    sure: float = 0.5,
    validator: BoxDetector | None = None,
    rewriter: MLLM | None = None,
) -> Settled:
    """Woodpecker, for a run.

    Args:
        original: what is revised.
        things: the vocabulary.
        detector: a file, or "tabletop" for the one that ships; None: the answers alone count.
        statistics: whose objects tell what comes together; default: the run's own data.
        threshold: see `Woodpecker`; None: the usual one.
        sure: see `Woodpecker`.
        validator: likewise.
        rewriter: likewise.

    Raises:
        InputError: a file cannot be read, or there are statistics and no detector.
    """
    if detector is None and statistics is not None:
        raise InputError("--statistics belongs to a --detector")
    fitted, how = _detector(detector)
    known = None
    if fitted is not None:
        known = read_occurrences(statistics, original, things)
        how["statistics"] = statistics or "the data of the run"
    limit = woodpecker.usual_threshold(fitted) if threshold is None else threshold
    settings = woodpecker.Woodpecker(limit, sure, fitted, known, validator, rewriter)
    how |= {"threshold": limit, "sure": sure, "vocabulary": things.name}
    how |= {"validator": validator.card} if validator else {}
    how |= {"rewriter": rewriter.card["model"]} if rewriter else {}
    return Settled(partial(woodpecker.revise, settings=settings), {"method": "woodpecker", **how})


def settle_lure(
    original: Run,
    things: Things,
    *,
    detector: str | None = None,
    statistics: str | None = None,
    threshold: float | None = None,
    decoding: Decoding | None = None,
) -> Settled:
    """LURE, for a run.

    Args:
        original: what is revised.
        things: the vocabulary.
        detector: a file, or "tabletop" for the one that ships; None: LURE's published rule.
        statistics: whose objects tell what comes together; default: the run's own data.
        threshold: see `Suspicion`; None: the usual one.
        decoding: of the revisor; None: its likeliest words.

    Raises:
        InputError: a file cannot be read, or there is a threshold and no detector.
    """
    known = read_occurrences(statistics, original, things)
    suspicion, how = read_suspicion(known, detector, threshold)
    how["statistics"] = statistics or "the data of the run"
    decoding = decoding or Decoding()
    how |= {"decoding": decoding, "vocabulary": things.name}
    settings = lure.Lure(suspicion, decoding)
    return Settled(partial(lure.revise, settings=settings), {"method": "lure", **how})


def read_suspicion(
    known: Occurrences, detector: str | None, threshold: float | None
) -> tuple[Suspicion, dict[str, Any]]:
    """What LURE masks, and what a card says of it.

    Args:
        known: what comes together.
        detector: a file, or "tabletop" for the one that ships; None: LURE's published rule.
        threshold: of the detector; None: the usual one.

    Raises:
        InputError: the file cannot be read, or there is a threshold and no detector.
    """
    if detector is None and threshold is not None:
        raise InputError("--threshold belongs to a --detector; LURE's rule has its own")
    fitted, how = _detector(detector)
    if fitted is None:
        return Suspicion(known), {"rule": "as LURE publishes it"}
    limit = SUSPECT if threshold is None else threshold
    return Suspicion(known, fitted, limit), {**how, "threshold": limit}


def _detector(name: str | None) -> tuple[Detector | None, dict[str, Any]]:
    """A detector by its name, and what a card says of it."""
    if name is None:
        return None, {}
    file = SHIPPED if name == "tabletop" else Path(name)
    return read_detector(file), {"detector": file_card(file, 1)}


def open_revised(output: Path, original: Run, model: MLLM | Replicas, how: dict[str, Any]) -> Run:
    """The revised run, new or to be gone on with; see `halluc.runs.open_run`.

    Its card is the original's, with the revision beside it: the method and its settings, the model
    that is asked, and the original run by folder and SHA-256 of its answers, and how that was
    revised if it was.

    Raises:
        RunError: the folder is no such run.
    """
    answers = file_card(original.path / "responses.jsonl", len(original.responses))
    made = ("task", "prompt", "decoding", "data", "model", "dtype", "device", "rows", "samples")
    card = {name: original.card[name] for name in made if name in original.card}
    asked = {"name": model.card["model"]["name"], "hash": model.card["model"].get("hash")}
    asked |= {name: model.card[name] for name in ("adapter",) if name in model.card}
    before = {"run": str(original.path), **answers}
    before |= {name: original.card[name] for name in ("revision",) if name in original.card}
    revision = {**how, "asked": asked, "original": before}
    return open_run(output, {**card, "revision": msgspec.to_builtins(revision)}, original.samples)


def check_original(original: Run, output: Path) -> None:
    """Refuse what cannot be revised, before any model is read.

    Raises:
        InputError: the run is not finished, its answers are no captions, or the output is itself.
    """
    if pending := original.pending():
        what = f"{len(pending)} of {len(original.samples)} samples have no answer yet"
        raise InputError(f"{what}; finish the run by giving its command again", original.path)
    if original.card.get("task") in ("pope", "mme"):
        raise InputError("the answers are yes or no; captions are revised", original.path)
    if output.resolve() == original.path.resolve():
        raise InputError("the original stays as it is; use another -o", output)


def revise_run(
    run: Run,
    original: Run,
    dataset: Dataset,
    model: MLLM | Replicas,
    *,
    things: Things,
    method: Settled,
    console: Console,
    batch_size: int = 16,
    title: str = "revise",
) -> list[Revision]:
    """Revise what is pending, keep every batch, and finish the run.

    An unchanged response stays as it is; a changed one has no tokens, since nobody generated it.

    Args:
        run: as `open_revised` gave it.
        original: what is revised.
        dataset: opens the pictures.
        model: what is asked about them.
        things: the vocabulary.
        method: with its settings.
        console: shows the progress.
        batch_size: captions at once.
        title: what the bar is called.

    Returns:
        All revisions, in the samples' order.

    Raises:
        InputError: a picture cannot be read.
        ModelError: the model cannot be run, or does not tell what is needed.
    """
    file = run.path / FILE
    found = _read(file)
    answered = {response.id for response in run.responses}
    samples = {each.id: each for each in original.samples}
    pairs = [(each, samples[each.id]) for each in original.responses]
    batches = [pairs[start : start + batch_size] for start in range(0, len(pairs), batch_size)]
    # Whole batches, so that what was lost in a crash is made again to the last digit.
    todo = [batch for batch in batches if any(each.id not in found for each, _ in batch)]
    revise_all = (
        model.revise_batches if isinstance(model, Replicas) else partial(_revise_batches, model)
    )
    with progress_bars(console) as progress:
        bar = progress.add_task(title, total=len(run.samples), completed=len(found))
        for number, revisions in revise_all(todo, dataset.open_image, things, method.revise):
            revised = _revised([response for response, _ in todo[number]], revisions)
            if new := [each for each in revised if each.id not in answered]:
                run.append(new)  # makes the folder, with the first
            _append(file, [each for each in revisions if each.id not in found])
            found |= {each.id: each for each in revisions}
            progress.advance(bar, len(revisions))
    ordered = [found[each.id] for each in original.responses]
    if todo or not run.finished:
        write_jsonl(file, ordered)
        run.finish()
    return ordered


def _revise_batches(
    model: MLLM,
    batches: Sequence[Sequence[tuple[Response, Sample]]],
    open_image: Callable[[Sample], Image],
    things: Things,
    revise: Revise,
) -> Iterator[tuple[int, list[Revision]]]:
    """The number of a batch of captions and their revisions."""
    for number, batch in enumerate(batches):
        images = [open_image(sample) for _, sample in batch]
        captions = [response for response, _ in batch]
        yield number, list(revise(captions, images, model, things))


def summary(revisions: Sequence[Revision]) -> Iterator[str]:
    """What was asked and changed, in words, line by line."""
    changed = [each for each in revisions if each.edits]
    asked = sum(len(check.asked) for each in revisions for check in each.checks)
    masks = [mask for each in revisions for mask in each.masks]
    done = f"{len(masks):,} masks" if masks else f"{asked:,} questions asked"
    yield f"{len(changed):,} of {len(revisions):,} captions changed, {done}"
    if hidden := Counter(name for mask in masks for name in mask.subjects):
        most = ", ".join(f"{name} ({times:,})" for name, times in hidden.most_common(5))
        same = sum(mask.after == mask.before for mask in masks)
        gone = sum(not mask.after for mask in masks)
        yield f"masked most often: {most}; {same:,} written as before, {gone:,} left out"
    wrong = [check for each in changed for check in each.checks if check.instead is not None]
    if objects := Counter(check.subject for check in wrong if check.kind == "object"):
        most = ", ".join(f"{name} ({times:,})" for name, times in objects.most_common(5))
        yield f"objects taken out: {objects.total():,}; most often {most}"
    if looks := Counter(check.family or "place" for check in wrong if check.kind != "object"):
        told = ", ".join(f"{family} ({times:,})" for family, times in looks.most_common())
        yield f"words replaced: {told}"
    reasons = Counter(each.reason for each in revisions if each.reason)
    for why, times in reasons.most_common():
        yield f"left as it was: {times:,}, {why}"


def _read(file: Path) -> dict[str, Revision]:
    """The revisions so far; a last line that a crash cut short is taken away."""
    if not file.exists():
        return {}
    content = file.read_bytes()
    if not content.endswith(b"\n"):
        write_atomically(file, [content[: content.rfind(b"\n") + 1]])
    return {each.id: each for _, each in read_jsonl(file, Revision)}


def _append(file: Path, revisions: Sequence[Revision]) -> None:
    """Add revisions, all or none; they are on the disk when this returns."""
    content = b"".join(msgspec.json.encode(each) + b"\n" for each in revisions)
    try:
        with file.open("ab", buffering=0) as lines:
            append_durably(lines, content)
    except OSError as error:
        raise RunError(
            f"{file}: {reason(error)}; the revisions before are kept, and once that is mended the "
            "same command goes on"
        ) from None


def _revised(batch: Sequence[Response], revisions: Sequence[Revision]) -> list[Response]:
    return [
        msgspec.structs.replace(response, text=revision.text, tokens=(), answers={})
        if revision.edits
        else response
        for response, revision in zip(batch, revisions, strict=True)
    ]
