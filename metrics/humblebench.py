"""HumbleBench: is the right one of five choices named, also where it is "none of the above"?

Accuracy over all questions, by type, and over those whose right answer is E (0..1, higher is
better). Source: Tong et al. 2025 (arXiv:2509.09658), and ``metrics.py`` of
https://github.com/maifoundations/HumbleBench: an answer is right if the right letter and none of
the others is among its words. "published E accuracy" is that script's, where the whole answer has
to be "E": "E." is wrong. "A dog" holds the letter A, so answers in sentences are easily misread.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from halluc.answers.alignment import Pairs
from halluc.answers.given import Given, count_rows, only_truth, open_answers, picture_of
from halluc.bootstrap import Gathered
from halluc.datasets.files import read_rows
from halluc.datasets.humblebench import LETTERS, NONE, Letter, load_choices
from halluc.errors import InputError
from halluc.records import Sample, Score
from halluc.work import Spread, in_process
from metrics.protocol import Keep, Measured, Metric, joined
from metrics.ratio import ratio
from metrics.tasks import Task

METRIC = "humblebench"
Counts = Counter[tuple[str, str]]
"""By type of question and what."""


def read_letter(text: str) -> str:
    """The one letter of A to E among the words of an answer, or "unknown".

    >>> read_letter("(b) a cup"), read_letter("e."), read_letter("A or B"), read_letter("a dog")
    ('unknown', 'E', 'unknown', 'A')
    """
    said = {*re.findall(r"\b\w+\b", text.lower())} & {each.lower() for each in LETTERS}
    return said.pop().upper() if len(said) == 1 else "unknown"


def update(kind: str, text: str, letter: Letter) -> Counts:
    """Counts of one answer."""
    said = read_letter(text)
    counts = Counts(
        {(kind, "answers"): 1, (kind, "right"): int(said == letter), (kind, f"says {said}"): 1}
    )
    if letter == NONE:
        counts[kind, "none"] += 1
        counts[kind, "right none"] += said == NONE
        counts[kind, "exactly none"] += text == NONE
    return counts


def compute(counts: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of all questions, and the accuracy of each type; a ratio of nothing is None."""
    scores = []
    for split in ("", *sorted({kind for kind, _ in counts} - {""})):
        n = Counter[str]()
        for (kind, what), number in counts.items():
            n[what] += number if split in ("", kind) else 0
        whole, none = n["answers"], n["none"]
        scores.append(ratio(METRIC, "accuracy", n["right"], whole, split=split, better="higher"))
        if split:
            continue
        scores += [
            ratio(METRIC, "E accuracy", n["right none"], none, better="higher"),
            ratio(METRIC, "published E accuracy", n["exactly none"], none, better="higher"),
            *(ratio(METRIC, f"says {each}", n[f"says {each}"], whole) for each in LETTERS),
            ratio(METRIC, "unknown", n["says unknown"], whole),
        ]
    return scores


def humblebench(
    samples: Sequence[Sample], answers: Mapping[str, str], letters: Mapping[str, Letter]
) -> list[Score]:
    """Score answers to questions of choice.

    Args:
        samples: the questions, whose splits are their types.
        answers: text of the answer to each, by its id.
        letters: the right choice of each, by its id.

    Raises:
        KeyError: a sample has no answer or no right choice.
    """
    each = (update(s.split, answers[s.id], letters[s.id]) for s in samples)
    return compute(sum(each, Counts()))


class HumbleBench(Metric, frozen=True, kw_only=True):
    """HumbleBench over answers of a run or of a file."""

    name = METRIC
    title = "HumbleBench"
    summary = "Choices of five, the last of which is none of the above."
    paper = "arXiv:2509.09658"
    edition = "HumbleBench (arXiv:2509.09658)"
    task = Task(METRIC, "questions of HumbleBench", lambda sample: bool(sample.prompt))
    by_default = False
    story = ("accuracy", "E accuracy")
    one_table = True

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to HumbleBench's questions, its own results to themselves.

        Raises:
            InputError: see `Metric.read`; or the right choices are nowhere.
        """
        path, named, rows = Path(sources[0]), only_truth(truth), Counter[Path]()
        own = named is None and path.is_file() and _in_form(path)
        if named is None and not own:
            what = "the right choices are in HumbleBench's file; name it with --truth"
            raise InputError(what, path)
        choices = load_choices(path if own else Path(str(named).removeprefix(f"{METRIC}:")))
        run, answers = None, choices.answers
        if own and not answers:
            raise InputError('these are questions: there is no "prediction" in them', path)
        if own:
            rows[path] = len(choices.dataset.samples)
        else:
            run, stream = open_answers(sources, self.answers_in, allow_missing=allow_missing)
            answers = list(count_rows(stream, rows))
        pairs = Pairs(answers, choices.dataset.samples, allow_missing=allow_missing)
        card = "the answers' own rows" if own else choices.dataset.card["files"]
        given = joined(run, pairs, card, rows, choices.dataset.samples)
        given.note["letters"] = choices.letters
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with what each picture adds to them."""
        gathered = Gathered[Counts]()
        for sample, answer in given:
            counts = update(sample.split, answer.text, given.note["letters"][sample.id])
            gathered.add(picture_of(sample), counts)
        return Measured([gathered.counted(compute)], self.settings(given))

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by type and id."""
        right: dict[str, dict[str, bool]] = {}
        for each in given.samples:
            said = read_letter(given.texts[each.id])
            right.setdefault(each.split, {})[each.id] = said == given.note["letters"][each.id]
        return right


def _in_form(path: Path) -> bool:
    try:
        _, row = next(read_rows(path, dict[str, object]), (0, {}))
    except InputError:
        return False
    return {"question_id", "question", "label"} <= row.keys()
