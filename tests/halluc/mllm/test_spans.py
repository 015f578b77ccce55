"""Where tokens stand in the text, for the ways that tokenizers split it."""

from __future__ import annotations

import pytest
from checkpoints import tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from halluc.mllm.spans import text_and_spans

BYTES = [tokenizer()]


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20), st.integers(0, 3))
def test_the_spans_of_any_text_are_its_tokens(text: str, cut: int) -> None:
    words = BYTES[0]
    tokens = words(text, add_special_tokens=False)["input_ids"]
    tokens = tokens[: len(tokens) - cut]
    whole, spans = text_and_spans(
        lambda ids: words.decode(ids, skip_special_tokens=True), [*tokens, words.eos_token_id]
    )
    assert len(spans) == len(tokens) + 1
    assert "".join(whole[start:end] for start, end in spans) == whole
    if not cut:
        assert whole == text.strip()


def test_a_sentencepiece_tokenizer() -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = ["<unk>", "▁A", "▁caf", "<0xC3>", "<0xA9>", "s", "."]
    core = Tokenizer(
        models.BPE({piece: number for number, piece in enumerate(pieces)}, [], unk_token="<unk>")
    )
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    text, spans = text_and_spans(core.decode, [1, 2, 3, 4, 5, 6])
    assert text == "A cafés."
    assert [text[start:end] for start, end in spans] == ["A", " caf", "", "é", "s", "."]


@pytest.mark.parametrize("tokens", [[], [5]])
def test_no_text(tokens: list[int]) -> None:
    assert text_and_spans(lambda ids: " " * len(ids), tokens) == ("", [(0, 0)] * len(tokens))
