"""LURE's factors on a hand-made caption, and tokens aligned to mentions for three tokenizers."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from checkpoints import tokenizer
from hypothesis import given
from hypothesis import strategies as st

from halluc.language.claims.reader import read_claims
from halluc.mllm.spans import text_and_spans
from halluc.records import Token
from mitigation.postcorrection.factors import (
    count_occurrences,
    find_factors,
    first_mentions,
    tokens_of,
)

KNOWN = count_occurrences(
    [{"fork", "knife"}, {"fork", "knife"}, {"fork", "cup"}, {"cup"}, {"fork"}]
)


def factors_of(text, tokens=()):
    [claims] = read_claims([text])
    return find_factors(text, claims, KNOWN, tokens)


def test_the_formulas():
    text = "A fork and a knife. There is no cup."
    tokens = [
        Token(match[0], match[1], math.log(p))
        for match, p in zip([(0, 1), (1, 6), (6, 10), (10, 12), (12, 15), (15, 18)], 
                            [1, 0.5, 1, 1, 0.2, 0.8], strict=True)
    ]  # fmt: skip
    fork, knife = factors_of(text, tokens)  # what is denied is no mention
    assert fork.co_occurrence == knife.co_occurrence == pytest.approx(2 / (4 + 2))
    assert (fork.expectation, knife.expectation) == (1.0, 0.5)
    assert (fork.position, knife.position) == (2 / 9, 5 / 9)
    assert fork.uncertainty == pytest.approx(math.log(2))
    assert knife.uncertainty == pytest.approx(-math.log(0.2))
    assert knife.mean_uncertainty == pytest.approx(-(math.log(0.2) + math.log(0.8)) / 2)


def test_without_tokens_there_is_no_uncertainty():
    found = factors_of("A fork and a knife.")
    assert [each.uncertainty for each in found] == [None, None]
    assert [each.mean_uncertainty for each in found] == [None, None]


def test_the_first_mention_stands_for_the_object():
    found = factors_of("A cup and a fork. The cup is red.")
    assert [each.subject for each in found] == ["cup", "fork", "cup"]
    assert first_mentions(found)["cup"] is found[0]


@pytest.mark.parametrize("text", ["", "   ", "No object at all."])
def test_nothing_is_mentioned(text):
    assert factors_of(text) == []


def byte_level():
    words = tokenizer()
    return words, lambda text: words(text, add_special_tokens=False)["input_ids"]


def sentencepiece():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁a", "▁cup", "▁caf", "s"]
    core = Tokenizer(
        models.BPE(
            {piece: number for number, piece in enumerate(pieces)},
            [],
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    replaced = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    core.decoder = decoders.Sequence([*replaced, decoders.Strip(" ", 1, 0)])
    return core, lambda text: core.encode(text).ids


def word_level():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    words = ["<unk>", *"a the cup fork red is café and , .".split()]
    core = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    return core, lambda text: core.encode(text).ids


KINDS = {each.__name__: each() for each in (byte_level, sentencepiece, word_level)}
WORDS = st.lists(
    st.sampled_from("a the cup fork red is café and , . 🙂 naïve".split()), max_size=12
)


@pytest.mark.parametrize("kind", KINDS)
@given(WORDS.map(" ".join), st.data())
def test_tokens_tile_the_text_and_those_of_a_stretch_cover_it(kind, text, data):
    decoder, encode = KINDS[kind]
    ids = encode(text)
    whole, spans = text_and_spans(lambda some: decoder.decode(list(some)), ids)
    assert "".join(whole[start:end] for start, end in spans) == whole
    assert all(a[1] == b[0] for a, b in pairwise(spans))

    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    tokens = [Token(*span, -1.0) for span in spans]
    found = tokens_of(start, end, tokens)
    covered = {place for each in found for place in range(each.start, each.end)}
    assert set(range(start, end)) <= covered
    outside = [each for each in tokens if each not in found]
    assert not any(a.start < end and start < a.end for a in outside)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 1, [(0, 1)]),  # white space at the beginning is of no word
        (1, 4, [(1, 4)]),  # what only touches it is outside
        (2, 3, [(1, 4)]),
        (2, 5, [(1, 4), (4, 4), (4, 5)]),
        (4, 5, [(4, 4), (4, 5)]),
        (5, 6, [(5, 6)]),
        (4, 4, []),
        (6, 9, [(6, 6)]),
    ],
)
def test_the_tokens_of_a_stretch(start, end, found):
    spans = [(0, 0), (0, 1), (1, 4), (4, 4), (4, 5), (5, 6), (6, 6)]
    tokens = [Token(*span, -1.0) for span in spans]
    assert [(each.start, each.end) for each in tokens_of(start, end, tokens)] == found
