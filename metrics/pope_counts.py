"""POPE's counting: readings of answers by split and picture, and the figures made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Literal

from msgspec.structs import replace

from halluc.bootstrap import Counted, grouping
from halluc.errors import InputError
from halluc.records import Label, Sample, Score
from metrics.pope_parsers import PARSERS, Parser, PopeCounts, Reading
from metrics.ratio import ratio

FIGURES = ("accuracy", "precision", "recall", "F1", "yes ratio")
DEFAULT = PARSERS["pope"]

Pairs = dict[tuple[Reading, Label], int]
"""Numbers of answers by (reading, right answer)."""


# Split, picture, right answer, readings, and whether there is an answer at all.
_Cell = tuple[str, str, Label, tuple[Reading, ...], bool]


@dataclass(frozen=True)
class Dispute:
    """An answer that parsers read differently.

    Attributes:
        id, split, text: the question's id and split, the answer.
        label: the right answer.
        readings: what each parser read, by its name.
    """

    id: str
    split: str
    text: str
    label: Label
    readings: dict[str, Reading]


class Tally:
    """Readings of answers, counted by split and picture; never holds the answers themselves.

    Args:
        parsers: who reads.
        splits: the splits in the order of the figures; one without answers has undefined figures.
            Others follow in the order of their answers.

    Attributes:
        disputes: the answers that the parsers read differently, in the order of the answers.
    """

    def __init__(self, parsers: Sequence[Parser] = (DEFAULT,), splits: Iterable[str] = ()) -> None:
        self.parsers, self.disputes = tuple(parsers), list[Dispute]()
        self._splits = dict.fromkeys(splits)
        self._cells: dict[_Cell, int] = {}

    def update(
        self, pairs: Iterable[tuple[Sample, str]], lacks: Container[str] = frozenset()
    ) -> None:
        """Read and count answers to questions, which may come in any order and in parts.

        Args:
            pairs: questions with the text of their answers.
            lacks: ids of questions whose text is no answer: unknown, but as published.

        Raises:
            InputError: a question has no label.
        """
        parsers, cells, splits = self.parsers, self._cells, self._splits

        @lru_cache(maxsize=1 << 16)  # most answers are a bare yes or no
        def read(text: str, label: Label) -> tuple[tuple[Reading, ...], bool]:
            readings = tuple([parser.read(text, label) for parser in parsers])
            return readings, len(set(readings)) > 1

        for sample, text in pairs:
            truth = sample.truth
            if truth is None or truth.label is None:
                what = f"sample {sample.id!r} has no yes/no label, so POPE cannot score it"
                raise InputError(what)
            readings, disputed = read(text, truth.label)
            none = sample.id in lacks
            cell = sample.split, sample.image or sample.id, truth.label, readings, none
            if cell in cells:
                cells[cell] += 1
            else:
                cells[cell] = 1
                splits.setdefault(sample.split)
            if disputed and not none:
                named = {parser.name: each for parser, each in zip(parsers, readings, strict=True)}
                dispute = Dispute(sample.id, sample.split, text, truth.label, named)
                self.disputes.append(dispute)

    def scores(self, parser: Parser = DEFAULT, *, published: bool = False) -> list[Score]:
        """Figures of one of the parsers: split by split, their mean, and pooled where published.

        Args:
            parser: one of those who read.
            published: read as the published script does also what is no answer.
        """
        return self._figures(self._cells_by(parser, lambda picture: "", published), parser)

    def counted(self, parser: Parser = DEFAULT) -> Counted:
        """The figures with what each picture adds to them, for intervals."""
        group = grouping({picture for _, picture, *_ in self._cells})
        cells = self._cells_by(parser, group)
        pictures: dict[str, dict[str, PopeCounts]] = {}
        for (split, picture), pairs in cells.items():
            pictures.setdefault(picture, {})[split] = count(pairs)
        several = len(self._splits) > 1
        share = 1 / max(len(self._splits), 1)
        blends = {
            ("", f"mean {name}"): {(split, name): share for split in self._splits}
            for name in FIGURES
        }
        parts = {
            picture: _ratios(counts, parser, pooled=several) for picture, counts in pictures.items()
        }
        return Counted(self._figures(cells, parser), parts, blends if several else {})

    def _figures(self, cells: Mapping[tuple[str, str], Pairs], parser: Parser) -> list[Score]:
        sums = {split: Counter[tuple[Reading, Label]]() for split in self._splits}
        for (split, _), pairs in cells.items():
            sums[split].update(pairs)
        several = len(sums) > 1
        counts = {split: count(pairs) for split, pairs in sums.items()}
        scores = _ratios(counts, parser, pooled=several)
        return scores + (_means(scores, parser) if several else [])

    def _cells_by(
        self, parser: Parser, group: Callable[[str], str], published: bool = False
    ) -> dict[tuple[str, str], Pairs]:
        """What one of the parsers read, by split and group of pictures."""
        place = self.parsers.index(parser)
        sums: dict[tuple[str, str], Pairs] = {}
        for (split, picture, label, readings, none), number in self._cells.items():
            pairs = sums.setdefault((split, group(picture)), {})
            pair: tuple[Reading, Label]
            pair = readings[place] if published or not none else "unknown", label
            pairs[pair] = pairs.get(pair, 0) + number
        return sums


def count(pairs: Mapping[tuple[Reading, Label], int]) -> PopeCounts:
    """Counts from numbers of answers by (reading, right answer)."""
    return PopeCounts(
        tp=pairs.get(("yes", "yes"), 0),
        fp=pairs.get(("yes", "no"), 0),
        tn=pairs.get(("no", "no"), 0),
        fn=pairs.get(("no", "yes"), 0),
        unknown_yes=pairs.get(("unknown", "yes"), 0),
        unknown_no=pairs.get(("unknown", "no"), 0),
    )


def compute(counts: PopeCounts, split: str = "", parser: Parser = DEFAULT) -> list[Score]:
    """The five figures and five counts of a split; a ratio of nothing is None."""
    numbers = {
        **{"TP": counts.tp, "FP": counts.fp, "TN": counts.tn, "FN": counts.fn},
        "unknown": counts.unknown,
    }
    return [
        ratio(metric_of(parser), name, part, whole, split=split, better=_better(name))
        for name, (part, whole) in parser.ratios(counts).items()
    ] + [
        Score(metric=metric_of(parser), name=name, value=value, split=split)
        for name, value in numbers.items()
    ]


def metric_of(parser: Parser) -> str:
    """What scores of a parser are filed under: "pope", or with another parser "pope:vcd"."""
    return "pope" if parser is DEFAULT else f"pope:{parser.name}"


def _ratios(counts: Mapping[str, PopeCounts], parser: Parser, *, pooled: bool) -> list[Score]:
    """Figures split by split, and of all splits together if the parser pools them."""
    scores = [score for split, each in counts.items() for score in compute(each, split, parser)]
    if parser.pools and pooled:
        whole = compute(sum(counts.values(), PopeCounts()), "", parser)
        scores += [replace(score, name=f"pooled {score.name}") for score in whole]
    return scores


def _means(scores: Sequence[Score], parser: Parser) -> list[Score]:
    means = []
    for name in FIGURES:
        values = [score.value for score in scores if score.name == name]
        known = [value for value in values if value is not None]
        mean = fmean(known) if len(known) == len(values) else None
        means.append(
            Score(metric=metric_of(parser), name=f"mean {name}", value=mean, better=_better(name))
        )
    return means


def _better(name: str) -> Literal["higher", ""]:
    return "" if name == "yes ratio" else "higher"
