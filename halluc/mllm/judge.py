"""A fitted judge of captions in place of a model: `halluc train judge` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from halluc.datasets.files import file_card
from halluc.datasets.haelm import parts_of
from halluc.errors import InputError
from halluc.judges.claims import SHIPPED, count_pairs, read_judge
from halluc.mllm.base import Decoding, Request
from halluc.records import Response


class JudgeMLLM:
    """Answers HaELM's prompt with yes or no, and with the probability of each.

    Args:
        name: "judge:FILE", or "judge:tabletop" for the one that ships.

    Raises:
        InputError: the file cannot be read or is no judge.
    """

    def __init__(self, name: str) -> None:
        place = name.removeprefix("judge:")
        file = SHIPPED if place == "tabletop" else Path(place)
        self._name = name
        self._judge = read_judge(file)
        self.card: dict[str, Any] = {
            "model": {"name": name, "hash": file_card(file, 1)["sha256"], "hash_of": "contents"},
            "decoding": {},  # nothing is drawn: the likelier verdict is the reply
        }

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        """The likelier verdict on each caption; `Response.answers` has P(yes) and P(no).

        Raises:
            InputError: a request is not HaELM's prompt; or the decoding is a method of correction.
        """
        if type(decoding) is not Decoding:
            raise InputError(f"{self._name} generates no tokens, so there is nothing to decode")
        return [
            Response(
                id=request.id,
                text="yes" if yes >= 0.5 else "no",
                prompt=request.prompt,
                answers={"yes": yes, "no": 1 - yes},
            )
            for request, yes in zip(requests, self._accurate(requests), strict=True)
        ]

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """P(yes) and P(no) of each caption, as far as they are asked for."""
        return [
            {key: value for key, value in (("yes", yes), ("no", 1 - yes)) if key in answers}
            for yes in self._accurate(requests)
        ]

    def _accurate(self, requests: Sequence[Request]) -> list[float]:
        pairs = []
        for request in requests:
            parts = parts_of(request.prompt)
            if parts is None or request.earlier:
                raise InputError(
                    f"sample {request.id!r}: {self._name} reads HaELM's prompt alone; "
                    "name it with --task haelm and --data haelm:…"
                )
            pairs.append(parts)
        return [self._judge.accurate(each) for each in count_pairs(pairs)]
