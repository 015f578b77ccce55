"""Options of `halluc revise lure` and `halluc train lure`: what is masked."""

from __future__ import annotations

import click

DETECTOR = click.option(
    "--detector",
    "detector_file",
    metavar="FILE",
    help="Mask the objects that it takes for absent: what `halluc train detector` wrote, or "
    "tabletop for the one that ships. Default: LURE's published rule.",
)
SUSPECT = click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    help="With a detector: mask from this probability of being absent on [.2].",
)
STATISTICS = click.option(
    "--statistics",
    metavar="DATA",
    help="Whose objects tell what comes together. Default: the run's own samples; for tabletop, "
    "the biased scenes.",
)
