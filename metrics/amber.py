"""AMBER: captions and yes/no questions on existence, attributes and relations, in one score.

Accuracy, and precision, recall and F1 of the answer "No", so of seeing what is not so (0..1, higher
is better), for all questions and for each dimension; `metrics.amber_captions` has the captions. The
AMBER score is the mean of 100 - CHAIR and F1 (0..100, higher is better). Source: Wang et al. 2023,
"AMBER: An LLM-free Multi-dimensional Benchmark for MLLMs Hallucination Evaluation"
(arXiv:2311.07397), and ``inference.py`` of https://github.com/junyangwang0410/AMBER.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from halluc.answers.alignment import Pairs
from halluc.answers.files import read_answers
from halluc.answers.given import Given, count_rows, only_truth, open_answers, picture_of
from halluc.bootstrap import Counted, merged
from halluc.datasets import Dataset
from halluc.datasets.amber import (
    ATTRIBUTES,
    DIMENSIONS,
    Annotations,
    annotated_folder,
    load,
    read_annotations,
)
from halluc.errors import InputError
from halluc.language.words.nouns import wordnet_nouns
from halluc.language.words.similarity import similarity
from halluc.records import Answer, Finding, Sample, Score
from halluc.runs import Run
from halluc.work import Spread, in_process
from metrics.amber_captions import CaptionReader, update_caption
from metrics.amber_counts import (
    PARTS,
    AmberCounts,
    Parser,
    compute,
    parse_exact,
    total,
    update_answer,
)
from metrics.pope_parsers import read_vlmevalkit
from metrics.protocol import Keep, Measured, Metric, Result, Table, drop, rightly
from metrics.tables import count, figure, interval
from metrics.tasks import Task

EDITION = "AMBER (arXiv:2311.07397)"

# What the published script calls its parts.
_EVALUATIONS = {
    "a": ("generative", "existence", *ATTRIBUTES, "relation"),
    "g": ("generative",),
    "d": ("existence", *ATTRIBUTES, "relation"),
    "de": ("existence",),
    "da": ATTRIBUTES,
    "dr": ("relation",),
}
_FIGURES = ("accuracy", "precision", "recall", "F1")
_CAPTIONS = ("CHAIR", "Cover", "Hal", "Cog")


class Amber(Metric, frozen=True, kw_only=True):
    """AMBER over captions and yes/no answers of a run or a file.

    Attributes:
        evaluation_type: which parts must be answered, as the published script names them.
        parser: how yes/no answers are read.
        similarity: which words count as synonyms; see `halluc.language.words.similarity`.
        nltk_data: folder of NLTK data.
    """

    name = "amber"
    title = "AMBER"
    summary = "Captions and questions: CHAIR, Cover, Hal, Cog and F1."
    paper = "arXiv:2311.07397"
    edition = EDITION
    # AMBER asks for captions, too, and the answers of a run are asked for alike.
    task = Task("amber", "queries of AMBER", lambda sample: sample.split in DIMENSIONS)
    story = ("CHAIR", "Cover", "Hal", "Cog", "accuracy", "F1")
    coverage = ("Cover",)
    hidden = frozenset({"precision", "recall"})
    one_table = True

    evaluation_type: Annotated[
        Literal["a", "g", "d", "de", "da", "dr"] | None,
        Meta(
            description="a: all. g: captions. d: questions; de: on existence, da: on attributes, "
            "dr: on relations. Default: what is answered."
        ),
    ] = None
    parser: Annotated[
        Literal["amber", "vlmevalkit"],
        Meta(
            description='amber: "Yes" or "No" and nothing else, as published. vlmevalkit: yes or '
            "no as a word."
        ),
    ] = "amber"
    similarity: Annotated[
        str,
        Meta(
            description="Which words count as synonyms: wordnet, exact, or spacy:MODEL with "
            "vectors."
        ),
    ] = "wordnet"
    nltk_data: Annotated[
        str | None, Meta(description="Folder of NLTK data, searched before NLTK's own path.")
    ] = None

    @classmethod
    def fits(cls, source: str, truth: Sequence[str]) -> bool:
        """A ground truth that is AMBER's folder of data."""
        return bool(truth) and (Path(truth[0]) / "annotations.json").is_file()

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Answers joined to AMBER's queries; see `Metric.read`."""
        rows: Counter[Path] = Counter()
        run, stream = open_answers(sources, read_answers, allow_missing=allow_missing)
        answers = list(count_rows(stream, rows))
        source = only_truth(truth)
        folder = annotated_folder(Path(source)) if source else _folder_of(run, answers)
        dataset = load(folder)
        if run and not source:
            _check_same(run, dataset)
        samples = _asked(run.samples if run else dataset.samples, answers, self.evaluation_type)
        others = {sample.id for sample in dataset.samples} - {sample.id for sample in samples}
        mine = [answer for answer in answers if str(answer.id) not in others]
        pairs = Pairs(mine, samples, allow_missing=allow_missing)
        given = Given(run, pairs, dataset.card["files"], rows, samples)
        if not given.answers:
            raise InputError("no answer to a query of AMBER", answers[0].path)
        if allow_missing:
            given.left_out = {
                "queries without an answer": pairs.missing.total(),
                "answers without a query": pairs.surplus,
            }
        given.note["folder"] = folder
        given.note["others"] = len(answers) - len(mine)
        return given

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures of captions and of questions, of those parts that were answered."""
        settings: dict[str, Any] = {"parser": self.parser}
        read = None
        if any(sample.split == "generative" for sample in given.samples):
            read = self._caption_reader()
            settings |= {"similarity": self.similarity, "nltk": version("nltk")}
        known = read_annotations(given.note["folder"])
        result = amber(given.samples, given.texts, known, parse=self._parse(), read=read)
        settings |= {"left out": given.left_out} if given.left_out else {}
        if others := given.note["others"]:
            settings["not scored"] = f"{others} answers to parts that are not evaluated"
        (keep or drop)([msgspec.json.Encoder().encode_lines(result.findings)])
        pictures = {each.id: picture_of(each) for each in given.samples}
        return Measured([count_pictures(result, pictures)], settings)

    def right(self, given: Given) -> dict[str, dict[str, bool]]:
        """Whether each question was answered rightly, by part and id."""
        parse = self._parse()
        by = rightly(given, lambda text, _: parse(text))
        return {
            part: {id: each for name in names for id, each in by.get(name, {}).items()}
            for part, names in PARTS.items()
        }

    def label(self, name: str, split: str) -> str:
        """What a figure is called in a sentence."""
        return name if split in ("all", "generative") else f"{split} {name}"

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """The figures of captions, then those of questions."""
        if any(each.split == "generative" for each in scores):
            yield Table(list(_caption_rows(scores)))
        if any(each.name == "F1" for each in scores):
            yield Table(list(_question_rows(scores)))

    def _parse(self) -> Parser:
        if self.parser == "amber":
            return parse_exact
        return lambda text: None if (r := read_vlmevalkit(text, "no")) == "unknown" else r

    def _caption_reader(self) -> CaptionReader:
        return CaptionReader(
            wordnet_nouns(self.nltk_data), similarity(self.similarity, self.nltk_data)
        )


def count_pictures(result: Result[AmberCounts], pictures: Mapping[str, str]) -> Counted:
    """The figures with what each picture adds to them, for intervals.

    Args:
        result: of `amber`.
        pictures: the picture that each answer is about, by the answer's id.
    """
    asked = {dimension for each in result.counts.values() for dimension, _ in each.by}
    sums = merged(result.counts, pictures)
    return Counted(result.scores, {name: compute(each, asked) for name, each in sums.items()})


def _folder_of(run: Run | None, answers: Sequence[Answer]) -> Path:
    """AMBER's folder that a run was made on, if it is still there."""
    form, _, path = (run.card.get("data", {}).get("name", "") if run else "").partition(":")
    if form == "amber" and Path(path).exists():
        return annotated_folder(Path(path))
    what = "AMBER's associations of words are needed"
    raise InputError(f"{what}; name its folder of data with --truth", answers[0].path)


def _check_same(run: Run, dataset: Dataset) -> None:
    """Refuse data that was changed since the run was made."""
    now = {each["file"]: each["sha256"] for each in dataset.card["files"]}
    for each in run.card["data"].get("files", []):
        if now.get(each["file"], each["sha256"]) != each["sha256"]:
            what = f"{each['file']} of {dataset.name} is not the one that the run was made on"
            raise InputError(f"{what}; name the right folder with --truth", run.path)


def _asked(
    samples: Sequence[Sample], answers: Sequence[Answer], evaluation: str | None
) -> list[Sample]:
    """The queries that must have an answer: of the parts asked for, else of those answered."""
    if evaluation:
        dimensions = set(_EVALUATIONS[evaluation])
    else:
        ids = {str(answer.id) for answer in answers}
        answered = {sample.split for sample in samples if sample.id in ids}
        dimensions = {
            each
            for part in ("g", "de", "da", "dr")
            if not answered.isdisjoint(_EVALUATIONS[part])
            for each in _EVALUATIONS[part]
        }
    return [sample for sample in samples if sample.split in dimensions]


def _caption_rows(scores: Sequence[Score]) -> Iterator[list[str]]:
    values = {each.name: each for each in scores if each.split in ("generative", "")}
    yield ["figure", "published", "×100", "95 %"]
    for name in _CAPTIONS:
        exact = values[name]
        yield [name, figure(values[f"published {name}"], 1, 1), figure(exact), interval(exact)]
    if total := values.get("AMBER score"):
        yield [total.name, figure(total, 1)]


def _question_rows(scores: Sequence[Score]) -> Iterator[list[str]]:
    values = {(each.split, each.name): each for each in scores}
    yield ["split", *_FIGURES, "F1 ×100", "95 %", "said No", "other"]
    for part in dict.fromkeys(each.split for each in scores if each.name == "F1"):
        figures = [figure(values[part, f"published {name}"], 1, 1) for name in _FIGURES]
        f1 = values[part, "F1"]
        counts = [count(values[part, name]) for name in ("said No", "other")]
        yield [part, *figures, figure(f1), interval(f1), *counts]


def amber(
    samples: Sequence[Sample],
    answers: Mapping[str, str],
    known: Annotations,
    *,
    parse: Parser = parse_exact,
    read: CaptionReader | None = None,
) -> Result[AmberCounts]:
    """Score answers to AMBER's queries.

    Args:
        samples: the queries that were asked.
        answers: text of the answer to each, by its id.
        known: AMBER's annotations.
        parse: reads yes or no in an answer.
        read: how captions are read; needed where there are any.

    Raises:
        InputError: a sample is no query of AMBER.
        KeyError: a sample has no answer.
    """
    counts: dict[str, AmberCounts] = {}
    findings: list[Finding] = []
    for sample in samples:
        truth = known.samples.get(sample.id)
        if truth is None or truth.truth is None:
            raise InputError(f"sample {sample.id!r} is no query of AMBER")
        text, label = answers[sample.id], truth.truth.label
        if label is not None:
            numbers = update_answer(parse(text), label)
        elif read is not None:
            numbers, found = update_caption(sample.id, text, known, read)
            findings += found
        else:
            raise ValueError("captions cannot be scored without `read`")
        by = Counter({(truth.split, what): number for what, number in numbers.items()})
        counts[sample.id] = AmberCounts(by)
    return Result(compute(total(counts.values())), counts, findings)
