"""A row of generated tokens as a response: cut at its end, its thought taken off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from halluc.mllm.base import Request
from halluc.mllm.spans import text_and_spans
from halluc.records import Finish, Response, Token
from halluc.thoughts import TAGS, part_thought

if TYPE_CHECKING:
    from halluc.mllm.picking import Row


class Rows:
    """Reads rows of tokens.

    Args:
        tokenizer: of the model.
        ends: tokens that end an answer.
    """

    def __init__(self, tokenizer: Any, ends: Collection[int]) -> None:
        self._tokenizer, self._ends = tokenizer, ends
        special, known = set(tokenizer.all_special_ids), tokenizer.get_added_vocab()
        # Special tokens around a thought, which decoding would leave out.
        self._tags: dict[int, str] = {
            number: tag for pair in TAGS for tag in pair if (number := known.get(tag)) in special
        }

    def response(
        self,
        request: Request,
        row: Row,
        chosen: dict[str, float],
        *,
        begun: bool,
    ) -> Response:
        """Cut a row at its end token, take off its thought and find its tokens in the text.

        Args:
            request: what was asked.
            row: what was generated.
            chosen: probabilities of short answers at the first token.
            begun: the prompt ends where a thought begins.
        """
        length = next((n + 1 for n, each in enumerate(row.tokens) if each in self._ends), None)
        text, spans = text_and_spans(self._spell, row.tokens[:length])
        thought, answer = part_thought(text, begun=begun)
        start = text.rfind(answer) if thought or begun else 0
        kept = [n for n, (_, end) in enumerate(spans) if not start or (answer and end > start)]
        cut_off = length is None or bool((thought or begun) and not answer)
        finish: Finish = "length" if cut_off else "stop"
        return Response(
            id=request.id,
            text=answer,
            prompt=request.prompt,
            tokens=tuple(
                Token(
                    max(spans[n][0] - start, 0),
                    min(spans[n][1] - start, len(answer)),
                    row.logprobs[n],
                )
                for n in kept
            ),
            top_logprobs=tuple(self._likeliest(row.likeliest[n]) for n in kept if row.likeliest),
            without_picture=tuple(row.without_picture[n] for n in kept if row.without_picture),
            answers={} if thought or begun else chosen,  # the first token was the thought's
            finish=finish,
            thought=thought,
        )

    def _likeliest(self, tokens: Sequence[tuple[int, float]]) -> tuple[tuple[str, float], ...]:
        """Tokens as they are spelled, without those that a method ruled out."""
        return tuple(
            (str(self._tokenizer.decode([token])), logprob)
            for token, logprob in tokens
            if logprob > float("-inf")
        )

    def _spell(self, part: Sequence[int]) -> str:
        """The text of tokens, tags of thoughts included."""
        if not self._tags or self._tags.keys().isdisjoint(part):
            return self._decode(part)
        runs = groupby(part, lambda token: self._tags.get(token, ""))
        return "".join(tag or self._decode(list(run)) for tag, run in runs)

    def _decode(self, part: Sequence[int]) -> str:
        text = self._tokenizer.decode(
            part, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return str(text)
