"""Captions scored share by share, here or on the workers of a cluster.

Shares are cut by position and do not hang on who scores them, so neither do figures and findings;
memory does not grow with the captions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec

from app.engine.cluster import Cluster, Work, spread
from app.workflows.captions import Captions
from halluc.bootstrap import Gathered, grouping, merged
from halluc.records import Finding, Truth
from metrics.chair import ChairCounts, update, whole_sentences

if TYPE_CHECKING:
    from halluc.language.claims.things import Things
    from halluc.language.words.lemmatizer import Compat

T = TypeVar("T")

# In captions. CHAIR reads some 25,000 a second, the parser some 100.
_CHAIR, _PARSED = 4_000, 256


class _Caption(msgspec.Struct, array_like=True, gc=False):
    """A caption to be scored, the picture that it is about, and what is true of it."""

    id: str
    text: str
    picture: str
    truth: Truth


class _Share(msgspec.Struct, array_like=True):
    """What CHAIR finds in a share, beside the lines of its findings."""

    counts: dict[str, ChairCounts]
    cut: int
    wrong: list[str]


class ChairShares:
    """CHAIR over captions.

    Args:
        said: the captions.
        compat, nltk_data: how words become singular; see `halluc.language.words.lemmatizer`.
        whole: leave out a last sentence that has no end.
        shown: of how many captions the wrong words are wanted.

    Attributes:
        gathered: counts by picture, complete once `findings` has been gone through.
        cut: captions that lost their last sentence.
        wrong: the wrong words of the first captions that have any, a line each.
    """

    def __init__(
        self,
        said: Captions,
        compat: Compat,
        nltk_data: str | None,
        *,
        whole: bool = False,
        shown: int = 0,
    ) -> None:
        self.gathered = Gathered[ChairCounts]()
        self.cut = 0
        self.wrong: list[str] = []
        self._said, self._shown = said, shown
        self._pictures = said.pictures if said.run else {}
        group = grouping(set(self._pictures.values()) or said.truths.keys())
        self._begin = partial(_chairing, compat, nltk_data, whole, shown, group)

    def findings(self, cluster: Cluster | None) -> Iterator[bytes]:
        """The lines of the findings, in the captions' order, as they are found.

        Raises:
            HallucError: a worker cannot do its part.
        """
        items = map(msgspec.json.encode, _shared(self._captions(), _CHAIR))
        for result in spread(cluster, self._begin, items):
            head, _, lines = result.partition(b"\n")
            share = msgspec.json.decode(head, type=_Share)
            for picture, counts in share.counts.items():
                self.gathered.add(picture, counts)
            self.cut += share.cut
            self.wrong += share.wrong[: self._shown - len(self.wrong)]
            yield lines

    def _captions(self) -> Iterator[_Caption]:
        for answer in self._said.given:
            id = str(answer.id)
            yield _Caption(id, answer.text, self._pictures.get(id, id), self._said.truths[id])


def _chairing(
    compat: Compat, nltk_data: str | None, whole: bool, shown: int, group: Callable[[str], str]
) -> Work:
    from halluc.language.words.lemmatizer import lemmatizer

    lemmatize = lemmatizer(compat, nltk_data)

    def work(item: bytes) -> bytes:
        captions = msgspec.json.decode(item, type=list[_Caption])
        counts: dict[str, ChairCounts] = {}
        wrong, cut, findings = list[str](), 0, list[Finding]()
        for each in captions:
            text = whole_sentences(each.text) if whole else each.text
            cut += text != each.text
            counts[each.id], found = update(each.id, text, each.truth, lemmatize)
            findings += found
            if len(wrong) < shown and counts[each.id].hallucinated_mentions:
                wrong.append(_wrong(each.id, text, found))
        by_picture = merged(counts, {each.id: group(each.picture) for each in captions})
        head = msgspec.json.encode(_Share(by_picture, cut, wrong))
        return head + b"\n" + msgspec.json.Encoder().encode_lines(findings)

    return work


def _wrong(id: str, text: str, findings: Iterable[Finding]) -> str:
    """The wrong words of a caption in a line: their places, their classes, and the truth."""
    wrong = [each for each in findings if each.verdict == "hallucinated"]
    words = ", ".join(
        f'"{text[claim.start : claim.end]}" at {claim.start} ({claim.subject})'
        for claim in (each.claim for each in wrong)
    )
    return f"{id}: {words}; {wrong[0].evidence}"


def find_claims(said: Captions, things: Things, cluster: Cluster | None) -> list[Finding]:
    """The claims of captions with their verdicts; see `metrics.finegrained`.

    Raises:
        HallucError: a worker cannot do its part.
    """
    captions = (
        _Caption(str(each.id), each.text, "", said.truths[str(each.id)]) for each in said.given
    )
    items = map(msgspec.json.encode, _shared(captions, _PARSED))
    results = spread(cluster, partial(_judging, things), items)
    return [each for result in results for each in msgspec.json.decode(result, type=list[Finding])]


def _judging(things: Things) -> Work:
    from metrics.finegrained import finegrained

    def work(item: bytes) -> bytes:
        captions = msgspec.json.decode(item, type=list[_Caption])
        texts = {each.id: each.text for each in captions}
        truths = {each.id: each.truth for each in captions}
        return msgspec.json.encode(finegrained(texts, truths, things).findings)

    return work


def _shared(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    while share := list(islice(rows, size)):
        yield share
