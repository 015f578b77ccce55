"""CHAIR: how many of the objects that captions mention are not in the picture?

CHAIRi is the share of mentions, CHAIRs the share of captions with at least one (0..1, lower is
better). Recall is the share of true objects that are mentioned, Precision the share of mentioned
objects that are true, F1 their harmonic mean (0..1, higher is better), Len the mean number of
words. Source: Rohrbach et al. 2018, "Object Hallucination in Image Captioning" (arXiv:1809.02156);
Recall and Len as ``chair.py`` of https://github.com/shikiw/OPERA adds them, Precision and F1 as
that of https://github.com/LALBJ/PAI does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from halluc.answers.captions import read_described
from halluc.answers.given import Given, only_truth, picture_of
from halluc.bootstrap import Gathered, grouping, merged
from halluc.language.words.lemmas import Lemmatizer
from halluc.language.words.lemmatizer import Compat, lemmatizer, rule_of
from halluc.language.words.offline import offline_words
from halluc.language.words.vocabulary import coco_class
from halluc.records import Finding, Sample, Score, Truth
from halluc.work import Spread, Work, in_process
from metrics.chair_counts import (
    BLENDS,
    METRIC,
    ChairCounts,
    compute,
    total,
    update,
    whole_sentences,
)
from metrics.protocol import Keep, Measured, Metric, Result, Table, drop, shares
from metrics.tables import figure, interval
from metrics.tasks import CAPTION

EDITION = "CHAIR (arXiv:1809.02156)"
NOTHING = (
    "no caption names any of COCO's 80 classes: are these captions, in English, of whole sentences?"
)
# Captions that are scored at once; some 25,000 are read in a second.
_SHARE = 4_000


class Chair(Metric, frozen=True, kw_only=True):
    """CHAIR over captions of a run or a file.

    Attributes:
        compat: how the singular of words is found; see `halluc.language.words.lemmatizer`.
        nltk_data: folder of NLTK data.
        max_tokens_cut: leave out a last sentence that has no end.
        show: of how many captions the wrong words are listed.
    """

    name = METRIC
    title = "CHAIR"
    summary = "Share of mentioned objects that are not in the picture."
    paper = "arXiv:1809.02156"
    edition = EDITION
    task = CAPTION
    spreads = True
    story = ("CHAIRi", "CHAIRs", "Recall", "Len")
    coverage = ("Len", "Recall")
    hidden = frozenset({"Len/100"})

    compat: Annotated[
        Compat,
        Meta(
            description="How words become singular. wordnet: exactly as OPERA and most papers "
            "since, needs NLTK data. offline: nearly the same, needs nothing. pattern: as the "
            "original scripts. opera: captions by wordnet, reference captions of a COCO folder by "
            "pattern, as OPERA's own table."
        ),
    ] = "offline"
    nltk_data: Annotated[
        str | None, Meta(description="Folder of NLTK data, searched before NLTK's own path.")
    ] = None
    max_tokens_cut: Annotated[
        Literal["sentence"] | None,
        Meta(
            description="Leave out a last sentence that has no end, as for answers of at most 64 "
            "tokens."
        ),
    ] = None
    show: Annotated[
        int | None,
        Meta(
            ge=1,
            description="List the wrong words of the first N captions that have any.",
            extra={"metavar": "N"},
        ),
    ] = None

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Captions joined to the objects of their pictures; see `Metric.read`."""
        if rule_of(self.compat) == "wordnet":
            lemmatizer(self.compat, self.nltk_data)  # says at once if its data is missing
        return read_described(
            sources,
            only_truth(truth),
            lemmatizer(self.compat, self.nltk_data, of_truth=True),
            allow_missing=allow_missing,
            rule=rule_of(self.compat, of_truth=True),
        )

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures share by share, so that memory does not grow with the captions."""
        gathered, cut, captions = Gathered[ChairCounts](), 0, 0
        names, wrong = set[str](), list[str]()
        shown = self.show or 0
        begin = partial(
            _scoring, self.compat, self.nltk_data, self.max_tokens_cut is not None, shown,
            grouping(given.pictures),
        )  # fmt: skip

        def lines() -> Iterator[bytes]:
            nonlocal cut, captions
            for result in spread(begin, shares(given, _SHARE)):
                head, _, found = result.partition(b"\n")
                share = msgspec.json.decode(head, type=_Share)
                for picture, counts in share.counts.items():
                    gathered.add(picture, counts)
                cut, captions = cut + share.cut, captions + share.captions
                names.update(share.unknown)
                wrong.extend(share.wrong[: shown - len(wrong)])
                yield found

        (keep or drop)(lines())
        settings: dict[str, Any] = {"compat": self.compat}
        if self.max_tokens_cut:
            told = f"{self.max_tokens_cut} ({cut} of {captions} captions cut)"
            settings["max_tokens_cut"] = told
        notes: dict[str, Any] = {}
        if rule_of(self.compat) == "wordnet":
            notes["nltk"] = version("nltk")
        if names:
            notes["not in CHAIR's vocabulary"] = sorted(names)
        settings |= {"left out": given.left_out} if given.left_out else {}
        counted = gathered.counted(compute, BLENDS)
        mentions = next(each for each in counted.scores if each.name == "CHAIRi").denominator
        warnings = [] if mentions else [NOTHING]
        return Measured([counted], settings, notes=notes, lines=wrong, warnings=warnings)

    def tables(self, scores: Sequence[Score], given: Given) -> Iterator[Table]:
        """The figures with their intervals."""
        rows = [["figure", "", "95 %"]]
        for score in scores:
            if score.name != "Len/100":
                name, scale = (score.name, 1) if score.unit else (f"{score.name} ×100", 100)
                rows.append([name, figure(score, scale), interval(score, scale)])
        yield Table(rows)


def chair(
    captions: Mapping[str, str],
    truths: Mapping[str, Truth],
    lemmatize: Lemmatizer = offline_words,
) -> Result[ChairCounts]:
    """Score captions against the objects that are in their pictures.

    Args:
        captions: caption by id.
        truths: truth of each caption's picture by the same id; objects are COCO classes or synonyms
            of them.
        lemmatize: from `halluc.language.words.lemmatizer.lemmatizer`.

    Raises:
        KeyError: a caption's id has no truth.
    """
    counts, findings = {}, []
    for id, text in captions.items():
        counts[id], found = update(id, text, truths[id], lemmatize)
        findings += found
    return Result(compute(total(counts.values())), counts, findings)


class _Share(msgspec.Struct, array_like=True):
    """What CHAIR finds in a share of the captions, beside the lines of its findings."""

    counts: dict[str, ChairCounts]
    captions: int
    cut: int
    unknown: list[str]
    wrong: list[str]


def _scoring(
    compat: Compat, nltk_data: str | None, whole: bool, shown: int, group: Callable[[str], str]
) -> Work:
    lemmatize = lemmatizer(compat, nltk_data)

    def work(item: bytes) -> bytes:
        counts: dict[str, ChairCounts] = {}
        pictures: dict[str, str] = {}
        wrong, cut, findings, unknown = list[str](), 0, list[Finding](), set[str]()
        for sample, said in msgspec.json.decode(item, type=list[tuple[Sample, str]]):
            id, truth = sample.id, sample.truth or Truth()
            text = whole_sentences(said) if whole else said
            cut += text != said
            counts[id], found = update(id, text, truth, lemmatize)
            pictures[id] = group(picture_of(sample))
            findings += found
            unknown.update(each.name for each in truth.objects if coco_class(each.name) is None)
            if len(wrong) < shown and counts[id].hallucinated_mentions:
                wrong.append(_wrong(id, text, found))
        head = _Share(merged(counts, pictures), len(counts), cut, sorted(unknown), wrong)
        encoder = msgspec.json.Encoder()
        return encoder.encode(head) + b"\n" + encoder.encode_lines(findings)

    return work


def _wrong(id: str, text: str, findings: Iterable[Finding]) -> str:
    """The wrong words of a caption in a line: their positions, their classes, and the truth."""
    wrong = [each for each in findings if each.verdict == "hallucinated"]
    words = ", ".join(
        f'"{text[claim.start : claim.end]}" at {claim.start} ({claim.subject})'
        for claim in (each.claim for each in wrong)
    )
    return f"{id}: {words}; {wrong[0].evidence}"
