"""What comes together in the pictures of a data set, by its name."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from halluc.answers.truths import read_truths
from halluc.datasets.tabletop import biased_truths
from halluc.errors import InputError
from halluc.language.claims.things import Things
from halluc.language.claims.truths import in_words_of
from halluc.language.words.offline import offline_words
from halluc.runs import Run
from mitigation.postcorrection.factors import Occurrences, count_occurrences

Statistics = Annotated[
    str | None,
    Meta(
        description="Data whose objects give the co-occurrences. Default: the run's own samples; "
        "for tabletop, the biased scenes.",
        extra={"metavar": "DATA"},
    ),
]


def read_occurrences(source: str | None, run: Run | None, things: Things) -> Occurrences:
    """What comes together in the pictures of a data set.

    Of the embedded world it is told by the biased scenes that its MM-LLM learned from.

    Args:
        source: as `halluc.answers.truths.read_truths` takes it; None: the data of the run.
        run: the run, where there is one.
        things: the vocabulary.

    Raises:
        InputError: the source cannot be read, or there is neither source nor run.
    """
    if source is None and run is None:
        raise InputError("a file of captions needs --statistics, whose objects come together")
    data = run.card.get("data") if run else None
    name = source or str(data.get("name") if isinstance(data, dict) else "")
    if name.startswith("tabletop"):
        truths = biased_truths()
    elif source is not None:
        truths = list(read_truths(source, None, offline_words).values())
    else:
        truths = [each.truth for each in run.samples if each.truth] if run else []
    return count_occurrences(in_words_of(things, each).names for each in truths)
