"""Preference pairs from captions that were inspected: three published kinds.

- on-policy: of several answers of the model itself to a picture, one with fewer wrong claims beside
  one with more (RLAIF-V, Yu et al., 2024, arXiv 2405.17220; OPA-DPO, Yang et al., 2025,
  arXiv 2501.09695).
- corrected: a wrong answer beside itself with the wrong words corrected from the truth (HA-DPO,
  Zhao et al., 2023, arXiv 2311.16839; RLHF-V, Yu et al., 2024, arXiv 2312.00849).
- injected: a true answer beside itself with an object that usually comes along, a wrong attribute
  or a turned relation put in (POVID, Zhou et al., 2024, arXiv 2402.11411).

Pairs of naive choice teach other things than to see: the answer with fewer errors is often the
shorter one, or the one that says safe things twice. So the better answer names no fewer of the true
objects than the worse one, says no object and no sentence again more often, and is about as long.

What the answers state is known from their findings; only corrected and injected texts are read by
the parser, which is most of the work. So no more of them are made than the rarest kind can use.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, permutations
from typing import Any, TypeVar

import msgspec

from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things
from halluc.language.claims.verdicts import judge
from halluc.records import Finding
from mitigation.precorrection.correcting import Habits, mend, spoil
from mitigation.precorrection.inspected import (
    Answered,
    Figures,
    Group,
    Inspected,
    Key,
    errors,
    figures,
    pack,
    trusted,
    unpack,
)
from mitigation.precorrection.pairs import KINDS, Pair, PairKind, make_pair

ABOUT = 0.1
"""By which share of the worse answer's words the better one may be shorter or longer."""

ROUNDS = 3
"""How often a text is corrected and parsed again; what is still wrong then makes no pair."""

CHUNK = 128
"""Answers that are corrected or injected at once."""

T = TypeVar("T")
Spread = Callable[[Callable[[list[bytes]], list[Any]], Iterable[list[bytes]]], Iterator[list[Any]]]
"""Like `map`: applies a function to each chunk, results in their order, perhaps in processes."""


def mine_captions(
    inspected: Inspected,
    kinds: Collection[PairKind] = KINDS,
    seed: int = 0,
    spread: Spread = map,
    most: int | None = None,
) -> list[Pair]:
    """Pairs of some kinds, at most one of each for a picture and prompt.

    Kinds that need the parser have no more pairs than those before them have, and are of pictures
    drawn by chance.

    Args:
        inspected: the captions; several of the same picture and prompt make on-policy pairs.
        kinds: which kinds to make.
        seed: of the pictures' order and of what is put in.
        spread: applies a function to chunks of answers.
        most: pairs of each kind, at most; None: as many as there are.
    """
    groups = list(inspected.groups.items())
    random.Random(f"order/{seed}").shuffle(groups)
    habits = inspected.habits()
    made: dict[PairKind, list[Pair]] = {kind: [] for kind in kinds}

    def wanted() -> int | None:
        return min((len(some) for some in made.values() if some), default=most)

    if "on-policy" in made:
        found = (pair for key, group in groups if (pair := _on_policy(key, group)))
        made["on-policy"] = list(islice(found, most))
    true_texts: dict[Key, bytes] = {}
    count, corrected = wanted(), made.get("corrected")
    # Without pairs of its own, mending still gives true texts to spoil where there is none.
    wrong = [
        group.flawed
        for _, group in groups
        if group.flawed and (corrected is not None or ("injected" in made and not group.sound))
    ]
    truths = partial(_mend_some, things=inspected.things, habits=habits)
    for key, pair, text in _until(spread, truths, wrong, lambda: _full(corrected, count)):
        true_texts[key] = text
        if pair is not None and corrected is not None and not _full(corrected, count):
            corrected.append(pair)
    if "injected" in made:
        count, injected = wanted(), made["injected"]
        true = [each for key, group in groups if (each := group.sound or true_texts.get(key))]
        lies = partial(_spoil_some, things=inspected.things, habits=habits, seed=seed)
        for spoilt in _until(spread, lies, true, lambda: _full(injected, count)):
            if not _full(injected, count):
                injected.append(spoilt)
    place = {key: number for number, key in enumerate(inspected.groups)}
    return [
        pair
        for kept in made.values()
        for pair in sorted(kept, key=lambda pair: place[pair.image, pair.prompt])
    ]


def mine_answers(
    asked: Iterable[tuple[Answered, bool]], kinds: Collection[PairKind] = KINDS, seed: int = 0
) -> list[Pair]:
    """Pairs of yes/no answers: wrong ones corrected, and right ones turned round (injected).

    Yes and No are the better answer equally often, or a model would learn to say one of them. Wrong
    answers are never alone: Yes and No each are the better answer at least half of the time where
    the model was right. Of its errors alone it learns to say Yes to everything, or No.

    Args:
        asked: bare answers ("Yes", "No.") with whether they are right; other answers are left out.
        kinds: which kinds to make; corrected ones bring injected ones along.
        seed: of which pairs are taken.
    """
    wrong: dict[str, list[Pair]] = {"yes": [], "no": []}
    right: dict[str, list[Pair]] = {"yes": [], "no": []}
    for each, holds in asked:
        other = _turned(each.text)
        if other is None:
            continue
        chosen, rejected = (each.text, other) if holds else (other, each.text)
        kind: PairKind = "injected" if holds else "corrected"
        pair = make_pair(f"{each.id}/{kind}", each.image, each.prompt, chosen, rejected, kind)
        (right if holds else wrong)[chosen.strip(" .").lower()].append(pair)
    rng = random.Random(f"answers/{seed}")
    most = 2 * max(map(len, wrong.values()))
    sources = [wrong, right] if "corrected" in kinds else [right] if "injected" in kinds else []
    total = min([most, *(sum(len(some[label]) for some in sources) for label in wrong)])
    kept: list[Pair] = []
    left = dict.fromkeys(wrong, total)
    for source in sources:
        for label, some in source.items():
            taken = some if len(some) <= left[label] else rng.sample(some, left[label])
            left[label] -= len(taken)
            kept += taken
    return kept


def about_as_long(better: str, worse: str) -> bool:
    """Whether a better answer is neither much shorter than the worse one nor much longer."""
    words = len(worse.split())
    return abs(len(better.split()) - words) <= max(ABOUT * words, 1)


def said_once(text: str, words: float) -> str:
    """An answer without sentences that it says again, as far as so many words are left.

    >>> said_once("A cup. It is red. It is red. It is red.", 8)
    'A cup. It is red. It is red.'
    """
    sentences = [each.strip() for each in re.findall(r"[^.]+\.?", text)]
    for place in range(len(sentences) - 1, 0, -1):
        left = len(text.split()) - len(sentences[place].split())
        if sentences[place] in sentences[:place] and left >= words:
            del sentences[place]
            text = " ".join(sentences)
    return text


def made_true(wrong: Sequence[Answered], things: Things, habits: Habits) -> dict[str, Answered]:
    """Answers made true in a few rounds of correction and parsing, by id.

    Args:
        wrong: answers with errors, their truth in the vocabulary's words.
        things: the vocabulary.
        habits: what is usual in answers.
    """
    right: dict[str, Answered] = {}
    open_ = {each.id: each for each in wrong}
    for _ in range(ROUNDS):
        texts = {
            id: new
            for id, each in open_.items()
            if (new := mend(each.text, each.findings, each.truth, habits)) is not None
        }
        found = read_findings(texts, open_, things)
        read = {
            id: msgspec.structs.replace(open_[id], text=text, findings=tuple(found[id]))
            for id, text in texts.items()
        }
        right |= {id: each for id, each in read.items() if not errors(each.findings)}
        open_ = {id: each for id, each in read.items() if id not in right}
    return right


def read_findings(
    texts: Mapping[str, str], answers: Mapping[str, Answered], things: Things
) -> dict[str, list[Finding]]:
    """The findings of what answers were changed into, by id; what is doubted of them has none."""
    claims = read_claims(texts.values(), things)
    return {
        id: trusted(judge(id, each, answers[id].truth, ""), answers[id].doubted)
        for id, each in zip(texts, claims, strict=True)
    }


def _on_policy(key: Key, group: Group) -> Pair | None:
    """The two answers that differ most in errors, where the better one is not just more careful."""
    fitting: list[tuple[int, Figures, Figures]] = [
        (worse.errors - better.errors, better, worse)
        for better, worse in permutations(group.captions, 2)
        if worse.errors > better.errors and better.covered >= worse.covered and _fair(better, worse)
    ]
    if not fitting:
        return None
    _, better, worse = max(fitting, key=lambda each: each[0])
    return make_pair(f"{worse.id}/on-policy", *key, better.text, worse.text)


def _least(text: str, habits: Habits) -> float:
    """How many words are left of a text at least, when it says nothing again."""
    return max(habits.words, (1 - ABOUT) * len(text.split()))


def _fair(better: Figures, worse: Figures) -> bool:
    """Whether two answers teach neither brevity nor repetition."""
    return (
        better.repeats <= worse.repeats
        and better.again <= worse.again
        and about_as_long(better.text, worse.text)
    )


def _full(pairs: Sequence[Pair] | None, most: int | None) -> bool:
    return pairs is not None and most is not None and len(pairs) >= most


def _until(
    spread: Spread,
    work: Callable[[list[bytes]], list[T]],
    answers: Sequence[bytes],
    enough: Callable[[], bool],
) -> Iterator[T]:
    """What comes of answers, chunk by chunk, until it is enough."""

    def chunks() -> Iterator[list[bytes]]:
        for start in range(0, len(answers), CHUNK):
            if enough():
                return
            yield list(answers[start : start + CHUNK])

    for results in spread(work, chunks()):
        yield from results


def _mend_some(
    answers: list[bytes], things: Things, habits: Habits
) -> list[tuple[Key, Pair | None, bytes]]:
    """Of each answer that could be corrected: its picture, a pair if the lengths fit, its text."""
    wrong = [unpack(each) for each in answers]
    right = made_true(wrong, things, habits)
    made = []
    for each in wrong:
        if (true := right.get(each.id)) is not None:
            fair = _fair(figures(true), figures(each))
            pair = make_pair(
                f"{each.id}/corrected", each.image, each.prompt,
                said_once(true.text, _least(each.text, habits)), each.text, "corrected",
            ) if fair else None  # fmt: skip
            made.append(((each.image, each.prompt), pair, pack(true)))
    return made


def _spoil_some(answers: list[bytes], things: Things, habits: Habits, seed: int) -> list[Pair]:
    """Pairs of true answers and of what they become with one thing made wrong."""
    true = {each.id: each for each in map(unpack, answers)}
    spoilt = {
        id: new
        for id, each in true.items()
        if (new := spoil(each.text, each.findings, each.truth, habits,
                         random.Random(f"injected/{seed}/{id}"))) is not None
    }  # fmt: skip
    found = read_findings(spoilt, true, things)
    worse = {
        id: figures(msgspec.structs.replace(true[id], text=new, findings=tuple(found[id])))
        for id, new in spoilt.items()
    }
    made = []
    for id, new in spoilt.items():
        each = true[id]
        if worse[id].errors and _fair(figures(each), worse[id]):
            least = _least(each.text, habits)
            made.append(make_pair(
                f"{id}/injected", each.image, each.prompt,
                said_once(each.text, least), said_once(new, least), "injected",
            ))  # fmt: skip
    return made


def _turned(text: str) -> str | None:
    """The other of Yes and No, written alike."""
    bare = text.strip(" .")
    other = {"yes": "no", "no": "yes"}.get(bare.lower())
    return (
        None
        if other is None
        else text.replace(bare, other.capitalize() if bare[0].isupper() else other)
    )
