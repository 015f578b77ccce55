"""How likely the model took each token, also without the picture, and what else was likely."""

from __future__ import annotations

import math
from collections.abc import Iterator

from halluc.records import Response


def tokens_of(response: Response, start: int, end: int) -> Iterator[int]:
    """The numbers of the tokens that have a part of the text from start to end."""
    for number, each in enumerate(response.tokens):
        if each.start < end and start < each.end:
            yield number


def spelled(response: Response, number: int) -> str:
    """A token as it stands in the text, without the white space around it."""
    token = response.tokens[number]
    return response.text[token.start : token.end].strip()


def chance(logprob: float) -> str:
    """A probability from its logarithm.

    >>> chance(-0.1), chance(-20.0)
    ('0.905', '< 0.001')
    """
    return "< 0.001" if logprob < math.log(0.0005) else f"{math.exp(logprob):.3f}"


def next_best(response: Response, number: int) -> str:
    """What else was likely in the place of a token, and how likely; empty where it was not kept.

    >>> from halluc.records import Token
    >>> top = (("cat", -0.5), ("dog", -1.0), ("<end>", -5.0))
    >>> said = Response(id="1", text="dog", tokens=(Token(0, 3, -1.0),), top_logprobs=(top,))
    >>> next_best(said, 0)
    'cat 0.607, <end> 0.007'
    """
    if not response.top_logprobs:
        return ""
    own = (spelled(response, number), response.tokens[number].logprob)
    top = [(word.strip(), logprob) for word, logprob in response.top_logprobs[number]]
    return ", ".join(f"{each[0] or '␣'} {chance(each[1])}" for each in top if each != own)


def token_words(response: Response, number: int) -> str:
    """What is known of a token, in words."""
    told = f"p {chance(response.tokens[number].logprob)}"
    if response.without_picture:
        told += f", without the picture {chance(response.without_picture[number])}"
    if best := next_best(response, number):
        told += f", next best {best}"
    return told


def claim_tokens(response: Response, start: int, end: int) -> str:
    """What was kept of the tokens of a claim's words beside their log-probabilities, in words."""
    if not (response.top_logprobs or response.without_picture):
        return ""
    numbers = tokens_of(response, start, end)
    return "; ".join(f"“{spelled(response, n)}” {token_words(response, n)}" for n in numbers)
