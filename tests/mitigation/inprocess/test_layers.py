"""DeCo and DoLa against literal statements with all hidden states, on several backbones."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from checkpoints import picture
from two_passes import two_passes

from halluc.errors import HallucError, InputError, ModelError
from halluc.mllm import Decoding, Request
from mitigation.inprocess import make_decoding
from mitigation.inprocess.deco import DeCo
from mitigation.inprocess.dola import DoLa

# Llama (6 and 2 layers), positions in three dimensions, linear attention, sliding windows and
# norms behind, parallel blocks, cross-attention.
FAMILIES = ("tabletop llava qwen2_vl qwen3_5 gemma3 aya_vision mllama").split()
REQUESTS = [
    Request(f"s{number}", prompt, picture(number, 40 + 10 * number))
    for number, prompt in enumerate(["what is there", "is there a dog", "no", "a red cup left yes"])
]
EARLY = {"first_layer": 0.0, "last_layer": 0.9}


def states(model: Any) -> Any:
    """From a model's output to its logits and those after each of its layers but the last."""
    decoder = model.model.get_decoder()
    head = model.model.get_output_embeddings()

    def read(told: Any) -> tuple[torch.Tensor, torch.Tensor]:
        own = told.logits[0, -1].float()
        early = [head(decoder.norm(each[:, -1]))[0].float() for each in told.hidden_states[:-1]]
        least = torch.finfo(torch.float32).min
        return own, torch.stack(early).masked_fill(own == least, least)

    return read


def deco(own: torch.Tensor, early: torch.Tensor) -> torch.Tensor:
    """The published lines of DeCo, for logits (vocabulary,) and (layers, vocabulary)."""
    chances, tokens = own.softmax(0).topk(5)
    cutoff = int(torch.searchsorted(chances.cumsum(0), 0.9)) + 1
    tokens = tokens[:cutoff]
    table = early.softmax(-1)[:, tokens]
    layer = int(table.argmax()) // len(tokens)
    z = torch.full_like(own, -math.inf)
    z[tokens] = own[tokens] + 0.6 * table.max() * early[layer, tokens]
    return z


def dola(own: torch.Tensor, early: torch.Tensor) -> torch.Tensor:
    """The paper's lines of DoLa, every second layer of the lower half."""
    p = own.softmax(0).double()
    farthest, chosen = -1.0, own
    for each in early[: round(len(early) / 2) : 2]:
        q = each.softmax(0).double()
        m = (p + q) / 2
        divergence = float(torch.xlogy(p, p / m).nansum() + torch.xlogy(q, q / m).nansum())
        if divergence > farthest:
            farthest, chosen = divergence, each
    z = own.log_softmax(0) - chosen.log_softmax(0)
    return z.masked_fill(p < 0.1 * p.max(), -math.inf)


LITERAL: dict[str, Any] = {
    "deco": (lambda **plain: DeCo(candidate_k=5, **EARLY, **plain), deco),
    "dola": (DoLa, dola),
}


# Chameleon rules out tokens. By DeCo its random weights say the one that stands for a picture.
PAIRS = [(family, method) for family in FAMILIES for method in LITERAL] + [("chameleon", "dola")]


@pytest.mark.parametrize(("family", "method"), PAIRS)
def test_a_literal_statement_gives_the_same_logits_and_tokens(
    load: Any, family: str, method: str
) -> None:
    model = load(family)
    make, formula = LITERAL[method]
    decoding = make(max_new_tokens=6)
    for request in REQUESTS[:2]:
        inputs = decoding.inputs(model, [request])
        tokens, steps = two_passes(
            model.model, [dict(model.prepare([request]))], lambda seen, step: formula(*seen),
            decoding, request.id, read=states(model), output_hidden_states=True,
        )  # fmt: skip
        with decoding.hooks(model, inputs):
            told = model.model.generate(
                **inputs,
                custom_generate=decoding.custom_generate(model),
                max_new_tokens=6,
                do_sample=False,
                output_logits=True,
                return_dict_in_generate=True,
            )
        assert told.sequences[0, -len(tokens) :].tolist() == tokens
        torch.testing.assert_close(
            torch.cat(told.logits)[: len(steps)], torch.stack(steps), atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("drawn", [False, True], ids=["greedy", "drawn"])
@pytest.mark.parametrize("method", LITERAL)
@pytest.mark.parametrize("family", ["tabletop", "qwen2_vl", "qwen3_5", "mllama"])
def test_batches_and_the_neutral_value(load: Any, family: str, method: str, drawn: bool) -> None:
    model = load(family)
    pick: dict[str, Any] = {"max_new_tokens": 8, "do_sample": drawn, "seed": 3}
    off: dict[str, Any] = {"beta": 0.0}
    if method == "deco":
        off = {"candidate_k": 0, "candidate_p": 1.0}
    plain = model.generate(REQUESTS, Decoding(**pick), ("yes", "no"))
    neutral = make_decoding(method, pick, {"alpha": 0.0, **(off if drawn else {})})
    assert [each.text for each in model.generate(REQUESTS, neutral)] == [e.text for e in plain]
    decoding = make_decoding(method, pick, {"random_layer": drawn})
    together = model.generate(REQUESTS, decoding, ("yes", "no"))
    again = {each.id: each for each in model.generate(REQUESTS[::-1], decoding)}
    for request, response in zip(REQUESTS, together, strict=True):
        [alone] = model.generate([request], decoding, ("yes", "no"))
        assert response.text == alone.text == again[request.id].text
        assert response.answers == pytest.approx(alone.answers, abs=1e-5)
    assert not model.model._forward_hooks  # nothing is left behind


def test_rows_choose_their_own_layers() -> None:
    from mitigation.inprocess.deco import combine

    logits, early = torch.zeros(2, 4), torch.zeros(3, 2, 4)
    early[0, 0, 1] = early[2, 1, 3] = 9.0
    z = combine(logits, early, alpha=1.0, candidate_k=0, candidate_p=1.0)
    assert z.argmax(-1).tolist() == [1, 3]
    fixed = combine(logits, early, alpha=1.0, candidate_k=0, candidate_p=1.0, layer=0)
    assert fixed[0].argmax() == 1 and fixed[1].unique().numel() == 1


def test_they_go_with_a_contrast(load: Any) -> None:
    """The contrast's logits are corrected by the early layers of the undisturbed branch."""
    model = load("tabletop")
    both = make_decoding("vcd,deco", {"max_new_tokens": 12}, {})
    texts = [each.text for each in model.generate(REQUESTS, both)]
    assert texts == [model.generate([each], both)[0].text for each in REQUESTS]
    assert all(math.isfinite(t.logprob) for e in model.generate(REQUESTS, both) for t in e.tokens)


def test_what_cannot_be_read_is_refused_in_one_line(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        InputError, match=r"first_layer must be at most last_layer, not 0\.9 behind"
    ):
        DeCo(first_layer=0.9)
    model = load("llava")
    head = model.model.get_output_embeddings()
    scaled = head.register_forward_hook(lambda module, given, output: output * output.dim())
    try:
        with pytest.raises(ModelError, match="deco cannot read the logits of its early") as caught:
            model.generate(REQUESTS, DeCo(max_new_tokens=2))
    finally:
        scaled.remove()
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(model.model, "get_output_embeddings", lambda: None)
    with pytest.raises(HallucError, match="dola cannot read the logits of its early layers"):
        model.generate(REQUESTS, DoLa(max_new_tokens=2))
