"""The options that name a judge's replies, and how these are joined to what was judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from halluc.errors import InputError
from halluc.runs import read_run

JudgedBy = Annotated[
    Path | None,
    Meta(
        description="A judge's replies on these answers: a run of the task NAME-judge.",
        extra={"metavar": "RUN"},
    ),
]
"""Type of the option."""

ValidatedBy = Annotated[
    Path | None,
    Meta(
        description="A run of the same judge on captions that people have judged (task haelm); "
        "its agreement with them goes with the figures.",
        extra={"metavar": "RUN"},
    ),
]
"""Type of the option."""


def read_replies(run: Path, prompts: Mapping[str, str], how: str) -> dict[str, str]:
    """A judge's reply to each prompt, by the prompt's id.

    Args:
        run: of the judge, finished; other replies in it are not read.
        prompts: what has to have been asked, word for word.
        how: the command that asks it, in words, for the message.

    Raises:
        RunError: it is no run.
        InputError: a prompt was not asked, or another one was in its place, or has no reply.
    """
    judge = read_run(run)
    asked = {each.id: each.prompt for each in judge.samples}
    replies = {each.id: each.text for each in judge.responses}
    for id, prompt in prompts.items():
        if id not in asked or asked[id] != prompt:
            what = "this judge was asked about something else" if id in asked else "not asked"
            raise InputError(f"{what} ({id}); ask it about these answers: {how}", run)
        if id not in replies:
            what = f"the judge has not replied to {id}"
            raise InputError(f"{what}; finish the run by giving its command again", run)
    return {id: replies[id] for id in prompts}
