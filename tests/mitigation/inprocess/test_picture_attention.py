"""PAI and VAF against whole attention matrices, written out, without a cache."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from checkpoints import picture
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask
from two_passes import two_passes

from halluc.errors import InputError, ModelError
from halluc.mllm import Decoding, Request
from halluc.mllm.pictures import image_token
from mitigation.inprocess import make_decoding
from mitigation.inprocess.pai import PAI
from mitigation.inprocess.vaf import VAF

FAMILIES = ["tabletop", "llava", "qwen2_vl", "idefics3", "internvl", "gemma3"]
REQUESTS = [
    Request(f"s{number}", prompt, picture(number, 40 + 10 * number))
    for number, prompt in enumerate(["what is there", "is there a dog", "no", "a red cup left yes"])
]
NOW = SimpleNamespace(token=-1, prompt=0, ids=None, layers=(), method="")


def written_out(  # noqa: PLR0917
    module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float, **_: Any
) -> tuple[torch.Tensor, None]:
    """All scores of one row; those of what was the last query once are changed."""
    times = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(times, 1), value.repeat_interleave(times, 1)
    scores = query @ key.transpose(2, 3) * scaling
    seen = torch.ones(scores.shape[2:], dtype=torch.bool).tril() if mask is None else mask
    image = NOW.ids == NOW.token
    if module.layer_idx in NOW.layers and image.any():
        first = int(image.nonzero()[0])
        for row in range(NOW.prompt - 1, scores.shape[2]):
            a = scores[0, :, row].clone()
            if NOW.method == "pai":
                a[:, image] = a[:, image] + 0.5 * a[:, image].abs()
            else:
                a[:, image] *= 1.5
                a[:, :first] *= 0.7
            scores[0, :, row] = a
    scores = scores.masked_fill(~seen, -math.inf)
    return (scores.softmax(-1) @ value).transpose(1, 2), None


AttentionInterface.register("written_out", written_out)
AttentionMaskInterface.register("written_out", sdpa_mask)


@contextmanager
def literally(model: Any, method: str, prompts: list[Any]) -> Iterator[None]:
    """Whole passes through `written_out`; each pass sees its own ids."""
    decoder = model.model.get_decoder()
    usual, count = decoder.config._attn_implementation, decoder.config.num_hidden_layers
    layers = range(round(0.0625 * count), count) if method == "pai" else range(count // 2, count)
    lengths = [each["input_ids"].shape[1] for each in prompts]
    turn = iter(range(10**6))

    def before(module: Any, given: Any, named: dict[str, Any]) -> None:
        length = lengths[next(turn) % len(lengths)]
        token = image_token(model.config)
        NOW.__dict__.update(
            token=token, prompt=length, ids=named["input_ids"][0], layers=layers, method=method
        )

    hook = model.model.register_forward_pre_hook(before, with_kwargs=True)
    decoder.set_attn_implementation("written_out")
    try:
        yield
    finally:
        decoder.set_attn_implementation(usual)
        hook.remove()


def pai(seen: torch.Tensor, blind: torch.Tensor, step: int) -> torch.Tensor:
    p, q = seen.log_softmax(0), blind.log_softmax(0)
    return (1.2 * (p - q) + q).masked_fill(p < p.max() + math.log(0.1), -math.inf)


METHODS: dict[str, Any] = {
    "pai": (PAI, {"attention": 0.5, "gamma": 1.2}, pai),
    "vaf": (
        VAF,
        {"enhance": 1.5, "suppress": 0.7, "first_layer": 0.5, "end_layer": 1.0},
        lambda a, step: a,
    ),
}


# One layer of Gemma 3 attends through a sliding window, which PAI, that changes all, refuses.
PAIRS = [(family, method) for family in FAMILIES for method in METHODS]
PAIRS.remove(("gemma3", "pai"))


@pytest.mark.parametrize(("family", "method"), PAIRS)
def test_whole_matrices_give_the_same_logits_and_tokens(
    load: Any, family: str, method: str
) -> None:
    model = load(family)
    kind, own, formula = METHODS[method]
    decoding = kind(max_new_tokens=6, **own)
    request = REQUESTS[1]
    inputs = decoding.inputs(model, [request])
    branches = [dict(each) for each in decoding.branches(model, [request])]
    with literally(model, method, branches):
        tokens, steps = two_passes(model.model, branches, formula, decoding, request.id)
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
    told_logits = torch.cat(told.logits)[: len(steps)]
    torch.testing.assert_close(told_logits, torch.stack(steps), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", ["tabletop", "qwen2_vl", "idefics3"])
def test_batches_and_the_neutral_value(load: Any, family: str, method: str) -> None:
    model = load(family)
    pick: dict[str, Any] = {"max_new_tokens": 8, "do_sample": True, "seed": 3}
    off = {
        "pai": {"attention": 0.0, "gamma": 1.0, "beta": 0.0},
        "vaf": {"enhance": 1.0, "suppress": 1.0},
    }[method]
    plain = [each.text for each in model.generate(REQUESTS, Decoding(**pick))]
    neutral = make_decoding(method, pick, off)
    assert [each.text for each in model.generate(REQUESTS, neutral)] == plain
    decoding = make_decoding(method, pick, {"boosted": "random"})
    texts = {each.id: each.text for each in model.generate(REQUESTS[::-1], decoding)}
    for request in REQUESTS:
        assert model.generate([request], decoding)[0].text == texts[request.id]


def test_controls_change_other_columns_and_nothing_stays(load: Any) -> None:
    model = load("tabletop")
    chances = []
    for boosted in ("picture", "text", "random"):
        decoding = VAF(max_new_tokens=2, boosted=boosted, enhance=2.0)
        chances.append(model.generate(REQUESTS[:1], decoding, ("yes", "no"))[0].answers["yes"])
    plain = model.generate(REQUESTS[:1], Decoding(max_new_tokens=2), ("yes", "no"))[0]
    assert len({*chances, plain.answers["yes"]}) == 4
    again = model.generate(REQUESTS[:1], Decoding(max_new_tokens=2), ("yes", "no"))[0]
    assert again == plain


def test_what_cannot_be_done_is_refused_in_one_line(load: Any) -> None:
    with pytest.raises(InputError, match=r"first_layer must be at most end_layer 0\.2, not 0\.5"):
        VAF(first_layer=0.5, end_layer=0.2)
    with pytest.raises(InputError, match="vaf needs a picture, and 't' has none"):
        load("llava").generate([Request("t", "a dog")], VAF())
    for family in ("mllama", "qwen3_5", "gemma3"):  # across; linear; through a sliding window
        with pytest.raises(ModelError, match="vaf changes attention that this model does") as said:
            load(family).generate(REQUESTS[:1], VAF(first_layer=0.0, end_layer=1.0))
        assert "\n" not in str(said.value)
