"""Where runs differ: the claims of two runs on the same pictures, and what became of each.

What a caption says of a thing is a claim about one *matter*: that an object is there, what an
object is like in one way (its colour), how two objects stand to each other. On each matter of a
picture a run is wrong, right, or says nothing that the ground truth decides. So between two runs a
matter is fixed, broken, wrong in both, or told by one of them alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp
from statistics import fmean
from typing import NamedTuple

import msgspec

from app.workflows.compare.sides import Side
from halluc.answers.given import picture_of
from halluc.records import Claim, Record, Token, Verdict
from metrics.finegrained_counts import in_words
from metrics.protocol import Keep
from mitigation.postcorrection.factors import Occurrences, tokens_of

Matter = tuple[str, str, str]
"""Kind; the object (of a relation both); of an attribute its family."""

_OBJECTS = 8
_THIRDS = ("first third", "second third", "last third")
_CHANCES = ((0.9, "p ≥ .9"), (0.5, "p .5 to .9"), (0.0, "p < .5"))


class Stated(NamedTuple):
    """What a run states on a matter of a picture.

    Attributes:
        claim: the first hallucinated claim on it, else the first supported one.
        wrong: whether it is hallucinated.
    """

    claim: Claim
    wrong: bool


Claims = dict[str, dict[Matter, Stated]]
"""By id of the answer."""


class Changes(Record, frozen=True):
    """How many matters are told by whom, and how.

    Attributes:
        fixed: wrong in the one run, right in the other.
        broken: right, then wrong.
        both_wrong: wrong in both.
        dropped, added: wrong, and told by the one alone; by the other alone.
        lost, gained: right, and told by the one alone; by the other alone.
    """

    fixed: int = 0
    broken: int = 0
    both_wrong: int = 0
    dropped: int = 0
    added: int = 0
    lost: int = 0
    gained: int = 0


class Part(Record, frozen=True):
    """A part of the difference between two runs.

    Attributes:
        by: how the difference is parted: all, kind, object, companion, position or uncertainty.
        group: which part of it.
        changes: what became of its matters. One that is wrong in both stands where the one run has
            it.
        change: wrong matters more (below 0: fewer) in the other run, on 100 pictures.
        low, high: its 95 % interval over pictures, of this part alone; None for a single picture.
    """

    by: str
    group: str
    changes: Changes
    change: float
    low: float | None = None
    high: float | None = None


class Changed(Record, frozen=True):
    """An answer on which two runs differ.

    Attributes:
        id, picture: which.
        fixed, broken, dropped, added: the claims in words, as `Changes` has them: the wrong ones.
        change: wrong matters more in the other run.
    """

    id: str
    picture: str
    change: int
    fixed: Sequence[str] = ()
    broken: Sequence[str] = ()
    dropped: Sequence[str] = ()
    added: Sequence[str] = ()


class Where(Record, frozen=True):
    """Where two runs differ.

    Attributes:
        one, other: their names.
        metric: whose claims these are.
        parts: of the difference; the first is all of it.
        answers: those on which a wrong claim came or went, the greatest changes first.
    """

    one: str
    other: str
    metric: str
    parts: Sequence[Part]
    answers: Sequence[Changed]


class _Found(msgspec.Struct):
    id: str
    claim: Claim
    verdict: Verdict


def collect(claims: Claims) -> Keep:
    """A taker of findings that puts what they say into `claims`."""
    decoder = msgspec.json.Decoder(_Found)

    def keep(lines: Iterable[bytes]) -> None:
        for each in lines:
            for found in decoder.decode_lines(each):
                wrong = found.verdict == "hallucinated"
                if wrong or found.verdict == "supported":
                    stated = claims.setdefault(found.id, {})
                    matter = _matter(found.claim)
                    if matter not in stated or (wrong and not stated[matter].wrong):
                        stated[matter] = Stated(found.claim, wrong)

    return keep


def _matter(claim: Claim) -> Matter:
    if claim.kind == "relation":
        return claim.kind, *sorted((claim.subject, claim.object))  # type: ignore[return-value]
    return claim.kind, claim.subject, claim.family


def where(
    pair: tuple[Side, Side],
    metric: str,
    claims: tuple[Claims, Claims],
    there: Mapping[str, set[str]],
    known: Occurrences,
) -> Where:
    """Where two runs on the same ids differ.

    Args:
        pair: the two.
        metric: whose claims these are.
        claims: what each of them says, as `collect` gathers it.
        there: the objects that are in the picture, by id.
        known: what comes together in pictures.
    """
    one, other = pair
    pictures = {each.id: picture_of(each) for each in one.samples}
    places = [_places(side, known, there) for side in pair]
    changes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    nets: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    answers = []
    for id, picture in pictures.items():
        before, after = (each.get(id, {}) for each in claims)
        words: dict[str, list[str]] = {}
        net = 0
        for matter in sorted(before.keys() | after.keys()):
            what, step = _change(before.get(matter), after.get(matter))
            if not what:  # right in both
                continue
            side = 1 if what in ("broken", "added", "gained") else 0
            stated = (before, after)[side][matter]
            for key in places[side](id, stated):
                changes[key][what] += 1
                if step:
                    nets[key][picture] += step
            if step:
                words.setdefault(what, []).append(in_words(stated.claim))
            net += step
        if words:
            answers.append(Changed(id=id, picture=picture, change=net, **words))
    number = len(set(pictures.values()))
    parts = [_part(key, changes[key], nets[key], number) for key in changes]
    answers.sort(key=lambda each: (-abs(each.change), each.id))
    return Where(
        one=one.name, other=other.name, metric=metric, parts=_ordered(parts), answers=answers
    )


def _change(before: Stated | None, after: Stated | None) -> tuple[str, int]:
    """What became of a matter, and how many wrong ones more that makes."""
    if before is None and after is not None:
        return ("added", 1) if after.wrong else ("gained", 0)
    if after is None and before is not None:
        return ("dropped", -1) if before.wrong else ("lost", 0)
    if before is None or after is None:
        return "", 0
    if before.wrong and after.wrong:
        return "both_wrong", 0
    if before.wrong:
        return "fixed", -1
    return ("broken", 1) if after.wrong else ("", 0)


def _places(
    side: Side, known: Occurrences, there: Mapping[str, set[str]]
) -> Callable[[str, Stated], list[tuple[str, str]]]:
    """In which parts a claim of a run counts."""
    texts = side.given.texts
    tokens: Mapping[str, Sequence[Token]] = {}
    if side.run is not None and "revision" not in side.run.card:
        tokens = side.given.tokens
    usual: dict[str, set[str]] = {}

    def company(name: str) -> set[str]:
        if name not in usual:
            usual[name] = {each for each in known.single if known.companion(name, each)}
        return usual[name]

    def place(id: str, stated: Stated) -> list[tuple[str, str]]:
        claim = stated.claim
        keys = [("all", "all"), ("kind", claim.kind), ("object", claim.subject)]
        if stated.wrong and claim.kind == "object":
            with_one = company(claim.subject) & there[id]
            keys.append(("companion", "companion there" if with_one else "no companion"))
        if stated.wrong:
            third = min(2, 3 * claim.start // max(1, len(texts[id])))
            keys.append(("position", _THIRDS[third]))
            if costs := [t.logprob for t in tokens_of(claim.start, claim.end, tokens.get(id, ()))]:
                chance = exp(fmean(costs))
                name = next(name for least, name in _CHANCES if chance >= least)
                keys.append(("uncertainty", name))
        return keys

    return place


def _part(key: tuple[str, str], changes: Counter[str], nets: Counter[str], pictures: int) -> Part:
    """A part with Student's interval of the mean change a picture."""
    from scipy.special import stdtrit

    mean = nets.total() / pictures
    bounds = {}
    if pictures > 1:
        squares = sum(each * each for each in nets.values()) - pictures * mean * mean
        reach = float(stdtrit(pictures - 1, 0.975)) * (squares / (pictures - 1) / pictures) ** 0.5
        bounds = {"low": 100 * (mean - reach), "high": 100 * (mean + reach)}
    by, group = key
    return Part(by=by, group=group, changes=Changes(**changes), change=100 * mean, **bounds)


def _ordered(parts: Sequence[Part]) -> list[Part]:
    """Whole first; of the objects those with the most wrong claims that came or went."""
    order = ("all", "kind", "object", "companion", "position", "uncertainty")
    fixed = [*_THIRDS, *(name for _, name in _CHANCES)]

    def rank(part: Part) -> tuple[int, int, int, str]:
        moved = part.changes.fixed + part.changes.broken + part.changes.dropped + part.changes.added
        place = fixed.index(part.group) if part.group in fixed else 0
        return order.index(part.by), place, -moved, part.group

    kept, objects = [], 0
    for part in sorted(parts, key=rank):
        objects += part.by == "object"
        moved = rank(part)[2] or part.by != "object"
        if moved and (part.by != "object" or objects <= _OBJECTS):
            kept.append(part)
    return kept
