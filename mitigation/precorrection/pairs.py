"""Preference pairs: of two answers to the same picture, one has fewer wrong claims.

A set of pairs is a folder:

============  ===================================================================================
train.jsonl   a pair a line, in TRL's vision preference form, with ``images`` as the data set names
test.jsonl    them; of pictures that train.jsonl does not have
card.json     how they were made, of which data, how many of each kind, how long
============  ===================================================================================

``datasets.load_dataset(folder)`` reads it.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, get_args

import msgspec

from halluc.card import now, versions
from halluc.errors import InputError
from halluc.jsonl import read_json, read_jsonl, write_json, write_jsonl
from halluc.locks import alone
from halluc.records import Record

PairKind = Literal["on-policy", "corrected", "injected"]
KINDS: tuple[PairKind, ...] = get_args(PairKind)
Span = tuple[int, int]
SPLITS = ("train", "test")
T = TypeVar("T", bound="OfPicture")


class OfPicture(Protocol):
    """What belongs to a picture."""

    @property
    def image(self) -> str:
        """The picture, as its data set names it."""


class Pair(Record, frozen=True):
    """Two answers to the same prompt on the same picture.

    Attributes:
        id: unique in its set.
        image: the picture, as its data set names it.
        prompt: what was asked, before any chat template.
        chosen: the better answer.
        rejected: the worse one.
        kind: how the pair was made.
        chosen_spans, rejected_spans: the words in which they differ, as character offsets.
    """

    id: str
    image: str
    prompt: str
    chosen: str
    rejected: str
    kind: PairKind = "on-policy"
    chosen_spans: tuple[Span, ...] = ()
    rejected_spans: tuple[Span, ...] = ()

    @property
    def answers(self) -> tuple[str, str]:
        """Both, the better one first."""
        return self.chosen, self.rejected


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: str


class _Row(msgspec.Struct, frozen=True):
    """A pair as TRL reads it."""

    id: str
    images: tuple[str]
    prompt: tuple[_Message]
    chosen: tuple[_Message]
    rejected: tuple[_Message]
    kind: PairKind = "on-policy"
    chosen_spans: tuple[Span, ...] = ()
    rejected_spans: tuple[Span, ...] = ()


def changed_spans(one: str, other: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The words of each text that the other does not have in that place.

    >>> changed_spans("a red cup", "a blue cup")
    (((2, 5),), ((2, 6),))
    """
    words = [_words(text) for text in (one, other)]
    matcher = SequenceMatcher(
        a=[one[start:end] for start, end in words[0]],
        b=[other[start:end] for start, end in words[1]],
        autojunk=False,
    )
    spans: tuple[list[Span], list[Span]] = ([], [])
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        for found, cut, text in (
            (spans[0], (first, last), words[0]),
            (spans[1], (begin, end), words[1]),
        ):
            if cut[0] < cut[1]:
                found.append((text[cut[0]][0], text[cut[1] - 1][1]))
    return tuple(spans[0]), tuple(spans[1])


def make_pair(  # noqa: PLR0917 - in the order in which a pair is read
    id: str, image: str, prompt: str, chosen: str, rejected: str, kind: PairKind = "on-policy"
) -> Pair:
    """A pair with the words in which its answers differ."""
    better, worse = changed_spans(chosen, rejected)
    return Pair(
        id=id, image=image, prompt=prompt, chosen=chosen, rejected=rejected, kind=kind,
        chosen_spans=better, rejected_spans=worse,
    )  # fmt: skip


def balance(pairs: Iterable[Pair], seed: int) -> list[Pair]:
    """As many pairs of each kind as of the rarest, drawn by chance; doubles are left out first."""
    seen = set[tuple[str, str, str, str]]()
    by_kind: dict[str, list[Pair]] = {}
    for pair in pairs:
        key = (pair.image, pair.prompt, pair.chosen, pair.rejected)
        if key not in seen and pair.chosen != pair.rejected:
            seen.add(key)
            by_kind.setdefault(pair.kind, []).append(pair)
    if not by_kind:
        return []
    rng = random.Random(f"balance/{seed}")
    count = min(map(len, by_kind.values()))
    kept = {pair.id for some in by_kind.values() for pair in rng.sample(some, count)}
    return [pair for some in by_kind.values() for pair in some if pair.id in kept]


def balance_length(pairs: Iterable[Pair], seed: int) -> list[Pair]:
    """Pairs of which length tells nothing: for each that is longer, one as much shorter.

    Of each kind, as many pairs have a better answer that is n words longer than the worse one as
    have one that is n words shorter, for every n; the rest is left out by chance.
    """
    given = list(pairs)
    groups: dict[tuple[str, int], list[Pair]] = {}
    for pair in given:
        groups.setdefault((pair.kind, _longer(pair)), []).append(pair)
    rng = random.Random(f"length/{seed}")
    kept = set[str]()
    for (kind, words), some in groups.items():
        count = len(groups.get((kind, -words), ()))
        taken = some if len(some) <= count else rng.sample(some, count)
        kept.update(pair.id for pair in taken)
    return [pair for pair in given if pair.id in kept]


def split_by_picture(items: Sequence[T], test_share: float) -> dict[str, list[T]]:
    """Pairs or examples for training and for watching it; those of a picture stay together."""
    splits: dict[str, list[T]] = {name: [] for name in SPLITS}
    for each in items:
        digest = hashlib.sha256(each.image.encode()).digest()
        splits["test" if digest[0] < 256 * test_share else "train"].append(each)
    return splits


def write_pairs(
    folder: Path, pairs: Sequence[Pair], made: dict[str, Any], test_share: float
) -> dict[str, Any]:
    """Write a set of pairs with its card, and return the card.

    Until the set is whole, its card says so, and nothing reads it.

    Args:
        folder: of the set; an older one there is replaced.
        pairs: of all kinds.
        made: how they were made; the card begins with it.
        test_share: share of the pictures whose pairs are kept out of training.

    Raises:
        InputError: there are no pairs, or the folder cannot be written.
    """
    if not pairs:
        raise InputError("no pairs came out: no answer had a better one beside it")
    splits = split_by_picture(pairs, test_share)
    card = {
        **made,
        "state": "finished",
        "pairs": {name: len(some) for name, some in splits.items()},
        "pictures": len({pair.image for pair in pairs}),
        "kinds": {kind: _figures([p for p in pairs if p.kind == kind]) for kind in KINDS},
        "made": now(),
        "versions": versions(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):  # of two that write at once, all is of the last one
        write_json(folder / "card.json", {**made, "state": "running"})
        for name, some in splits.items():
            write_jsonl(folder / f"{name}.jsonl", [_row(pair) for pair in some])
        write_json(folder / "card.json", card)
    return card


def read_pairs(folder: Path) -> tuple[dict[str, Any], dict[str, list[Pair]]]:
    """The card of a set of pairs, and its pairs by split.

    Raises:
        InputError: it is no such folder or half of one, or a line of it is damaged.
    """
    if not (folder / "card.json").is_file():
        raise InputError(
            "no set of pairs: there is no card.json in it; make one with: halluc data pairs", folder
        )
    card = read_json(folder / "card.json", dict[str, Any])
    if not all(isinstance(card.get(name, ""), str | None) for name in ("data", "images", "state")):
        raise InputError('"data" and "images" are texts in such a card', folder / "card.json")
    if card.get("state") == "running":
        raise InputError("is half a set of pairs; give its halluc data pairs again", folder)
    splits = {}
    for name in SPLITS:
        file = folder / f"{name}.jsonl"
        splits[name] = [_pair(row) for _, row in read_jsonl(file, _Row)]
    return card, splits


def pairs_hash(pairs: Iterable[Pair]) -> str:
    """SHA-256 of pairs."""
    return hashlib.sha256(b"\n".join(map(msgspec.json.encode, pairs))).hexdigest()


def _words(text: str) -> list[Span]:
    spans, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


def _longer(pair: Pair) -> int:
    """Words that the better answer has more than the worse one."""
    return len(pair.chosen.split()) - len(pair.rejected.split())


def _figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """How many pairs, how long their answers are in words, and in how much they differ."""
    figures: dict[str, Any] = {"pairs": len(pairs)}
    for name in ("chosen", "rejected"):
        words = [len(getattr(pair, name).split()) for pair in pairs]
        figures[f"{name} words"] = round(sum(words) / len(words), 2) if words else None
    apart = [_longer(pair) for pair in pairs]
    once = [max(len(p.chosen_spans), len(p.rejected_spans)) <= 1 for p in pairs]
    for name, told in (
        ("chosen is shorter", [each < 0 for each in apart]),
        ("words apart", [abs(each) for each in apart]),
        ("differ in one place", once),
    ):
        figures[name] = round(sum(told) / len(pairs), 3) if pairs else None
    return figures


def _row(pair: Pair) -> _Row:
    return _Row(
        pair.id,
        (pair.image,),
        (_Message("user", pair.prompt),),
        (_Message("assistant", pair.chosen),),
        (_Message("assistant", pair.rejected),),
        pair.kind,
        pair.chosen_spans,
        pair.rejected_spans,
    )


def _pair(row: _Row) -> Pair:
    return Pair(
        id=row.id, image=row.images[0], prompt=row.prompt[0].content,
        chosen=row.chosen[0].content, rejected=row.rejected[0].content, kind=row.kind,
        chosen_spans=row.chosen_spans, rejected_spans=row.rejected_spans,
    )  # fmt: skip
