"""Answers joined to their questions by id, never by place.

Published scorers pair the n-th answer with the n-th label, so one missing answer shifts all that
follow. Here a missing, surplus or second answer is an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from halluc.datasets.answers import Answer
from halluc.errors import InputError
from halluc.records import Sample

# LLaVA numbers the questions of its k-th category from 10,000,000 k.
LLAVA_STEP = 10_000_000
_NAMED = 5


@dataclass
class _Block:
    """Answers of one file in a row, none of whose ids comes twice; id in its split → answer."""

    answers: dict[str, Answer] = field(default_factory=dict)


def align(answers: Sequence[Answer], samples: Sequence[Sample]) -> dict[str, Answer]:
    """The answer to each sample, by the sample's id.

    Answers that carry the samples' own ids are joined directly. Those of other tools number the
    questions anew in each split; they are cut where an id comes again or another file begins, and
    each block goes to the one split whose questions agree with what the answers say they were
    asked.

    Args:
        answers: in the order of their files.
        samples: the questions, of one or several splits.

    Raises:
        InputError: a question has no answer or two, an answer has no question, or a block fits no
            split, or several; names ids, files and lines.
    """
    ids = {sample.id for sample in samples}
    if any(str(answer.id) in ids for answer in answers):
        paired = ((str(answer.id), answer) for answer in answers)
        return _join(paired, samples)
    splits: dict[str, dict[str, Sample]] = {}
    for sample in samples:
        split = splits.setdefault(sample.split, {})
        split[sample.id.removeprefix(f"{sample.split}/")] = sample
    return _join(_paired(list(_blocks(answers)), splits), samples)


def _join(pairs: Iterable[tuple[str, Answer]], samples: Sequence[Sample]) -> dict[str, Answer]:
    ids = {sample.id for sample in samples}
    joined: dict[str, Answer] = {}
    surplus, twice = [], []
    for id, answer in pairs:
        if id not in ids:
            surplus.append(answer)
        elif id in joined:
            twice.append((answer, joined[id]))
        else:
            joined[id] = answer
    if twice:
        answer, first = twice[0]
        named = _names([str(each.id) for each, _ in twice])
        raise InputError(
            f"{len(twice)} questions answered twice ({named}); the first answer to {answer.id} "
            f"is in {first.path.name}:{first.line}; remove one of the two",
            answer.path,
            answer.line,
        )
    if surplus:
        named = _names([str(each.id) for each in surplus])
        what = f"{len(surplus)} answers without a question in the truth ({named})"
        raise InputError(
            f"{what}; remove them or name the right --truth", surplus[0].path, surplus[0].line
        )
    if missing := [sample.id for sample in samples if sample.id not in joined]:
        answered = dict.fromkeys(str(answer.path) for answer in joined.values())
        raise InputError(
            f"{len(missing)} of {len(samples)} questions have no answer ({_names(missing)}); "
            "answer them or leave their --truth out",
            ", ".join(answered),
        )
    return joined


def _blocks(answers: Iterable[Answer]) -> Iterator[_Block]:
    block, path = _Block(), None
    for answer in answers:
        id = _local(answer.id)
        if block.answers and (id in block.answers or answer.path != path):
            yield block
            block = _Block()
        block.answers[id] = answer
        path = answer.path
    if block.answers:
        yield block


def _local(id: int | str) -> str:
    text = str(id)
    return str(int(text) % LLAVA_STEP) if text.isdecimal() else text


def _paired(
    blocks: Sequence[_Block], splits: Mapping[str, Mapping[str, Sample]]
) -> Iterator[tuple[str, Answer]]:
    taken: dict[str, list[_Block]] = {split: [] for split in splits}
    for block in blocks:
        agreeing = [split for split, questions in splits.items() if _agrees(block, questions)]
        whole = [split for split in agreeing if block.answers.keys() <= splits[split].keys()]
        fitting = whole or agreeing
        again = [split for split in fitting if any(_repeats(block, old) for old in taken[split])]
        if not fitting:
            _refuse(block, splits)
        if len(fitting) > 1 and not again:
            first = _first(block)
            raise InputError(
                f"the {len(block.answers)} answers from here fit several splits "
                f'({", ".join(fitting)}); give what was asked as "prompt", or one --truth',
                first.path,
                first.line,
            )
        split = (again or fitting)[0]
        taken[split].append(block)
        for id, answer in block.answers.items():
            question = splits[split].get(id)
            yield (question.id if question else f"{split}/{id}"), answer


def _repeats(block: _Block, old: _Block) -> bool:
    """Whether a block answers again, in the same file, what an old one did."""
    same_file = _first(block).path == _first(old).path
    return same_file and not block.answers.keys().isdisjoint(old.answers)


def _first(block: _Block) -> Answer:
    return next(iter(block.answers.values()))


def _agrees(block: _Block, questions: Mapping[str, Sample]) -> bool:
    known = [(answer, questions[id]) for id, answer in block.answers.items() if id in questions]
    return bool(known) and all(_asks(answer, question) for answer, question in known)


def _asks(answer: Answer, question: Sample) -> bool:
    return answer.prompt is None or _plain(question.prompt or "") in _plain(answer.prompt)


def _plain(prompt: str) -> str:
    # Older POPE files replaced "a" by "an" within "image" too.
    return " ".join(prompt.lower().replace("imange", "image").split())


def _refuse(block: _Block, splits: Mapping[str, Mapping[str, Sample]]) -> None:
    for split, questions in splits.items():
        for id, answer in block.answers.items():
            if id in questions and not _asks(answer, questions[id]):
                asked, truth = _plain(answer.prompt or ""), _plain(questions[id].prompt or "")
                what = f"was asked {asked!r}, but the truth ({split}) has {truth!r}"
                raise InputError(f"question {answer.id} {what}", answer.path, answer.line)
    first = _first(block)
    what = f"{len(block.answers)} answers from here have no question in the truth"
    named = _names([str(answer.id) for answer in block.answers.values()])
    raise InputError(f"{what} ({named}); name the right --truth", first.path, first.line)


def _names(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
