"""Answers recorded earlier, by this or another tool, in place of a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from halluc.errors import InputError
from halluc.jsonl import read_jsonl
from halluc.mllm.base import Decoding, Request
from halluc.records import Finish, Response, Token
from halluc.thoughts import part_thought


class Recorded(msgspec.Struct):
    """One line of the file; other fields are not read."""

    text: str
    id: str | int | None = None
    question_id: str | int | None = None
    prompt: str = ""
    tokens: tuple[Token, ...] = ()
    answers: dict[str, float] = {}
    finish: Finish = "stop"
    thought: str = ""


class ReplayMLLM:
    """Gives the recorded answer of each sample, whatever the decoding.

    Args:
        file: JSON lines with ``id`` (or ``question_id``) and ``text``, such as a run's
            responses.jsonl.

    Raises:
        InputError: the file cannot be read, or a line has no id or an earlier line's; names it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._recorded: dict[str, Recorded] = {}
        for number, recorded in read_jsonl(file, Recorded):
            key = recorded.id if recorded.id is not None else recorded.question_id
            if key is None:
                raise InputError('the line has neither "id" nor "question_id"', file, number)
            if str(key) in self._recorded:
                raise InputError(f"a second answer to {str(key)!r}; remove one", file, number)
            self._recorded[str(key)] = recorded
        self.card: dict[str, Any] = {
            "model": {
                "name": f"replay:{file}",
                "hash": hashlib.sha256(file.read_bytes()).hexdigest(),
                "hash_of": "contents",
            },
            "decoding": {},  # settled when they were recorded, and not told
        }

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        """The recorded answers; `decoding` and `answers` were fixed when they were recorded.

        Raises:
            InputError: a request has no recorded answer; names its id. Or the decoding is a method
                of correction, which a model has to run for.
        """
        if type(decoding) is not Decoding:
            raise InputError("recorded answers cannot be decoded in another way; ask the model")
        return [self._response(request) for request in requests]

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """The recorded probabilities of those answers, none where none were recorded."""
        return [
            {key: value for key, value in self._response(each).answers.items() if key in answers}
            for each in requests
        ]

    def _response(self, request: Request) -> Response:
        recorded = self._recorded.get(request.id)
        if recorded is None:
            raise InputError(f"there is no answer to {request.id!r} in it", self._file)
        thought, text = part_thought(recorded.text)
        return Response(
            id=request.id,
            text=text,
            prompt=recorded.prompt or request.prompt,
            tokens=() if thought else recorded.tokens,
            answers=recorded.answers,
            finish="length" if thought and not text else recorded.finish,
            thought=thought or recorded.thought,
        )
