"""Picking each next token: greedily, or drawn from a stream of random numbers for each sample."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from transformers import (
    LogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from halluc.mllm.base import Decoding


class Row(NamedTuple):
    """What was picked in a row of a batch, step by step.

    Attributes:
        tokens, logprobs: each token and its log-probability.
        likeliest: the likeliest tokens in its place; empty where none are kept.
        without_picture: its log-probability without the picture; empty where none is kept.
    """

    tokens: list[int]
    logprobs: list[float]
    likeliest: list[list[tuple[int, float]]]
    without_picture: list[float]


class Picker(LogitsProcessor):  # type: ignore[misc]
    """The last logits processor of ``generate``: picks the tokens itself and remembers them.

    It leaves one token possible in each row, which transformers' greedy search then takes.
    transformers' own sampling draws from one generator for the whole batch, so that an answer
    would depend on which others are in its batch.

    Args:
        decoding: how to pick.
        ids: the sample of each row.
        watch: token ids whose probabilities at the first step to remember.
        forced: tokens to take instead of picking: for each step one for all rows, or (rows,).

    Attributes:
        tokens: for each step, the picked ids, shape (rows,).
        logprobs: for each step, their log-probabilities under the model (temperature 1, nothing
            cut off), shape (rows,).
        likeliest: for each step, the ids of the likeliest tokens and their log-probabilities,
            (rows, `Decoding.top_logprobs`) each; empty where none are asked for.
        first: probabilities of the watched tokens at the first step, shape (rows, watched).
    """

    def __init__(
        self,
        decoding: Decoding,
        ids: Sequence[str],
        watch: Sequence[int] = (),
        forced: Sequence[int | torch.Tensor] = (),
    ) -> None:
        self.tokens: list[torch.Tensor] = []
        self.logprobs: list[torch.Tensor] = []
        self.likeliest: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.first = torch.empty(len(ids), 0)
        self._watch = list(watch)
        self._forced = list(forced)
        self._streams = [random.Random(f"{decoding.seed}:{each}") for each in ids]
        self._do_sample = decoding.do_sample
        self._most = decoding.likeliest
        # In the order of transformers' own sampling.
        self._warpers: list[LogitsProcessor] = []
        if decoding.temperature != 1:
            self._warpers.append(TemperatureLogitsWarper(float(decoding.temperature)))
        if decoding.top_k:
            self._warpers.append(TopKLogitsWarper(decoding.top_k))
        if decoding.top_p < 1:
            self._warpers.append(TopPLogitsWarper(decoding.top_p))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Pick from scores of shape (rows, vocabulary)."""
        logprobs = scores.float().log_softmax(-1)
        if not self.tokens:
            self.first = logprobs[:, self._watch].exp()
        if self._forced:
            forced = torch.as_tensor(self._forced[min(len(self.tokens), len(self._forced) - 1)])
            pick = torch.empty_like(scores[:, 0], dtype=torch.long).copy_(forced)
        elif self._do_sample:
            pick = self._draw(input_ids, scores)
        else:
            pick = scores.argmax(-1)
        if self._most:
            values, ids = logprobs.topk(min(self._most, logprobs.shape[-1]))
            self.likeliest.append((ids, values))
        pick = pick[:, None]
        self.tokens.append(pick[:, 0])
        self.logprobs.append(logprobs.gather(1, pick)[:, 0])
        return torch.full_like(scores, float("-inf")).scatter_(1, pick, 0.0)

    def _draw(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """One token a row by the inverse of the distribution function, in double precision."""
        for warper in self._warpers:
            scores = warper(input_ids, scores)
        # MPS has no double precision.
        place = torch.device("cpu") if scores.device.type == "mps" else scores.device
        reached = scores.to(place, torch.float64).softmax(-1).cumsum(-1)
        uniform = torch.tensor([[stream.random()] for stream in self._streams], dtype=torch.float64)
        # right: a token of probability 0 reaches no further than the one before it.
        pick = torch.searchsorted(reached, uniform.to(place) * reached[:, -1:], right=True)
        return pick.clamp(max=scores.shape[-1] - 1)[:, 0].to(scores.device)

    def rows(self, without_picture: Sequence[torch.Tensor] = ()) -> list[Row]:
        """What was picked, row by row.

        Args:
            without_picture: for each step, the log-probabilities without the picture, (rows,).
        """
        nothing: list[list[Any]] = [[]] * len(self.tokens[0])
        likeliest = without = nothing
        if self.likeliest:
            ids, values = (
                torch.stack(each, 1).tolist() for each in zip(*self.likeliest, strict=True)
            )
            likeliest = [
                [list(zip(*pair, strict=True)) for pair in zip(*row, strict=True)]
                for row in zip(ids, values, strict=True)
            ]
        if without_picture:
            without = torch.stack(list(without_picture), 1).tolist()
        tokens, logprobs = (torch.stack(each, 1).tolist() for each in (self.tokens, self.logprobs))
        return [Row(*each) for each in zip(tokens, logprobs, likeliest, without, strict=True)]
