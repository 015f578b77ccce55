"""Hedging: how many captions say "perhaps" instead of stating what is there?"""

import re
from collections import Counter
from typing import Annotated

from msgspec import Meta

from halluc.records import Finding, Sample, Score
from metrics.protocol import Metric
from metrics.tasks import CAPTION


class Hedging(Metric, frozen=True, kw_only=True):
    """Share of captions with a word that hedges (0 to 1, lower is better)."""

    name = "hedging"
    title = "Hedging"
    summary = "Share of captions that hedge."
    edition = "hedging, first edition"
    task = CAPTION
    by_default = False  # compared where it was scored, not for all captions

    words: Annotated[str, Meta(description="Words that hedge, with commas between.")] = (
        "perhaps,maybe,might,possibly,seems,appears"
    )

    def update(self, sample: Sample, text: str) -> tuple[Counter[str], list[Finding]]:
        """Counts of one caption."""
        found = set(re.findall(r"\w+", text.lower())) & set(self.words.split(","))
        return Counter(captions=1, hedged=int(bool(found))), []

    def compute(self, counts: Counter[str]) -> list[Score]:
        """The figure; undefined (None) without captions."""
        hedged, captions = counts["hedged"], counts["captions"]
        share = hedged / captions if captions else None
        return [
            Score(
                metric=self.name,
                name="hedged captions",
                value=share,
                numerator=hedged,
                denominator=captions,
                better="lower",
            )
        ]
