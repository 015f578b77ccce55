"""Reefknot: are relations in a picture answered rightly, as yes or no and as one of four choices?

Halr = 1 - accuracy (0..1, lower is better), of yes/no questions and of choices, on relations that
are seen (perception) and that need knowledge (cognitive). Source: Zheng et al. 2024
(arXiv:2408.09429), and ``utils.py`` of https://github.com/JackChen-seu/Reefknot: yes where "yes"
stands anywhere in any case, else no; a choice by the first character, where that script breaks off
at an empty answer. The benchmark's third part wants words, which a model of entailment judges, so
its R score, the mean of the three, is not given here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from halluc.answers.alignment import Pairs
from halluc.answers.files import read_answers
from halluc.answers.given import Given, count_rows, open_answers, picture_of
from halluc.bootstrap import Gathered
from halluc.datasets.files import read_rows
from halluc.datasets.reefknot import LETTERS, read_questions
from halluc.errors import InputError
from halluc.records import Answer, Sample, Score
from halluc.work import Spread, in_process
from metrics.protocol import Keep, Measured, Metric, joined
from metrics.ratio import ratio
from metrics.tasks import Task

METRIC = "reefknot"
KINDS = ("yes/no", "choice")


def read_answer(text: str, right: str) -> str:
    """What an answer says: yes or no, or to a choice a letter, or "unknown".

    >>> read_answer("Not here", "yes"), read_answer("b.", "A"), read_answer("(B)", "A")
    ('no', 'B', 'unknown')
    """
    if right not in LETTERS:
        return "yes" if "yes" in text.lower() else "no"
    first = text[:1].upper()
    return first if first in LETTERS else "unknown"


def update(split: str, text: str, right: str) -> Counter[tuple[str, str]]:
    """Counts of one answer, by type of relation and what."""
    said = read_answer(text, right)
    kind = KINDS[right in LETTERS]
    return Counter(
        {
            (split, kind): 1,
            (split, f"wrong {kind}"): int(said != right),
            (split, f"{kind} {said}"): 1,
        }
    )


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of all relations and of each type; a ratio of nothing is None."""
    scores = []
    for split in ("", *sorted({mine for mine, _ in counts} - {""})):
        n = Counter[str]()
        for (mine, what), number in counts.items():
            n[what] += number if split in ("", mine) else 0
        for kind in KINDS:
            wrong, whole = n[f"wrong {kind}"], n[kind]
            other = "yes ratio" if kind == "yes/no" else "unknown choices"
            named = n["yes/no yes" if kind == "yes/no" else "choice unknown"]
            scores += [
                ratio(METRIC, f"Halr {kind}", wrong, whole, split=split, better="lower"),
                ratio(
                    METRIC, other, named, whole,
                    split=split, better="" if other == "yes ratio" else "lower",
                ),
            ]  # fmt: skip
    return scores


def reefknot(
    samples: Sequence[Sample], answers: Mapping[str, str], right: Mapping[str, str]
) -> list[Score]:
    """Score answers to Reefknot's questions.

    Args:
        samples: the questions, whose splits are the types of relations.
        answers: text of the answer to each, by its id.
        right: yes, no or the right letter of each, by its id.

    Raises:
        KeyError: a sample has no answer or no right one.
    """
    each = (update(s.split, answers[s.id], right[s.id]) for s in samples)
    return compute(sum(each, Counter[tuple[str, str]]()))


class Reefknot(Metric, frozen=True, kw_only=True):
    """Reefknot over answers of a run or of files."""

    name = METRIC
    title = "Reefknot"
    summary = "Yes/no questions and choices on relations."
    paper = "arXiv:2408.09429"
    edition = "Reefknot (arXiv:2408.09429)"
    task = Task(METRIC, "questions of Reefknot", lambda sample: bool(sample.prompt))
    by_default = False
    story = ("Halr yes/no", "Halr choice")
    one_table = True

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to Reefknot's questions, its own files of answers to themselves."""
        rows: Counter[Path] = Counter()
        named = [Path(each.removeprefix(f"{METRIC}:")) for each in truth]
        own = not named and all(Path(each).is_file() and _in_form(each) for each in sources)
        if not Path(sources[0]).exists():
            raise InputError("No such file or directory", sources[0])
        if not named and not own:
            what = "the right answers are in Reefknot's files; name them with --truth"
            raise InputError(what, sources[0])
        asked = read_questions([Path(each) for each in sources] if own else named)
        run = None
        if own:
            answers = [
                Answer(each.sample.id, each.text, each.path, each.line) for each in asked.questions
            ]
            if not any(each.text for each in answers):
                raise InputError('these are questions: no "response" is filled in', sources[0])
            rows = Counter(each.path for each in answers)
        else:
            run, stream = open_answers(sources, _answers, allow_missing=allow_missing)
            answers = list(count_rows(stream, rows))
        samples = [each.sample for each in asked.questions]
        pairs = Pairs(answers, samples, allow_missing=allow_missing)
        card = "the answers' own rows" if own else asked.cards
        given = joined(run, pairs, card, rows, samples)
        given.note["right"] = {each.sample.id: each.right for each in asked.questions}
        given.note["open-ended"] = asked.open_ended
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with what each picture adds to them."""
        gathered = Gathered[Counter[tuple[str, str]]]()
        for sample, answer in given:
            counts = update(sample.split, answer.text, given.note["right"][sample.id])
            gathered.add(picture_of(sample), counts)
        settings = self.settings(given)
        if number := given.note["open-ended"]:
            settings["not scored"] = f"{number} questions that want words"
        return Measured([gathered.counted(compute)], settings)

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by type of relation and id."""
        right: dict[str, dict[str, bool]] = {}
        for each in given.samples:
            wanted = given.note["right"][each.id]
            said = read_answer(given.texts[each.id], wanted)
            right.setdefault(each.split, {})[each.id] = said == wanted
        return right


def _answers(path: str) -> list[Answer]:
    if not _in_form(path):
        return read_answers(path)
    return [
        Answer(each.sample.id, each.text, each.path, each.line)
        for each in read_questions([Path(path)]).questions
    ]


def _in_form(path: str) -> bool:
    try:
        _, row = next(read_rows(path, dict[str, Any]), (0, {}))
    except InputError:
        return False
    return {"query_prompt", "relation_type", "label"} <= row.keys()
