"""HallusionBench: is a model right about a question on every picture of it?

aAcc is the share of right answers; fAcc of pictures whose questions are all answered rightly; qAcc
of questions that are answered rightly on every picture and without one; easy and hard are qAcc over
the rows without and with an edited picture (0..1, higher is better). Overall is the mean of aAcc,
fAcc and qAcc. Source: Guan et al. 2024, "HallusionBench" (arXiv:2310.14566), and ``utils.py`` of
https://github.com/tianyi-lab/HallusionBench.

An answer is right, wrong or unclear. In the category VS an unclear answer to the question without a
picture is right. Published verdicts come from a judge (GPT-4) or from people; `READINGS` are those
that need neither, each named after whose it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from halluc.answers.alignment import Pairs
from halluc.answers.files import read_answers
from halluc.answers.given import Given, count_rows, only_truth, open_answers, samples_of
from halluc.bootstrap import Counted, Key
from halluc.datasets.hallusionbench import AGAIN, load, place_of, read_recorded
from halluc.errors import InputError
from halluc.records import Answer, Label, Sample, Score
from halluc.work import Spread, in_process
from metrics.hallusionbench_judge import Verdict, is_judge, judgement
from metrics.pope_parsers import read_vlmevalkit
from metrics.protocol import Keep, Measured, Metric, Table, joined, rightly
from metrics.ratio import ratio
from metrics.tables import figure, interval
from metrics.tasks import Task, has_label

METRIC = "hallusionbench"
_CATEGORIES = ("", "VD", "VS")
_GROUPS = ("fAcc", "qAcc", "easy", "hard")
_OVERALL = ("aAcc", "fAcc", "qAcc")
_NAMED = 6


def read_words(text: str, label: Label) -> Verdict:
    """VLMEvalKit's without its judge: yes or no as a word, both or neither is unclear."""
    read = read_vlmevalkit(text, label)
    return 2 if read == "unknown" else 1 if read == label else 0


def read_leading(text: str, label: Label) -> Verdict:
    """The first word, if it is yes or no; else unclear.

    >>> read_leading("No, it is not.", "no"), read_leading("It is not.", "no")
    (1, 2)
    """
    first = re.match(r"\W*(yes|no)\b", text.lower())
    return 2 if first is None else 1 if first[1] == label else 0


def read_substring(text: str, label: Label) -> Verdict:
    """lmms-eval's without a judge: yes where "yes" stands anywhere, else no."""
    return 1 if ("yes" if "yes" in text.lower() else "no") == label else 0


def read_label(text: str, label: Label) -> Verdict:
    """evalscope's: the right answer stands somewhere, so that "know" and "not" hold a no."""
    return 1 if label in text.lower() else 0


READINGS: dict[str, Callable[[str, Label], Verdict]] = {
    "vlmevalkit": read_words,
    "leading": read_leading,
    "lmms-eval": read_substring,
    "evalscope": read_label,
}


def hallusionbench(samples: Sequence[Sample], verdicts: Mapping[str, Verdict]) -> list[Score]:
    """The figures of verdicts.

    Args:
        samples: the questions.
        verdicts: of the answer to each, by its id.

    Raises:
        InputError: a sample is none of HallusionBench's, or has no label.
        KeyError: a sample has no verdict.
    """
    return compute(tally((each, verdicts[each.id]) for each in samples))


def tally(judged: Iterable[tuple[Sample, Verdict]]) -> Counter[tuple[str, str]]:
    """Counts of whole sets of questions by (category, what); those of several sets add up.

    Raises:
        InputError: a sample is none of HallusionBench's, or has no label.
    """
    by = Counter[tuple[str, str]]()
    groups: dict[tuple[str, str, tuple[str, ...]], list[bool]] = {}
    for sample, verdict in judged:
        at = place_of(sample)
        if sample.truth is None or sample.truth.label is None:
            raise InputError(f"sample {sample.id!r} has no yes/no label")
        without = at.category == "VS" and at.figure == "0"
        right = verdict == 1 or (without and verdict == 2)
        truth = sample.truth.label == "yes"
        by += Counter(
            {
                (at.category, "rows"): 1,
                (at.category, "right"): int(right),
                (at.category, "unclear"): int(verdict == 2),
                (at.category, "yes"): int(truth),
                (at.category, "said yes"): int(right == truth),
                (at.category, "wrong of no"): int(not right and not truth),
            }
        )
        place = (at.category, at.subcategory, at.set)
        named = [("qAcc", at.question), ("hard" if at.visual == "2" else "easy", at.question)]
        named += [] if without else [("fAcc", at.figure)]
        for kind, number in named:
            groups.setdefault((at.category, kind, (*place, number)), []).append(right)
    for (category, kind, _), rights in groups.items():
        by[category, f"{kind} groups"] += 1
        by[category, f"{kind} all"] += all(rights)
        by[category, f"{kind} none"] += not any(rights)
    return by


def compute(by: Mapping[tuple[str, str], int]) -> list[Score]:
    """The figures of counts; a ratio of nothing is None."""
    scores = []
    for category in _CATEGORIES:
        n = Counter[str]()
        for (mine, what), number in by.items():
            n[what] += number if category in ("", mine) else 0
        wrong, figures = n["rows"] - n["right"], n["fAcc groups"]
        rows: list[tuple[str, int, int, Literal["higher", "lower", ""]]] = [
            ("aAcc", n["right"], n["rows"], "higher"),
            *((each, n[f"{each} all"], n[f"{each} groups"], "higher") for each in _GROUPS),
            ("all right", n["fAcc all"], figures, "higher"),
            ("inconsistent", figures - n["fAcc all"] - n["fAcc none"], figures, "lower"),
            ("all wrong", n["fAcc none"], figures, "lower"),
            ("yes bias", n["said yes"] - n["yes"], n["rows"], ""),
            ("false positives of wrong", n["wrong of no"], wrong, ""),
            ("unclear", n["unclear"], n["rows"], ""),
        ]
        scores += [
            ratio(METRIC, name, part, whole, split=category, better=better)
            for name, part, whole, better in rows
        ]
        parts = [each.value for each in scores[-len(rows) :] if each.name in _OVERALL]
        known = [each for each in parts if each is not None]
        mean = sum(known) / 3 if len(known) == 3 else None
        scores.append(
            Score(metric=METRIC, name="overall", value=mean, split=category, better="higher")
        )
    return scores


class HallusionBench(Metric, frozen=True, kw_only=True):
    """HallusionBench over answers of a run or a file.

    Attributes:
        reading: whose way to read an answer, or the verdicts that the file has.
        judge: run of a judge's replies on these answers; its verdicts count, not the reading.
        validated: run of the same judge on answers that people have judged.
    """

    name = METRIC
    title = "HallusionBench"
    summary = "Groups of yes/no questions on pictures and on edited ones."
    paper = "arXiv:2310.14566"
    edition = "HallusionBench (arXiv:2310.14566)"
    task = Task(
        "hallusionbench",
        "questions of HallusionBench, or answers for its judge",
        lambda sample: has_label(sample) or (bool(sample.prompt) and sample.image is None),
        answers=("yes", "no"),
    )
    story = ("aAcc", "qAcc", "fAcc")
    hidden = frozenset({"all right", "all wrong", "false positives of wrong", "unclear"})
    one_table = True
    blends: ClassVar[Mapping[Key, Mapping[Key, float]]] = {
        (split, "overall"): {(split, name): 1 / 3 for name in _OVERALL} for split in _CATEGORIES
    }

    reading: Annotated[
        Literal["vlmevalkit", "leading", "lmms-eval", "evalscope", "recorded"],
        Meta(
            description="How answers are read without a judge, by whose rule; leading: the first "
            "word. recorded: the verdicts that the file has, of people or of a judge."
        ),
    ] = "vlmevalkit"
    judge: Annotated[
        Path | None,
        Meta(
            description="A judge's replies on these answers (generate --task hallusionbench --data "
            "hallusionbench-judge:ANSWERS); its verdicts go before --reading.",
            extra={"metavar": "RUN"},
        ),
    ] = None
    validated: Annotated[
        Path | None,
        Meta(
            description="With --judge: replies of the same judge on answers that people have "
            "judged; its agreement with them goes with the figures.",
            extra={"metavar": "RUN"},
        ),
    ] = None

    @classmethod
    def fits(cls, source: str, truth: Sequence[str]) -> bool:
        """A file of answers in HallusionBench's form."""
        return Path(source).is_file() and _in_form(source)

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to HallusionBench's questions; see `Metric.read`."""
        source, rows, run = only_truth(truth), Counter[Path](), None
        if len(sources) == 1 and Path(sources[0]).is_file() and _in_form(sources[0]):
            answers, own, verdicts = _recorded(Path(sources[0]))
            rows[Path(sources[0])] = len(answers)
        else:
            run, stream = open_answers(sources, read_answers, allow_missing=allow_missing)
            if run is not None and is_judge(run.card):
                what = "a judge's replies; score the answers, and name this run with --judge"
                raise InputError(what, sources[0])
            answers, verdicts = list(count_rows(stream, rows)), {}
            own = [] if source else samples_of(run, answers)
        dataset = load(source) if source else None
        samples = dataset.samples if dataset else own
        pairs = Pairs(answers, samples, allow_missing=allow_missing)
        card = dataset.card["files"] if dataset else None if run else "the answers' own rows"
        given = joined(run, pairs, card, rows, samples)
        given.note["verdicts"] = verdicts
        if unlabelled := [each.id for each in given.samples if not has_label(each)]:
            what = f"{len(unlabelled)} questions have no right answer ({unlabelled[0]}, …)"
            raise InputError(f"{what}; name HallusionBench.json with --truth", sources[0])
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with what each set of questions adds to them."""
        recorded: Mapping[str, int] = given.note["verdicts"]
        settings: dict[str, Any] = {"reading": self.reading}
        warnings: list[str] = []
        if self.judge is not None:
            judged = judgement(self.judge, given, self.validated)
            verdicts, warnings = judged.verdicts, judged.warnings
            settings |= judged.settings
        else:
            verdicts = self._verdicts(given, recorded)
        sets: dict[str, list[tuple[Sample, Verdict]]] = {}
        for each in given.samples:
            name = "/".join(place_of(each)[:3])
            sets.setdefault(name, []).append((each, verdicts[each.id]))
        counts = {name: tally(judged) for name, judged in sets.items()}
        total = sum(counts.values(), Counter[tuple[str, str]]())
        parts = {name: compute(each) for name, each in counts.items()}
        settings |= {"left out": given.left_out} if given.left_out else {}
        if recorded and (self.judge is not None or self.reading != "recorded"):
            agreed = sum(
                recorded[id] == verdict for id, verdict in verdicts.items() if id in recorded
            )
            share = f"{100 * agreed / len(recorded):.1f} % of {len(recorded)}"
            settings["agrees with the recorded verdicts"] = share
        twice = [each.id for each in given.samples if each.id.endswith(f"/{AGAIN}")]
        named = ", ".join(each.removesuffix(f"/{AGAIN}") for each in twice[:_NAMED])
        warnings += [f"{len(twice)} questions stand in the file twice ({named})"] if twice else []
        counted = Counted(compute(total), parts, self.blends)
        return Measured([counted], settings, warnings=warnings)

    def _verdicts(self, given: Given, recorded: Mapping[str, int]) -> dict[str, Verdict]:
        if self.reading != "recorded":
            read = READINGS[self.reading]
            return {
                each.id: 2
                if each.id in given.lacks
                else read(given.texts[each.id], each.truth.label)
                for each in given.samples
                if each.truth is not None and each.truth.label is not None
            }
        if missing := [each.id for each in given.samples if each.id not in recorded]:
            what = f"{len(missing)} answers have no recorded verdict ({missing[0]}, …)"
            raise InputError(f"{what}; take another --reading")
        return {each.id: _as_verdict(recorded[each.id]) for each in given.samples}

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by category and id."""
        if self.judge is not None or self.reading == "recorded":
            return {}
        read = READINGS[self.reading]
        return rightly(
            given, lambda text, label: label if read(text, label) == 1 else None, given.lacks
        )

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """A row a figure, of all and of both categories."""
        values = {(each.split, each.name): each for each in scores}
        rows = [["figure", "×100", "95 %", "VD", "VS", "right", "of"]]
        for name in dict.fromkeys(each.name for each in scores):
            whole = values["", name]
            of = [f"{n:,.0f}" if (n := each) is not None else "" for each in
                  (whole.numerator, whole.denominator)]  # fmt: skip
            by = [figure(values[split, name]) for split in _CATEGORIES[1:]]
            rows.append([name, figure(whole), interval(whole), *by, *of])
        yield Table(rows)


def _as_verdict(number: int) -> Verdict:
    return 1 if number == 1 else 2 if number == 2 else 0


def _in_form(source: str) -> bool:
    from halluc.datasets.files import read_rows

    try:
        _, row = next(read_rows(source, dict[str, Any]), (0, {}))
    except InputError:
        return False
    return {"category", "set_id", "figure_id", "visual_input"} <= row.keys()


def _recorded(path: Path) -> tuple[list[Answer], list[Sample], dict[str, int]]:
    """Answers, questions and verdicts of a file in HallusionBench's form."""
    found = read_recorded(path)
    answers, verdicts = [], {}
    for line, sample, text, verdict, _ in found:
        if text is None:
            what = f'{sample.id} has no answer: give it as "model_prediction"'
            raise InputError(what, path, line)
        answers.append(Answer(sample.id, text, path, line, sample.prompt, sample))
        if verdict is not None:
            verdicts[sample.id] = verdict
    return answers, [each.sample for each in found], verdicts
