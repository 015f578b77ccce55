"""What a reward sees of a caption, and the measures that rewards are named after.

`mitigation.precorrection.rewards` has their formulas and sources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path

from halluc.datasets.haelm import prompt_of
from halluc.datasets.pope import article
from halluc.errors import SampleError
from halluc.judges.replies import read_verdict
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things, load_things
from halluc.language.claims.truths import in_words_of
from halluc.language.claims.verdicts import judge, values_of
from halluc.mllm import MLLM, Decoding, Request, load_model
from halluc.records import Claim, Finding, Finish, Kind, Truth
from metrics.finegrained_counts import KINDS, METRIC, Counts

RUN = 4
"""Words in a row of which a repetition is made."""


@dataclass(frozen=True)
class Reading:
    """A caption, and what is found in it once a reward asks.

    Attributes:
        text: the caption.
        truth: what is true of its picture, as the data set tells it.
        id: of the sample, for messages.
        finish: why the answer ended.
        references: captions by people, the judge's facts; empty: the truth is told in words.
        vocabulary: file of things and the words for them, as `load_things` takes it.
    """

    text: str
    truth: Truth
    id: str = ""
    finish: Finish = "stop"
    references: tuple[str, ...] = ()
    vocabulary: Path | None = None

    @cached_property
    def known(self) -> Truth:
        """The truth in the words that claims are in."""
        return in_words_of(_things(self.vocabulary), self.truth)

    @cached_property
    def findings(self) -> list[Finding]:
        """The claims of the caption with their verdicts."""
        return judge(self.id, _claims(self.text, self.vocabulary), self.known, METRIC)

    @cached_property
    def counts(self) -> Counts:
        """Claims by kind and verdict, and what they cover."""
        counts = Counts()
        counts.update(self.findings, self.known)
        return counts


Measure = Callable[[Reading], float | None]


def hallucinated(reading: Reading, kind: Kind) -> float | None:
    """Minus the number of hallucinated claims of a kind; None where nothing can be known of it."""
    return 0.0 - reading.counts.by[kind, "hallucinated"] if _speaks(reading.known, kind) else None


def covered(reading: Reading, kind: Kind) -> float | None:
    """Share of the true things of a kind that are stated, 0 to 1; None where there are none."""
    known = reading.counts.known[kind]
    return reading.counts.covered[kind] / known if known else None


def ended(reading: Reading) -> float:
    """0 where the answer ended by itself, -1 where the token limit cut it."""
    return -1.0 if reading.finish == "length" else 0.0


def repeated(reading: Reading) -> float:
    """Minus the share of runs of four words that an earlier one says already, -1 to 0."""
    words = re.findall(r"\w+", reading.text.lower())
    runs = [tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)]
    return len(set(runs)) / len(runs) - 1 if runs else 0.0


def in_band(reading: Reading, band: tuple[int, int]) -> float:
    """0 in a band of words; outside, minus the distance as a share of the nearer bound."""
    words, (low, high) = len(reading.text.split()), band
    return min(0.0, (words - low) / low, (high - words) / high)


MEASURES: dict[str, Measure] = {
    **{f"{kind}-hallucination": partial(hallucinated, kind=kind) for kind in KINDS},
    **{f"{kind}-coverage": partial(covered, kind=kind) for kind in KINDS},
    "end": ended,
    "repetition": repeated,
}
"""Rewards that are named without anything behind a colon."""


@dataclass
class Judge:
    """A language model that says whether a caption agrees with references; it sees no picture.

    Attributes:
        name: of the model, as `load_model` takes it.
        model: None until it is first asked.
    """

    name: str
    model: MLLM | None = field(default=None, repr=False)

    def many(self, readings: Sequence[Reading]) -> list[float | None]:
        """1 where a caption is called accurate, 0 where not, None where the reply is neither.

        Raises:
            ModelError: the judge cannot be run.
            SampleError: there are no facts to judge by.
        """
        if self.model is None:
            self.model = load_model(self.name)
        requests = []
        for each in readings:
            facts = list(each.references) or facts_of(each.truth)
            if not facts:
                what = f"reward judge:{self.name} of sample {each.id}: no facts to judge by"
                raise SampleError(each.id, what)
            requests.append(Request(each.id, prompt_of(facts, each.text)))
        replies = self.model.generate(requests, Decoding(max_new_tokens=8))
        verdicts = [read_verdict(reply.text) for reply in replies]
        return [{"yes": 1.0, "no": 0.0}.get(verdict) for verdict in verdicts]


def facts_of(truth: Truth) -> list[str]:
    """A truth in sentences: what is there, and how it lies.

    >>> from halluc.records import TrueObject
    >>> facts_of(Truth(objects=(TrueObject(name="cup", attributes={"color": "red"}),)))
    ['There is a red cup.']
    """
    sentences = []
    for each in truth.objects:
        values = [value for family in each.attributes for value in values_of(each, family)]
        phrase = " ".join([*values, each.name])
        sentences.append(f"There is {article(phrase)} {phrase}.")
    for fact in truth.relations:
        one, other = (truth.objects[place].name for place in (fact.subject, fact.object))
        sentences.append(f"The {one} is {fact.predicate} the {other}.")
    return sentences


def _speaks(truth: Truth, kind: Kind) -> bool:
    """Whether a truth could call a claim of a kind hallucinated."""
    if truth.complete:
        return True
    if kind == "object":
        return bool(truth.objects or truth.exhaustive)
    if kind == "attribute":
        return any(each.attributes for each in truth.objects)
    return bool(truth.relations) or sum(each.box is not None for each in truth.objects) > 1


@cache
def _things(vocabulary: Path | None) -> Things:
    return load_things(vocabulary)


@lru_cache(maxsize=4096)
def _claims(text: str, vocabulary: Path | None) -> tuple[Claim, ...]:
    """The claims of a text, whose parse is most of the work, once for all rewards."""
    [claims] = read_claims([text], _things(vocabulary))
    return tuple(claims)
