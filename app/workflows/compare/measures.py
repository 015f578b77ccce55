"""What each metric says of runs that are compared, counted picture by picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.workflows.compare import TEXT, Measured
from app.workflows.compare.sides import Side
from app.workflows.score import brief
from halluc.bootstrap import count_pictures
from halluc.records import Label, Score

if TYPE_CHECKING:
    from halluc.language.words.lemmas import Lemmatizer
    from metrics.pope_parsers import Parser


def measure_pope(sides: Sequence[Side], parser: Parser) -> Measured:
    """POPE, with what each question was answered rightly for McNemar's test."""
    from metrics.pope import EDITION, Tally

    counted, right = {}, {}
    for side in sides:
        tally = Tally([parser])
        tally.update((each, side.texts[each.id]) for each in side.samples)
        counted[side.name] = tally.counted(parser)
        right[side.name] = _right(side, parser.read)
    return Measured({"metric": EDITION, "parser": parser.name}, counted, right)


def measure_chair(sides: Sequence[Side], lemmatize: Lemmatizer, how: dict[str, Any]) -> Measured:
    """CHAIR of captions."""
    from metrics.chair import BLENDS, EDITION, chair, compute

    counted = {}
    for side in sides:
        truths = {each.id: each.truth for each in side.samples if each.truth is not None}
        counts = chair(side.texts, truths, lemmatize).counts
        counted[side.name] = count_pictures(counts, side.pictures, compute, BLENDS)
    return Measured({"metric": EDITION, **how}, counted)


def measure_kinds(sides: Sequence[Side], vocabulary: Path | None = None) -> Measured:
    """Rates of wrong objects, attributes and relations."""
    from app.workflows.kinds import claims_card, count_kinds
    from halluc.language.claims.things import load_things
    from metrics.finegrained import compute

    things = load_things(vocabulary)
    counted = {}
    for side in sides:
        truths = {each.id: each.truth for each in side.samples if each.truth is not None}
        counts = count_kinds(side.run, list(side.answers.values()), truths, things)
        counted[side.name] = count_pictures(counts, side.pictures, compute)
    return Measured({name: brief(part) for name, part in claims_card(things).items()}, counted)


def measure_mme(sides: Sequence[Side]) -> Measured:
    """MME, its tasks and totals."""
    from metrics.mme import EDITION, mme, parse_answer

    counted = {side.name: mme(side.samples, side.texts).counted() for side in sides}
    right = {side.name: _right(side, lambda text, _: parse_answer(text)) for side in sides}
    return Measured({"metric": EDITION}, counted, right)


def measure_amber(
    sides: Sequence[Side], truth: Sequence[str], nltk_data: str | None = None
) -> Measured:
    """AMBER, captions and questions, as published but for the synonyms, which are WordNet's."""
    from halluc.datasets.amber import annotated_folder, read_annotations
    from halluc.language.words.nouns import wordnet_nouns
    from halluc.language.words.similarity import similarity
    from metrics.amber import EDITION, PARTS, amber, parse_exact
    from metrics.amber_captions import CaptionReader

    run = sides[0].run
    data = run.card.get("data", {}).get("name", "") if run else ""
    place = truth[0] if truth else data.partition(":")[2]
    known = read_annotations(annotated_folder(Path(place)))
    told = any(each.split == "generative" for each in sides[0].samples)
    read = (
        CaptionReader(wordnet_nouns(nltk_data), similarity("wordnet", nltk_data)) if told else None
    )
    counted, right = {}, {}
    for side in sides:
        result = amber(side.samples, side.texts, known, read=read)
        counted[side.name] = result.counted(side.pictures)
        by = _right(side, lambda text, _: parse_exact(text))
        right[side.name] = {
            part: {id: each for name in names for id, each in by.get(name, {}).items()}
            for part, names in PARTS.items()
        }
    how = {"metric": EDITION} | ({"similarity": "wordnet"} if told else {})
    return Measured(how, counted, right)


def measure_text(sides: Sequence[Side]) -> Measured:
    """Length of the answers: words, and tokens where every run tells them."""
    tokens = all(any(side.tokens.values()) for side in sides)
    compute = _lengths(["words", "tokens"] if tokens else ["words"])
    counted = {}
    for side in sides:
        counts = {
            id: Counter(answers=1, words=len(text.split()), tokens=side.tokens.get(id, 0))
            for id, text in side.texts.items()
        }
        counted[side.name] = count_pictures(counts, side.pictures, compute)
    return Measured({}, counted)


def _right(side: Side, read: Callable[[str, Label], str | None]) -> dict[str, dict[str, bool]]:
    """Whether each question was answered rightly, by split and id.

    Args:
        side: the answers.
        read: gives what is read in an answer, which may know the right one.
    """
    right: dict[str, dict[str, bool]] = {}
    for each in side.samples:
        if each.truth is not None and each.truth.label is not None:
            label = each.truth.label
            answer = read(side.texts[each.id], label)
            right.setdefault(each.split, {})[each.id] = answer == label
    return right


def _lengths(units: Sequence[str]) -> Callable[[Counter[str]], list[Score]]:
    def compute(counts: Counter[str]) -> list[Score]:
        return [
            Score(
                metric=TEXT,
                name=unit,
                value=counts[unit] / counts["answers"],
                numerator=counts[unit],
                denominator=counts["answers"],
                unit=unit,
            )
            for unit in units
        ]

    return compute
