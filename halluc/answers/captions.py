"""Captions of a run or of a file, joined to the ground truth of their pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from halluc.answers.files import CaptionFile, read_captions
from halluc.answers.given import Given, count_rows, open_answers, samples_of
from halluc.answers.rows import picture_id
from halluc.answers.truths import read_truths, truth_card
from halluc.errors import InputError
from halluc.language.words.lemmas import Lemmatizer
from halluc.records import Answer, Sample, Truth

_NAMED = 5


@dataclass(frozen=True)
class _File:
    """Captions of a file with their truth; the file is read each time they are gone through."""

    file: CaptionFile
    truths: Mapping[str, Truth]
    whole: bool

    def __iter__(self) -> Iterator[tuple[Sample, Answer]]:
        for answer in self.file:
            id = str(answer.id)
            if self.whole or id in self.truths:
                yield Sample(id=id, truth=self.truths[id]), answer


def read_described(
    sources: Sequence[str],
    truth: str | None,
    lemmatize: Lemmatizer,
    *,
    allow_missing: bool = False,
    rule: str = "",
) -> Given:
    """Captions and what is true of their pictures.

    Args:
        sources: a run, or files. One file may hold any number of captions: it is never held whole.
        truth: where it is told what is true, as `halluc.answers.truths.read_truths` takes it;
            default: in the run.
        lemmatize: how words of COCO's reference captions are made singular.
        allow_missing: leave out captions without truth, and samples without a caption.
        rule: the name of `lemmatize`, for the card.

    Raises:
        RunError: a folder is no run.
        InputError: something cannot be read, a picture has no truth or two captions, or the run's
            answers are no captions.
    """
    if len(sources) == 1 and not (Path(sources[0]) / "run.json").is_file():
        file = CaptionFile(sources[0])
        return _of_file(file, truth, lemmatize, allow_missing=allow_missing, rule=rule)
    run, stream = open_answers(sources, read_captions, allow_missing=allow_missing)
    rows: Counter[Path] = Counter()
    answers = list(count_rows(stream, rows))
    by_id = {str(answer.id): answer for answer in answers}
    if len(by_id) < len(answers):
        _refuse_second(answers)
    if truth:
        keys = Counter(map(picture_id, by_id))
        # Two pictures that a shorter name would make one keep theirs.
        ids = {id: key if keys[key := picture_id(id)] == 1 else id for id in by_id}
        found = read_truths(truth, ids.values(), lemmatize)
        truths = {id: found[key] for id, key in ids.items() if key in found}
    else:
        known = samples_of(run, answers)
        truths = {each.id: each.truth for each in known if each.truth is not None}
        if any(each.label for each in truths.values()):
            raise InputError("the answers are yes or no; use `halluc score pope`", sources[0])
    unknown = by_id.keys() - truths.keys()
    if unknown and not (allow_missing and len(unknown) < len(by_id)):
        _refuse_unknown([by_id[id] for id in by_id if id in unknown], len(by_id), truth)
    own = {each.id: each for each in run.samples} if run else {}
    pairs = [
        (replace(own.get(id, Sample(id=id)), truth=truths[id]), answer)
        for id, answer in by_id.items()
        if id in truths
    ]
    left_out: dict[str, int] = {}
    if allow_missing:
        left_out["captions without ground truth"] = len(unknown)
        left_out["samples without a caption"] = len(run.pending()) if run else 0
    return Given(
        run,
        pairs,
        truth=truth_card(truth, len(truths), rule) if truth else None,
        rows=rows,
        asked=[sample for sample, _ in pairs],
        pictures={sample.image or sample.id for sample, _ in pairs},
        left_out=left_out,
    )


def _of_file(
    file: CaptionFile,
    truth: str | None,
    lemmatize: Lemmatizer,
    *,
    allow_missing: bool,
    rule: str,
) -> Given:
    if not truth:
        samples_of(None, [next(iter(file))])  # says what a file needs
    found = read_truths(str(truth), file.ids, lemmatize)
    unknown = file.ids - found.keys()
    if unknown and not (allow_missing and len(unknown) < len(file)):
        _refuse_unknown([each for each in file if str(each.id) in unknown], len(file), truth)
    if len(found) > len(file):
        found = {id: found[id] for id in file.ids if id in found}
    return Given(
        None,
        _File(file, found, not unknown),
        truth=truth_card(str(truth), len(file), rule),
        rows=Counter({file.path: len(file)}),
        pictures=found.keys(),
        left_out={"captions without ground truth": len(unknown)} if allow_missing else {},
    )


def _refuse_second(answers: Sequence[Answer]) -> None:
    first: dict[str, Answer] = {}
    for answer in answers:
        other = first.setdefault(str(answer.id), answer)
        if other is not answer:
            what = f"picture {answer.id} has a caption in {other.path.name}:{other.line} already"
            raise InputError(f"{what}; remove one of the two", answer.path, answer.line)


def _refuse_unknown(missing: Sequence[Answer], of: int, source: str | None) -> None:
    named = ", ".join(str(answer.id) for answer in missing[:_NAMED])
    named += ", …" if len(missing) > _NAMED else ""
    where = f"in {source}" if source else "in the run; give --truth"
    what = f"{len(missing)} of {of} pictures ({named}) have no truth {where}"
    raise InputError(what, missing[0].path, missing[0].line)
