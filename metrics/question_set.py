"""Yes/no questions of a benchmark's own files, some of which belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from halluc.answers.given import Given, picture_of
from halluc.bootstrap import count_pictures
from halluc.errors import InputError
from halluc.records import Label, Sample
from halluc.work import Spread, in_process
from metrics.dash_b import read_contained
from metrics.protocol import Keep, Measured, Metric, rightly

Answered = Iterable[tuple[Sample, str]]
"""Questions with the texts of their answers."""


class QuestionSet(Metric, frozen=True, kw_only=True):
    """A metric over such questions: it counts what belongs together, and draws it again together.

    The name of the metric is also that of its form of data ("beaf:FILE").
    """

    by_default = False

    @classmethod
    def fits(cls, source: str, truth: Sequence[str]) -> bool:
        """Answers to questions of these files."""
        return any(each.startswith(f"{cls.name}:") for each in truth)

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to the questions of a run or of a file; see `Metric.read`."""
        named = [f"{self.name}:{each.removeprefix(f'{self.name}:')}" for each in truth]
        return super().read(sources, named, allow_missing=allow_missing)

    def says(self, text: str, label: Label) -> str:
        """What an answer says: yes, no or unknown."""
        return read_contained(text)

    def together(self, sample: Sample) -> str:
        """What a question is drawn again with: by default all questions on its picture."""
        return picture_of(sample)

    def tally(self, answered: Answered) -> Counter[Any]:
        """Counts of answers that are whole groups; those of several groups add up.

        Raises:
            InputError: a sample has no label.
        """
        raise NotImplementedError

    def warnings(self, counts: Counter[Any]) -> list[str]:
        """What of the counts makes the figures say less than they seem to."""
        return []

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with what each group adds to them."""
        counts = self.counts(given, self.tally)
        counted = count_pictures(counts, {name: name for name in counts}, self.compute)
        total = sum(counts.values(), Counter[Any]())
        return Measured([counted], self.settings(given), warnings=self.warnings(total))

    def counts(
        self, given: Given, tally: Callable[[Answered], Counter[Any]]
    ) -> dict[str, Counter[Any]]:
        """The counts of what is drawn again together, by its name."""
        groups: dict[str, list[tuple[Sample, str]]] = {}
        for sample, answer in given:
            groups.setdefault(self.together(sample), []).append((sample, answer.text))
        return {name: tally(each) for name, each in groups.items()}

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by split and id."""
        return rightly(given, self.says)


def label_of(sample: Sample) -> Label:
    """The right answer to a question.

    Raises:
        InputError: the sample has none.
    """
    if sample.truth is None or sample.truth.label is None:
        raise InputError(f"sample {sample.id!r} has no yes/no label")
    return sample.truth.label
