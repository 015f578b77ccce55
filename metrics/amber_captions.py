"""AMBER's generative half: objects that captions name without reason, and those they leave out.

CHAIR is the share of named objects that are hallucinated, Hal the share of captions with at least
one of them, Cog the share of likely hallucinations that are named (0..1, lower is better). Cover is
the share of true objects that are named (0..1, higher is better). Source: Wang et al. 2023, "AMBER:
An LLM-free Multi-dimensional Benchmark for MLLMs Hallucination Evaluation" (arXiv:2311.07397), and
``inference.py`` of https://github.com/junyangwang0410/AMBER.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from halluc.datasets.amber import Annotations
from halluc.language.words.lemmas import Words
from halluc.language.words.similarity import Similar
from halluc.records import Claim, Finding, Score, Verdict
from metrics.ratio import ratio

# What the published script adds to each denominator.
EPSILON = 0.001

_Entry = tuple[str, int]
_Judgement = tuple[Verdict, str, str]

_SAFE: _Judgement = ("unverifiable", "safe word", "")


@dataclass(frozen=True)
class CaptionReader:
    """How captions are read.

    Attributes:
        nouns: gives the nouns of a text; see `halluc.language.words.nouns.wordnet_nouns`.
        similar: whether two nouns mean much the same, from `halluc.language.words.similarity`.
    """

    nouns: Callable[[str], Words]
    similar: Similar


@dataclass
class _Picture:
    """What is and what is not in a picture, and which of it a caption has named so far.

    Attributes:
        objects: the true objects.
        true, likely: words for the true objects and for likely hallucinations, see `_entries`.
        covered, imagined: places of the true objects and likely hallucinations that were named.
    """

    objects: Sequence[str]
    true: Sequence[_Entry]
    likely: Sequence[_Entry]
    covered: set[int] = field(default_factory=set)
    imagined: set[int] = field(default_factory=set)


def update_caption(
    id: str, text: str, known: Annotations, read: CaptionReader
) -> tuple[dict[str, int], list[Finding]]:
    """Counts and findings of one caption.

    Args:
        id: the caption's id.
        text: the caption.
        known: AMBER's annotations, which hold the id.
        read: how the caption is read.

    Returns:
        Numbers of "captions" and "hallucinated captions"; of objects "named", repetitions and safe
        words too, and those "hallucinated"; of true "objects" and those "covered"; of "likely"
        hallucinations and those "imagined". Then a finding for each object that is named.
    """
    truth = known.samples[id].truth
    objects = [each.name for each in truth.objects] if truth else []
    likely = known.likely[id]
    picture = _Picture(objects, _entries(objects, known), _entries(likely, known))
    findings = []
    for noun, (start, end) in zip(*read.nouns(text), strict=True):
        if noun not in known.vocabulary:
            continue
        verdict, rule, evidence = (
            _SAFE if noun in known.safe else _judge(noun, picture, read.similar)
        )
        findings.append(
            Finding(
                id=id,
                claim=Claim(kind="object", start=start, end=end, subject=noun),
                verdict=verdict,
                metric="amber",
                rule=rule,
                evidence=evidence,
            )
        )
    hallucinated = sum(each.verdict == "hallucinated" for each in findings)
    counts = {
        "captions": 1,
        "hallucinated captions": int(hallucinated > 0),
        "named": len(findings),
        "hallucinated": hallucinated,
        "objects": len(objects),
        "covered": len(picture.covered),
        "likely": len(likely),
        "imagined": len(picture.imagined),
    }
    return counts, findings


def _judge(noun: str, picture: _Picture, similar: Similar) -> _Judgement:
    """Verdict, rule and evidence of a noun that is no safe word; marks what it names.

    It is a true object or goes with one; or is similar to one of these; or hallucinated. Whatever
    it is, it marks the first true object that it meets. If it is none by its word, it marks the
    first likely hallucination that it is, and the first that it is similar to, even where it then
    proves similar to a true object.
    """
    if (met := _first(picture.true, noun.__eq__)) is not None:
        picture.covered.add(met[1])
        name = picture.objects[met[1]]
        return "supported", "in the truth" if name == noun else "goes with the truth", name

    def like(word: str) -> bool:
        return similar(noun, word)

    for fits in (noun.__eq__, like):
        if (met := _first(picture.likely, fits)) is not None:
            picture.imagined.add(met[1])
    if (met := _first(picture.true, like)) is not None:
        picture.covered.add(met[1])
        return "supported", "similar to the truth", met[0]
    listed = ", ".join(sorted(set(picture.objects))) or "no object"
    return "hallucinated", "not in the truth", f"the truth has {listed}"


def compute_captions(counts: Counter[str]) -> list[Score]:
    """CHAIR, Cover, Hal and Cog, each exactly and as the published script prints it.

    The script adds .001 to each denominator and rounds to one decimal, in percent. A ratio of
    nothing is None, where the script prints 0.
    """
    c = counts
    ratios: list[tuple[str, int, int, Literal["higher", "lower"]]] = [
        ("CHAIR", c["hallucinated"], c["named"], "lower"),
        ("Cover", c["covered"], c["objects"], "higher"),
        ("Hal", c["hallucinated captions"], c["captions"], "lower"),
        ("Cog", c["imagined"], c["likely"], "lower"),
    ]
    percents = {name: part / (whole + EPSILON) * 100 for name, part, whole, _ in ratios}
    # The script counts the captions without hallucination.
    good = c["captions"] - c["hallucinated captions"]
    percents["Hal"] = 100 - good / (c["captions"] + EPSILON) * 100
    exact = [
        ratio("amber", name, part, whole, split="generative", better=better)
        for name, part, whole, better in ratios
    ]
    published = [
        Score(
            metric="amber",
            name=f"published {name}",
            value=round(percents[name], 1) if whole else None,
            split="generative",
            better=better,
        )
        for name, _, whole, better in ratios
    ]
    return exact + published


def _entries(words: Sequence[str], known: Annotations) -> list[_Entry]:
    """Words that stand for each object, with its place: all associations first, then themselves."""
    associated = [
        (word, place) for place, name in enumerate(words) for word in known.associations[name]
    ]
    return associated + [(name, place) for place, name in enumerate(words)]


def _first(entries: Iterable[_Entry], fits: Callable[[str], bool]) -> _Entry | None:
    return next((entry for entry in entries if fits(entry[0])), None)
