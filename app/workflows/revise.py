"""Captions of a run revised into another run: what `halluc revise` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from app.engine.cluster import Cluster
from app.engine.models import Named, Replicas, place_model
from app.workflows.progress import Progress, silent
from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.datasets.load import load_dataset
from halluc.errors import InputError, RunError
from halluc.jsonl import (
    append_durably,
    check_plain,
    read_jsonl,
    reason,
    write_atomically,
    write_jsonl,
)
from halluc.language.claims.things import Things, load_things
from halluc.mllm import MLLM
from halluc.plugins import load_plugin
from halluc.records import Response, Sample
from halluc.runs import Run, open_run, read_run
from mitigation.postcorrection.protocol import Prepared, Reviser
from mitigation.postcorrection.revisions import FILE, Revise, Revision

if TYPE_CHECKING:
    from PIL.Image import Image


def find_reviser(method: str | Reviser, **options: Any) -> Reviser:
    """A reviser by its name, with its options.

    Raises:
        InputError: there is no such reviser, or it has no such option or value.
    """
    if isinstance(method, Reviser):
        return method
    kind = load_plugin("revisers", method)
    if strange := [each for each in options if each not in kind.__struct_fields__]:
        known = ", ".join(kind.__struct_fields__)
        raise InputError(f"{method} has no option {strange[0]!r}; its options are {known}")
    made: Reviser = kind(**options)
    return made


def revise(
    run: str | Path | Run,
    method: str | Reviser,
    output: str | Path,
    *,
    vocabulary: str | Path | None = None,
    images: str | Path | None = None,
    dtype: str = "auto",
    device: str = "auto",
    batch_size: int = 16,
    cluster: Cluster | None = None,
    progress: Progress = silent,
    started: Callable[[Run], None] | None = None,
    **options: Any,
) -> Run:
    """Revise the captions of a run; the original stays as it is.

    Example: ``revise("runs/greedy", "woodpecker", "runs/revised", detector="tabletop")``

    Args:
        run: the folder of a finished run of captions, or the run.
        method: a reviser's name, as `halluc list revisers` shows it, or one with its options.
        output: folder of the revised run. If it holds this run already, it is continued.
        vocabulary: file of things and the words for them, beside COCO's 80 classes.
        images: folder of the pictures, where they do not lie with the data set.
        dtype: of the models; see `halluc.mllm.load_model`.
        device: likewise.
        batch_size: captions at once, ≥ 1.
        cluster: where the model is asked; None: in this process.
        progress: called with how far it is.
        started: called with the revised run before anything is asked.
        options: of the reviser.

    Returns:
        The revised run; `read_revisions` of its folder says what was changed and why.

    Raises:
        RunError: no run, or the output holds something else.
        InputError: the run cannot be revised, or an option cannot be used.
        ModelError: a model cannot be loaded or run.
    """
    original = run if isinstance(run, Run) else read_run(run)
    check_original(original, Path(output))
    reviser = find_reviser(method, **options)
    if cluster is not None and reviser.in_one_process:
        raise InputError(
            f"with these options {reviser.name} runs in one process; leave out --engine"
        )
    things = load_things(None if vocabulary is None else Path(vocabulary))
    prepared = reviser.prepare(original, things, dtype=dtype, device=device)
    asked = reviser.asks(original)
    data = original.card.get("data")
    named = data.get("name") if isinstance(data, dict) else None
    if not named:
        raise InputError("its card does not say which data it is on", original.path)
    if asked.startswith("replay:"):
        raise InputError(f"{asked} cannot answer new questions; give a model that runs")
    dataset = load_dataset(str(named), None if images is None else Path(images))
    mllm = place_model(Named(asked, dtype, device), cluster)
    revised = open_revised(Path(output), original, mllm, prepared.card)
    try:
        if started is not None:
            started(revised)
        revise_run(
            revised, original, dataset, mllm,
            things=things, prepared=prepared, batch_size=batch_size, progress=progress,
        )  # fmt: skip
    finally:
        revised.close()
    return revised


def open_revised(output: Path, original: Run, model: MLLM | Replicas, how: dict[str, Any]) -> Run:
    """The revised run, new or to be continued; see `halluc.runs.open_run`.

    Its card is the original's, with the revision beside it: the method and its settings, the model
    that is asked, and the original run by folder and SHA-256 of its answers, and how that was
    revised if it was.

    Raises:
        RunError: the folder is no such run.
    """
    answers = file_card(original.path / "responses.jsonl", len(original.responses))
    own = ("state", "versions", "cost", "revision")
    card = {name: each for name, each in original.card.items() if name not in own}
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
    prepared: Prepared,
    batch_size: int = 16,
    progress: Progress = silent,
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
        prepared: the reviser.
        batch_size: captions at once.
        progress: called with how far it is.
        title: what the progress is called.

    Returns:
        All revisions, in the samples' order.

    Raises:
        InputError: a picture cannot be read.
        ModelError: the model cannot be run, or does not say what is needed.
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
    progress(title, len(found), len(run.samples))
    for number, revisions in revise_all(todo, dataset.open_image, things, prepared.revise):
        revised = _revised([response for response, _ in todo[number]], revisions)
        if new := [each for each in revised if each.id not in answered]:
            run.append(new)  # makes the folder, with the first
        _append(file, [each for each in revisions if each.id not in found])
        found |= {each.id: each for each in revisions}
        progress(title, len(found), len(run.samples))
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
    if others := Counter(check.family or "relation" for check in wrong if check.kind != "object"):
        told = ", ".join(f"{family} ({times:,})" for family, times in others.most_common())
        yield f"words replaced: {told}"
    reasons = Counter(each.reason for each in revisions if each.reason)
    for why, times in reasons.most_common():
        yield f"left as it was: {times:,}, {why}"


def _read(file: Path) -> dict[str, Revision]:
    """The revisions so far; a last line that a crash cut short is taken away."""
    if not file.exists():
        return {}
    check_plain(file)
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
            f"{file}: {reason(error)}; the revisions before are kept, and once that is repaired "
            "the same command continues"
        ) from None


def _revised(batch: Sequence[Response], revisions: Sequence[Revision]) -> list[Response]:
    return [
        msgspec.structs.replace(response, text=revision.text, tokens=(), answers={})
        if revision.edits
        else response
        for response, revision in zip(batch, revisions, strict=True)
    ]
