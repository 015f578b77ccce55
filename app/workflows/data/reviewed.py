"""What reviewers doubt: claims on pictures of which no verdict may be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halluc.card import card_key, read_card
from halluc.errors import HallucError, InputError
from halluc.jsonl import read_jsonl
from halluc.records import Sample
from metrics.finegrained_counts import METRIC
from mitigation.precorrection.inspected import Meaning, meaning


@dataclass(frozen=True)
class Doubts:
    """What reviewers of runs doubt.

    Attributes:
        of: by picture, what counts neither as right nor as wrong.
        told: how many reviews there are of these runs, and how many findings are left out.
    """

    of: dict[str, set[Meaning]]
    told: dict[str, Any]


def read_doubts(paths: Sequence[Path], reviews: str) -> Doubts:
    """Read what most reviewers of a finding say the truth or the rule is wrong about, or unclear.

    Where they are divided, or say that it is right, the finding stays.

    Args:
        paths: runs.
        reviews: database of their reviews, a file of SQLite or a URL.

    Raises:
        InputError: a path is no run, there is no such database, or no review of these runs in it.
        HallucError: SQLAlchemy is missing.
    """
    try:
        from halluc.reviews import Reviews, claim_key, decided
    except ModuleNotFoundError as error:
        raise HallucError(
            f"reviews need {error.name}; install it with: pip install 'halluc[inspector]'"
        ) from None
    if "://" not in reviews and not Path(reviews).is_file():
        raise InputError("there is no such database of reviews", Path(reviews))
    store = Reviews(reviews)
    of: dict[str, set[Meaning]] = {}
    count = left_out = 0
    for path in paths:
        key = card_key(read_card(path))
        filed = [each for each in store.of_run(key) if each.finding.metric == METRIC]
        judged, count = decided(filed), count + len(filed)
        doubted = {
            claim_key(each.finding): each.finding
            for each in filed
            if judged.get(claim_key(each.finding), "right") not in ("right", "missed")
        }
        left_out += len(doubted)
        reviewed = {each.id for each in doubted.values()}
        images = {
            each.id: each.image
            for _, each in read_jsonl(path / "samples.jsonl", Sample)
            if each.id in reviewed
        }
        for each in doubted.values():
            if image := images.get(each.id):
                of.setdefault(image, set()).add(meaning(each.claim))
    store.close()
    if not count:
        raise InputError(f"nobody has reviewed findings of {METRIC} in these runs there yet")
    return Doubts(of, {"reviews": count, "left out": left_out})
