"""Answers joined to their questions by id, never by position.

Published scorers pair the n-th answer with the n-th label, so one missing answer shifts all that
follow. Here a missing, surplus or second answer is an error that names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

from halluc.datasets.pope import SPLITS
from halluc.errors import InputError
from halluc.records import Answer, Sample

# LLaVA numbers the questions of its k-th category from 10,000,000 k; it has few of them.
LLAVA_STEP = 10_000_000
_MOST_DIGITS = 10
_NAMED = 5


class Pairs:
    """Questions with their answers, one by one: holds no answer longer than it must.

    Answers that carry the samples' own ids, or tell their split, are joined directly. Those of
    other tools number the questions again in each split; they are cut where an id comes again or
    another file begins, and each block goes to the one split whose questions agree with what the
    answers say they were asked.

    Args:
        answers: in the order of their files.
        samples: the questions, of one or several splits.
        allow_missing: leave out answers without a question and questions without an answer.

    Attributes:
        allow_missing: as given.
        missing: questions without an answer in each split, known after the last pair.
        surplus: answers without a question, likewise.

    Raises:
        InputError: while or after the last pair is given: a question has two answers, or none, an
            answer has no question, or a block fits no split, or several; names ids, files, lines.
    """

    def __init__(
        self, answers: Iterable[Answer], samples: Sequence[Sample], *, allow_missing: bool = False
    ) -> None:
        self.missing: Counter[str] = Counter()
        self.surplus = 0
        self._answers, self._samples, self.allow_missing = answers, samples, allow_missing
        self._by_id = {sample.id: sample for sample in samples}
        self._splits = list(dict.fromkeys(sample.split for sample in samples))
        self._answered: dict[str, int] = {}  # id → place, see `_enter`
        self._paths: dict[Path, int] = {}
        self._path: Path | None = None
        self._base = 0
        self._twice: list[tuple[Answer, str]] = []
        self._without: list[Answer] = []

    def __iter__(self) -> Iterator[tuple[Sample, Answer]]:
        """Give each question with its answer, in the order of the answers."""
        by_id, alone = self._by_id, self._splits[0] if len(self._splits) == 1 else None
        block: dict[str, Answer] = {}
        path = None
        for answer in self._answers:
            own = answer.own
            split = own.split if own is not None and own.split in SPLITS else alone
            question = None if split is None else self._find(split, answer)
            if question is None:
                question = by_id.get(str(answer.id)) or self._told(answer)
            if question is not None or split is not None:
                if self._takes(question, answer):
                    yield question, answer
                continue
            id = _local(answer.id)
            if block and (id in block or answer.path != path):
                yield from self._pair(block)
                block = {}
            block[id] = answer
            path = answer.path
        if block:
            yield from self._pair(block)
        self._check()

    def _told(self, answer: Answer) -> Sample | None:
        """The question in the split that the answer tells."""
        if answer.own is None or not answer.own.split:
            return None
        return self._find(answer.own.split, answer)

    def _find(self, split: str, answer: Answer) -> Sample | None:
        """The question of a split that an answer is to."""
        question = self._by_id.get(f"{split}/{answer.id}")
        if question is None:
            question = self._by_id.get(f"{split}/{_local(answer.id)}")
            if question is None:
                return None
        if not _asks(answer, question):
            asked, truth = _plain(answer.prompt or ""), _plain(question.prompt or "")
            what = f"was asked {asked!r}, but the truth ({split}) has {truth!r}"
            raise InputError(f"question {answer.id} {what}", answer.path, answer.line)
        return question

    def _pair(self, block: dict[str, Answer]) -> Iterator[tuple[Sample, Answer]]:
        split = self._split_of(block)
        for answer in block.values():
            question = self._find(split, answer)
            if self._takes(question, answer):
                yield question, answer

    def _takes(self, question: Sample | None, answer: Answer) -> TypeGuard[Sample]:
        """Whether this is the first answer to a question; notes what is not."""
        if question is None:
            self.surplus += 1
            if len(self._without) <= _NAMED:  # one more than is named, as a sign of more
                self._without.append(answer)
            return False
        id = question.id
        if id not in self._answered:  # two answers of an array may stand in one line
            if answer.path is not self._path:
                self._enter(answer.path)
            self._answered[id] = self._base | answer.line
            return True
        self._twice.append((answer, question.id))
        return False

    def _enter(self, path: Path) -> None:
        """Begin a file. Places are file and line in one number, since there may be millions."""
        self._path, self._base = path, self._paths.setdefault(path, len(self._paths)) << 40

    def _unpack(self, place: int) -> tuple[Path, int]:
        return list(self._paths)[place >> 40], place & ((1 << 40) - 1)

    def _split_of(self, block: dict[str, Answer]) -> str:
        """The split that a block of answers belongs to."""
        first = next(iter(block.values()))
        agreeing, whole = [], []
        for split in self._splits:
            questions = {id: self._by_id.get(f"{split}/{id}") for id in block}
            known = [(block[id], question) for id, question in questions.items() if question]
            if known and all(_asks(answer, question) for answer, question in known):
                agreeing.append(split)
                whole += [split] if len(known) == len(block) else []
        fitting = whole or agreeing
        again = [split for split in fitting if self._repeats(split, block)]
        if len(fitting) > 1 and not again:
            raise InputError(
                f"the {len(block)} answers from here fit several splits "
                f'({", ".join(fitting)}); give what was asked as "prompt", or one --truth',
                first.path,
                first.line,
            )
        if not fitting:
            for split in self._splits:
                for answer in block.values():
                    self._find(split, answer)  # says what else was asked
            what = f"{len(block)} answers from here have no question in the truth"
            named = _names([str(answer.id) for answer in block.values()])
            raise InputError(f"{what} ({named}); name the right --truth", first.path, first.line)
        return (again or fitting)[0]

    def _repeats(self, split: str, block: dict[str, Answer]) -> bool:
        """Whether a block answers again, in the same file, what an earlier one did."""
        earlier = (self._answered.get(f"{split}/{id}") for id in block)
        file = self._paths.get(next(iter(block.values())).path)
        return any(place is not None and place >> 40 == file for place in earlier)

    def _check(self) -> None:
        if self._twice:
            answer, id = self._twice[0]
            path, line = self._unpack(self._answered[id])
            named = _names([str(each.id) for each, _ in self._twice])
            raise InputError(
                f"{len(self._twice)} questions answered twice ({named}); the first answer to "
                f"{answer.id} is in {path.name}:{line}; remove one of the two",
                answer.path,
                answer.line,
            )
        if self._without and not self.allow_missing:
            first = self._without[0]
            named = _names([str(each.id) for each in self._without])
            what = f"{self.surplus} answers without a question in the truth ({named})"
            how = "remove them, name the right --truth, or --allow-missing"
            raise InputError(f"{what}; {how}", first.path, first.line)
        if len(self._answered) == len(self._by_id):
            return
        missing = [each for each in self._samples if each.id not in self._answered]
        self.missing.update(each.split for each in missing)
        if not (self.allow_missing and self._answered):
            raise InputError(
                f"{len(missing)} of {len(self._by_id)} questions have no answer "
                f"({_names([each.id for each in missing])}); answer them, leave their --truth out, "
                "or --allow-missing",
                ", ".join(map(str, self._paths)),
            )


def align(answers: Iterable[Answer], samples: Sequence[Sample]) -> dict[str, Answer]:
    """The answer to each sample, by the sample's id; see `Pairs`.

    Raises:
        InputError: answers and questions do not fit one to one.
    """
    return {sample.id: answer for sample, answer in Pairs(answers, samples)}


def _local(id: int | str) -> str:
    """The number of a question within its category; what LLaVA has not numbered stays as it is."""
    text = str(id)
    digits = text.lstrip("0") or text[-1:]
    if not digits.isdecimal() or len(digits) > _MOST_DIGITS:
        return text
    return str(int(digits) % LLAVA_STEP)


def _asks(answer: Answer, question: Sample) -> bool:
    prompt = answer.prompt
    if prompt is None or (question.prompt or "") in prompt:
        return True
    return _plain(question.prompt or "") in _plain(prompt)


def _plain(prompt: str) -> str:
    # Older POPE files replaced "a" by "an" within "image" too.
    return " ".join(prompt.lower().replace("imange", "image").split())


def _names(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
