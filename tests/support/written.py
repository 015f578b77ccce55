"""The written sentences of the gold set, each true of its picture and once with a planted error.

`tests/gold/written.txt` says how they are written down; the slots are filled by chance, the same
way each time.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from halluc.language.claims.lexicon import attribute_of
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import coco_things, plurals
from halluc.language.claims.truths import in_words_of
from halluc.language.claims.verdicts import LEAST_SURE, judge
from halluc.records import Finding, TrueObject, TrueRelation, Truth

FILE = Path(__file__).resolve().parents[1] / "gold" / "written.txt"
_THINGS = """cup bowl bottle vase clock book backpack umbrella laptop suitcase kite skateboard
    handbag spoon keyboard banana frisbee toothbrush"""
_ANIMALS = "dog cat horse cow bird sheep elephant zebra giraffe"
_VEHICLES = "car truck bus train motorcycle boat"
_COLORS = "red blue green yellow black white brown purple pink"
_POOLS = {
    **dict.fromkeys("TUVN", _THINGS),
    **dict.fromkeys("ABM", _ANIMALS),
    **dict.fromkeys("WX", _VEHICLES),
    "P": "man boy",
    "Q": "woman girl",
    **dict.fromkeys("1234", _COLORS),
}
_PLANTED = re.compile(r"\[([^\]>]+)>([^\]]+)\]")


class Sentence(NamedTuple):
    """A text of one picture.

    Attributes:
        construction, half: the heading it stands under; "tuned" or "held".
        text: what is said.
        truth: of the picture.
        planted: span of the error; None where all is true.
    """

    construction: str
    half: str
    text: str
    truth: Truth
    planted: tuple[int, int] | None


def written(half: str, fills: int = 2) -> list[Sentence]:
    """All sentences of a half, the true ones and those with an error in turn."""
    found = []
    for construction, which, line in _lines():
        if which == half:
            for number in range(fills):
                found += _filled(construction, half, line, random.Random(f"{line}{number}"))
    return found


def findings_of(
    sentences: list[Sentence], least: float = LEAST_SURE
) -> Iterator[tuple[Sentence, list[Finding]]]:
    """Each sentence with the verdicts on it.

    Args:
        sentences: any.
        least: claims whose reading is less sure are unverifiable.
    """
    claims = read_claims([each.text for each in sentences])
    for each, found in zip(sentences, claims, strict=True):
        yield each, judge("", found, in_words_of(coco_things(), each.truth), "finegrained", least)


def tally(told: Iterable[tuple[Sentence, list[Finding]]]) -> Counter[str]:
    """Claims of true sentences and the false ones among them; planted errors and those found."""
    counts: Counter[str] = Counter()
    for sentence, findings in told:
        wrong = [each.claim for each in findings if each.verdict == "hallucinated"]
        if sentence.planted is None:
            counts["claims"] += len(findings)
            counts["false"] += len(wrong)
        else:
            start, end = sentence.planted
            counts["planted"] += 1
            counts["found"] += any(each.start < end and start < each.end for each in wrong)
    return counts


def called_wrong(told: Iterable[tuple[Sentence, list[Finding]]]) -> Counter[tuple[str, bool]]:
    """How many claims of each kind are called hallucinated, and whether they are.

    They are where they hang on the planted error: it is what they say, or of what.
    """
    counts: Counter[tuple[str, bool]] = Counter()
    for sentence, findings in told:
        start, end = sentence.planted or (0, 0)
        for each in findings:
            claim = each.claim
            spans = (claim.start, claim.end), claim.subject_span, claim.object_span
            right = any(span and span[0] < end and start < span[1] for span in spans)
            counts[claim.kind, right] += each.verdict == "hallucinated"
    return counts


def _lines() -> Iterator[tuple[str, str, str]]:
    construction, place = "", 0
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if re.fullmatch("## [a-z ]+", line):
            construction, place = line[3:], 0
        elif construction and line:
            half = "tuned" if line.startswith("~ ") else ("tuned", "held")[place % 2]
            yield construction, half, line.removeprefix("~ ")
            place += 1


def _filled(construction: str, half: str, line: str, chance: random.Random) -> list[Sentence]:
    text, _, facts = line.rpartition(" | ")
    words: dict[str, str] = {}
    for slot in sorted(
        set(re.findall(r"\{(\w)s?\}", text)) | set(re.findall(r"\b[1-4]\b(?!\*)", facts))
    ):
        free = [
            each
            for each in _POOLS[slot].split()
            if each not in words.values() and not re.search(rf"\b{each}", line)
        ]
        words[slot] = chance.choice(free)
    truth = truth_of(facts, words)

    def fill(part: str) -> str:
        part = re.sub(r"\{(\w)\}", lambda found: words[found[1]], part)
        return re.sub(r"\{(\w)s\}", lambda found: plurals(words[found[1]])[0], part)

    rows = []
    for which in (1, 2):
        before, after = (fill(part) for part in _PLANTED.split(text)[::3])
        said = fill(_PLANTED.search(text)[which])
        before = re.sub(r"\b([Aa])( \W?)$", rf"\1{'n' * (said[0] in 'aeiou')}\2", before)
        whole = (before + said + after).replace("\\n", "\n")
        whole = re.sub(r"\b([Aa]) (?=\W*[aeiou])", r"\1n ", whole)
        whole = re.sub(r"^[a-z]", lambda found: found[0].upper(), whole)
        start = len(re.sub(r"\b([Aa]) (?=\W*[aeiou])", r"\1n ", before.replace("\\n", "\n")))
        span = (start, start + len(said)) if which == 2 else None
        rows.append(Sentence(construction, half, whole, truth, span))
    return rows


def truth_of(facts: str, words: Mapping[str, str]) -> Truth:
    """What facts say of a picture: "cup red, 2*dog sit; cup on dog".

    Args:
        facts: objects, each with its attributes, and relations.
        words: what fills slots.

    Raises:
        LookupError: a word is no attribute.
    """
    listed, _, related = facts.partition(";")
    objects: list[TrueObject] = []
    places: dict[str, int] = {}
    for each in listed.split(", "):
        number, _, rest = each.strip().rpartition("*")
        name = next((two for two in ("dining table", "teddy bear") if rest.startswith(two)), "")
        name = name or rest.split()[0]
        attributes: dict[str, tuple[str, ...]] = {}
        for word in rest.removeprefix(name).split():
            if (known := attribute_of(words.get(word, word))) is None:
                raise LookupError(f"{facts}: {word} is no attribute")
            family, value = known
            attributes[family] = (*attributes.get(family, ()), value)
        for _ in range(int(number or 1)):
            key = (
                name
                if name not in places
                else f"{name}{sum(k.startswith(name) for k in places) + 1}"
            )
            places[key] = len(objects)
            objects.append(TrueObject(name=words.get(name, name), attributes=attributes))
    relations = []
    for each in filter(None, (part.strip() for part in related.split(","))):
        subject = next(key for key in sorted(places, key=len)[::-1] if each.startswith(f"{key} "))
        other = next(key for key in sorted(places, key=len)[::-1] if each.endswith(f" {key}"))
        predicate = each.removeprefix(subject).removesuffix(other).strip()
        relations.append(
            TrueRelation(subject=places[subject], predicate=predicate, object=places[other])
        )
    return Truth(objects=tuple(objects), relations=tuple(relations), complete=True)
