"""The shared loop against a literal two-pass statement, in any batch, in any search."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from checkpoints import FAMILIES, picture
from two_passes import two_passes, vcd

from halluc.errors import InputError, ModelError
from halluc.mllm import Decoding, Request
from halluc.records import Response
from mitigation.inprocess.contrastive import Contrastive
from mitigation.inprocess.eos_bias import EosBias
from mitigation.inprocess.icd import ICD
from mitigation.inprocess.loop import decode, stack
from mitigation.inprocess.m3id import M3ID
from mitigation.inprocess.mask_only import MaskOnly
from mitigation.inprocess.vcd import VCD
from mitigation.inprocess.yes_bias import YesBias

MODELS = [*FAMILIES, "tabletop"]
PROMPTS = ["what is there", "is there a dog", "no", "a cat on the left of the table yes", "cup"]
REQUESTS = [
    Request(f"s{number}", PROMPTS[number % 5], picture(number, 40 + 10 * number))
    for number in range(8)
]
DRAWN: dict[str, Any] = {"do_sample": True, "temperature": 0.9, "seed": 3}
PICKS = [pytest.param({}, id="greedy"), pytest.param(DRAWN, id="drawn")]


def m3id(clean: torch.Tensor, blind: torch.Tensor, step: int) -> torch.Tensor:
    gamma = math.exp(-0.1 * step)
    z = clean + (1 - gamma) / gamma * (clean - blind)
    return z.masked_fill(clean < clean.max() + math.log(0.1), -math.inf)


def yes(model: Any, clean: torch.Tensor, step: int) -> torch.Tensor:
    forms = [space + word for word in ("yes", "Yes") for space in ("", " ")]
    ids = [model.tokenizer(form, add_special_tokens=False)["input_ids"] for form in forms]
    fewest = min(map(len, ids))
    if step == 0:
        clean = clean.clone()
        for form in {tuple(each) for each in ids if len(each) == fewest}:
            clean[list(form)] += 1.5
    return clean


def end(model: Any, clean: torch.Tensor, step: int) -> torch.Tensor:
    clean = clean.clone()
    clean[model.model.generation_config.eos_token_id] += 1.5
    return clean


METHODS: dict[str, Any] = {
    "vcd": (VCD, {"alpha": 1.5}, lambda model: lambda a, b, step: vcd(a, b, 1.5, 0.1)),
    "icd": (ICD, {"disturbance": "red dog"}, lambda model: lambda a, b, step: vcd(a, b, 1, 0.1)),
    "m3id": (M3ID, {"lambda_": 0.1}, lambda model: m3id),
    "mask-only": (MaskOnly, {"beta": 0.3}, lambda model: lambda a, step: vcd(a, a, 0, 0.3)),
    "eos-bias": (EosBias, {"bias": 1.5}, lambda model: lambda a, step: end(model, a, step)),
    "yes-bias": (YesBias, {"bias": 1.5}, lambda model: lambda a, step: yes(model, a, step)),
}


# PaliGemma's processor takes no request without a picture, so m3id is refused.
PAIRS = [
    (family, method)
    for method in METHODS
    for family in MODELS
    if (family, method) != ("paligemma", "m3id")
]


def same(one: Response, other: Response) -> None:
    assert (one.id, one.text, one.finish) == (other.id, other.text, other.finish)
    assert [token.logprob for token in one.tokens] == pytest.approx(
        [token.logprob for token in other.tokens], abs=1e-4
    )
    assert one.answers == pytest.approx(other.answers, abs=1e-5)


@pytest.mark.parametrize(
    ("family", "method", "pick"),
    [
        pytest.param(*pair, *pick.values, id=f"{pick.id}-{'-'.join(pair)}")
        for pick in PICKS
        for pair in PAIRS
        if pick.id == "drawn" or pair[1] != "mask-only"  # refused in greedy decoding
    ],
)
def test_two_literal_passes_give_the_same_logits_and_tokens(
    load: Any, family: str, method: str, pick: dict[str, Any]
) -> None:
    model = load(family)
    kind, own, literal = METHODS[method]
    decoding: Contrastive = kind(max_new_tokens=12, **own, **pick)
    together = model.generate(REQUESTS[:3], decoding)
    for request, response in zip(REQUESTS[:3], together, strict=True):
        branches = [dict(each) for each in decoding.branches(model, [request])]
        tokens, steps = two_passes(model.model, branches, literal(model), decoding, request.id)
        expected = [float(z.log_softmax(0)[token]) for z, token in zip(steps, tokens, strict=True)]
        assert [each.logprob for each in response.tokens] == pytest.approx(expected, abs=1e-4)
        assert response.text == model.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        if not pick:
            told = model.model.generate(
                **decoding.inputs(model, [request]),
                custom_generate=decoding.custom_generate(model),
                max_new_tokens=12,
                do_sample=False,
                output_logits=True,
                return_dict_in_generate=True,
            )
            assert told.sequences[0, -len(tokens) :].tolist() == tokens
            torch.testing.assert_close(
                torch.cat(told.logits)[: len(steps)], torch.stack(steps), atol=1e-5, rtol=1e-5
            )


@pytest.mark.parametrize("family", MODELS)
@pytest.mark.parametrize("pick", PICKS)
def test_no_contrast_is_plain_decoding(load: Any, family: str, pick: dict[str, Any]) -> None:
    model = load(family)
    plain = model.generate(REQUESTS, Decoding(max_new_tokens=16, **pick), ("yes", "no"))
    beta = 0.0 if pick else 0.1  # the mask never rules out the likeliest token
    decoding = VCD(max_new_tokens=16, alpha=0.0, beta=beta, **pick)
    for one, other in zip(plain, model.generate(REQUESTS, decoding, ("yes", "no")), strict=True):
        if pick:
            same(one, other)
        assert one.text == other.text and one.finish == other.finish


@pytest.mark.parametrize(("family", "method"), PAIRS)
def test_neither_batch_size_nor_order_changes_an_answer(
    load: Any, family: str, method: str
) -> None:
    model = load(family)
    kind, own, _ = METHODS[method]
    decoding = kind(max_new_tokens=16, **own, **DRAWN)
    words = () if method == "yes-bias" else ("yes", "no")
    together = model.generate(REQUESTS, decoding, words)
    assert [response.id for response in together] == [request.id for request in REQUESTS]
    assert all(token.logprob <= 0 for response in together for token in response.tokens)
    mixed = [REQUESTS[place] for place in (5, 2, 7, 0, 3, 6, 1, 4)]
    again = {response.id: response for response in model.generate(mixed, decoding, words)}
    for request, response in zip(REQUESTS, together, strict=True):
        same(model.generate([request], decoding, words)[0], response)
        same(again[request.id], response)


def test_rows_that_have_ended_leave_the_batch(load: Any) -> None:
    model = load("tabletop")
    sizes: list[int] = []
    hook = model.model.register_forward_pre_hook(
        lambda module, arguments, inputs: sizes.append(len(inputs["input_ids"])), with_kwargs=True
    )
    requests = [Request(each.id, "Describe this image in detail.", each.image) for each in REQUESTS]
    responses = model.generate(requests, VCD(max_new_tokens=128, **DRAWN))
    hook.remove()
    lengths = [len(response.tokens) for response in responses]
    assert sizes == [2 * sum(length > step for length in lengths) for step in range(max(lengths))]
    assert len(set(sizes)) > 2


@pytest.mark.parametrize(
    ("family", "method"),
    [pair for pair in PAIRS if pair[0] != "tabletop" and pair[1] in ("vcd", "m3id")],
)
def test_beams(load: Any, family: str, method: str) -> None:
    """Each returned sequence scores what two passes along it say, in a batch as alone."""
    model = load(family)
    kind, own, literal = METHODS[method]
    decoding = kind(**own)
    ask: dict[str, Any] = {
        "custom_generate": decoding.custom_generate(model),
        "max_new_tokens": 6,
        "do_sample": False,
        "num_beams": 3,
        "length_penalty": 0.0,
    }
    inputs = decoding.inputs(model, REQUESTS[:2])
    told = model.model.generate(
        **inputs, **ask, num_return_sequences=2, return_dict_in_generate=True, output_scores=True
    )
    assert told.sequences.shape[0] == 4
    start = inputs["input_ids"].shape[1]
    ends = model.model.generation_config.eos_token_id
    for row, said in enumerate(told.sequences[:, start:].tolist()):
        sequence = said[: said.index(ends) + 1] if ends in said else said
        branches = [dict(each) for each in decoding.branches(model, [REQUESTS[row // 2]])]
        total = 0.0
        for step, token in enumerate(sequence):
            forced = [_said(each, sequence[:step]) for each in branches]
            with torch.inference_mode():
                logits = [model.model(**each).logits[0, -1].float() for each in forced]
            total += float(literal(model)(*logits, step).log_softmax(0)[token])
        assert float(told.sequences_scores[row]) == pytest.approx(total, abs=1e-4)
    alone = decoding.inputs(model, REQUESTS[1:2])
    one = model.model.generate(**alone, **ask)
    said = one[0, alone["input_ids"].shape[1] :].tolist()
    assert told.sequences[2, start:].tolist()[: len(said)] == said


def _said(inputs: dict[str, torch.Tensor], tokens: list[int]) -> dict[str, torch.Tensor]:
    from two_passes import _longer

    return _longer(inputs, tokens)


def test_several_returned_sequences(load: Any) -> None:
    model = load("llava")
    decoding = VCD()
    inputs = decoding.inputs(model, REQUESTS[:2])
    torch.manual_seed(0)
    told = model.model.generate(
        **inputs, custom_generate=decoding.custom_generate(model), max_new_tokens=8,
        do_sample=True, num_return_sequences=3, output_logits=True, return_dict_in_generate=True,
    )  # fmt: skip
    said = told.sequences[:, inputs["input_ids"].shape[1] :]
    assert len(said) == 6 and len({tuple(each) for each in said.tolist()}) > 2
    for row, tokens in enumerate(said.tolist()):
        branches = [dict(each) for each in decoding.branches(model, [REQUESTS[row // 3]])]
        with torch.inference_mode():
            logits = [
                model.model(**_said(each, tokens[:3])).logits[0, -1].float() for each in branches
            ]
        torch.testing.assert_close(told.logits[3][row], vcd(*logits, 1, 0.1), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prompt_lookup_num_tokens": 2}, "assisted generation does not go with"),
        ({"output_attentions": True, "return_dict_in_generate": True}, "are not kept in"),
        ({"use_cache": False}, "needs the dynamic key-value cache"),
        ({"cache_implementation": "static"}, "needs the dynamic key-value cache"),
    ],
)
def test_what_cannot_be_had_is_refused_in_one_line(
    load: Any, settings: dict[str, Any], said: str
) -> None:
    model = load("llava")
    decoding = VCD()
    with pytest.raises(InputError, match=said) as caught:
        model.model.generate(
            **decoding.inputs(model, REQUESTS[:1]),
            custom_generate=decoding.custom_generate(model),
            max_new_tokens=4,
            **settings,
        )
    assert "\n" not in str(caught.value)


def test_an_encoder_decoder_is_refused() -> None:
    from transformers import GenerationConfig, PreTrainedConfig

    class Two:
        config = PreTrainedConfig(is_encoder_decoder=True)

    with pytest.raises(ModelError, match="decoder-only"):
        decode(Two(), None, None, None, GenerationConfig(), branches=2, combine=None)  # type: ignore[arg-type]


def test_a_family_that_always_needs_a_picture_is_refused(load: Any) -> None:
    with pytest.raises(ModelError, match="needs a picture with every request, so m3id") as caught:
        load("paligemma").generate(REQUESTS[:1], M3ID())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("decoding", [VCD(), M3ID()])
def test_a_request_without_a_picture_is_refused(load: Any, decoding: Contrastive) -> None:
    method = type(decoding).__struct_config__.tag
    with pytest.raises(InputError, match=f"{method} needs a picture, and 't' has none"):
        load("llava").generate([Request("t", "a dog")], decoding)


def test_memory_that_runs_out_halves_the_batch_here_too(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load("llava")
    decoding = VCD(max_new_tokens=8, **DRAWN)
    expected = model.generate(REQUESTS, decoding)
    whole = type(model.model).generate

    def small(self: Any, **inputs: Any) -> Any:
        if len(inputs["input_ids"]) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(self, **inputs)

    monkeypatch.setattr(type(model.model), "generate", small)
    monkeypatch.setattr(model.batches, "most", None)
    for one, other in zip(model.generate(REQUESTS, decoding), expected, strict=True):
        same(one, other)


def test_stacking_pads_on_the_left_and_fills_in_what_text_lacks() -> None:
    short = {"input_ids": torch.tensor([[5, 6]]), "attention_mask": torch.tensor([[1, 1]])}
    long = {
        "input_ids": torch.tensor([[7, 8, 9]]),
        "attention_mask": torch.tensor([[0, 1, 1]]),
        "mm_token_type_ids": torch.tensor([[1, 1, 0]]),
        "pixel_values": torch.ones(1, 3, 2, 2),
    }
    stacked = stack([long, short], pad=4)
    assert stacked["input_ids"].tolist() == [[7, 8, 9], [4, 5, 6]]
    assert stacked["attention_mask"].tolist() == [[0, 1, 1], [0, 1, 1]]
    assert stacked["mm_token_type_ids"].tolist() == [[1, 1, 0], [0, 0, 0]]
    assert stacked["pixel_values"].shape == (1, 3, 2, 2)


def test_a_checkpoint_that_does_not_say_how_a_text_ends_is_refused(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load("tabletop")
    monkeypatch.setattr(model.model.generation_config, "eos_token_id", None)
    with pytest.raises(ModelError, match="does not say which tokens end a text"):
        model.generate(REQUESTS[:1], EosBias(bias=1.0))
