"""Guided decoding, the control layer, and methods that go together, against literal passes."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from checkpoints import picture
from safetensors.torch import load_file, save_file
from two_passes import two_passes

from halluc.errors import InputError
from halluc.jsonl import write_json
from halluc.mllm import Decoding, Exchange, Request
from mitigation.inprocess import make_decoding
from mitigation.inprocess.control import Control
from mitigation.inprocess.guided import Guided
from mitigation.inprocess.vcd import VCD

MODELS = ["llava", "qwen2_vl", "idefics3", "gemma3", "paligemma"]
PROMPTS = ["what is there", "is there a dog", "no", "a cat on the left of the table yes", "cup"]
REQUESTS = [Request(f"s{n}", PROMPTS[n % 5], picture(n, 40 + 10 * n)) for n in range(8)]
HINTS = {f"s{n}": (("a dog", "a cup"), ("a red cat",), ())[n % 3] for n in range(8)}
DRAWN: dict[str, Any] = {"do_sample": True, "temperature": 0.9, "seed": 3}
GUIDED: dict[str, Any] = {
    "hint": "truth",
    "hints": HINTS,
    "hint_text": "there is {objects}. {prompt}",
}


@pytest.fixture
def layer(tmp_path: Path) -> Any:
    """Writes a control layer of random weights for a model."""

    def write(model: Any) -> Path:
        folder = tmp_path / "layer"
        folder.mkdir()
        size = model.model.get_output_embeddings().weight.shape[1]
        draw = torch.Generator().manual_seed(0)
        save_file(
            {"weight": 0.3 * torch.randn(size, size, generator=draw)},
            folder / "control.safetensors",
        )
        write_json(folder / "card.json", {"model": model.card["model"]})
        return folder

    return write


def texts(model: Any, decoding: Decoding, requests: list[Request] = REQUESTS) -> dict[str, Any]:
    told = model.generate(requests, decoding, ("yes", "no"))
    return {each.id: (each.text, each.finish, len(each.tokens)) for each in told}


def guide(plain: torch.Tensor, hinted: torch.Tensor, gamma: float) -> torch.Tensor:
    one, other = plain.log_softmax(0), hinted.log_softmax(0)
    return one + gamma * (other - one)


def agree(model: Any, decoding: Any, request: Request, literal: Any, branches: list[Any]) -> None:
    """The answers' log-probabilities are those of literal passes, to 1e-5 in the logits."""
    tokens, steps = two_passes(model.model, branches, literal, decoding, request.id)
    [told] = model.generate([request], decoding)
    assert told.text == model.tokenizer.decode(tokens, skip_special_tokens=True).strip()
    expected = [float(z.log_softmax(0)[token]) for z, token in zip(steps, tokens, strict=True)]
    assert [each.logprob for each in told.tokens] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("family", MODELS)
def test_guided(load: Any, family: str) -> None:
    """Two literal passes; neither batch nor order matter; γ = 0 is plain, γ = 1 the hint alone."""
    model = load(family)
    decoding = Guided(max_new_tokens=8, gamma=0.7, **GUIDED, **DRAWN)
    for request in REQUESTS[:2]:
        said = f"there is {' and '.join(HINTS[request.id])}. {request.prompt}"
        hinted = Request(request.id, said, request.image)
        branches = [dict(model.process([each])) for each in (request, hinted)]
        agree(model, decoding, request, lambda a, b, step: guide(a, b, 0.7), branches)
    together = texts(model, decoding)
    mixed = [REQUESTS[place] for place in (5, 2, 7, 0, 3, 6, 1, 4)]
    assert texts(model, decoding, mixed) == together
    assert texts(model, decoding, REQUESTS[5:6]) == {"s5": together["s5"]}
    plain = Decoding(max_new_tokens=8, **DRAWN)
    assert texts(model, Guided(max_new_tokens=8, gamma=0, **GUIDED, **DRAWN)) == texts(model, plain)
    hinted = [decoding.hinted(each) for each in REQUESTS]
    alone = Guided(max_new_tokens=8, gamma=1, **GUIDED, **DRAWN)
    assert texts(model, alone) == texts(model, plain, hinted)
    assert together != texts(model, plain)


@pytest.mark.parametrize("family", ["llava", "qwen2_vl", "idefics3"])
def test_hints_as_earlier_turns(load: Any, family: str) -> None:
    """Two literal passes, the second behind questions that are answered with yes."""
    model = load(family)
    decoding = Guided(max_new_tokens=8, hint_turns=True, **GUIDED, **DRAWN)
    said = ["Is there a dog in the image?", "Is there a cup in the image?", PROMPTS[0]]
    asked = REQUESTS[0]
    turns = tuple(
        Exchange(question, "Yes", asked.image if place == 0 else None)
        for place, question in enumerate(said[:2])
    )
    branches = [
        dict(model.process([each]))
        for each in (asked, Request(asked.id, said[2], None, earlier=turns))
    ]
    tokens = branches[1]["input_ids"][0]
    places = [model.tokenizer.decode(tokens).index(each) for each in said]
    assert places == sorted(places)
    agree(model, decoding, asked, lambda a, b, step: guide(a, b, 0.7), branches)
    together = texts(model, decoding)
    assert texts(model, decoding, REQUESTS[::-1]) == together
    assert texts(model, decoding, REQUESTS[5:6]) == {"s5": together["s5"]}


@pytest.mark.parametrize("family", MODELS)
def test_control(load: Any, family: str, layer: Any) -> None:
    """h + ε W h by an independent pass; ε = 0 is the model to the last bit."""
    model = load(family)
    folder = layer(model)
    decoding = Control(max_new_tokens=8, layer=str(folder), epsilon=-0.8, **DRAWN)
    whole = model.model
    head = whole.get_output_embeddings()
    shift = load_file(folder / "control.safetensors")["weight"]
    cap = getattr(whole.config.get_text_config(), "final_logit_softcapping", None)

    class Literal:
        generation_config = whole.generation_config

        def __call__(self, **inputs: Any) -> Any:
            seen: list[torch.Tensor] = []
            handle = head.register_forward_hook(lambda module, given, made: seen.append(given[0]))
            told = whole(**inputs)
            handle.remove()
            hidden = seen[-1]
            logits = torch.nn.functional.linear(
                hidden - 0.8 * torch.einsum("od,btd->bto", shift, hidden), head.weight, head.bias
            )
            told.logits = cap * torch.tanh(logits / cap) if cap else logits
            return told

    stated = SimpleNamespace(model=Literal(), tokenizer=model.tokenizer, generate=model.generate)
    request = REQUESTS[1]
    agree(stated, decoding, request, lambda a, step: a, [dict(model.process([request]))])
    together = texts(model, decoding)
    mixed = [REQUESTS[place] for place in (5, 2, 7, 0, 3, 6, 1, 4)]
    assert texts(model, decoding, mixed) == together
    assert texts(model, decoding, REQUESTS[5:6]) == {"s5": together["s5"]}
    off = Control(max_new_tokens=8, layer=str(folder), epsilon=0.0, **DRAWN)
    plain = Decoding(max_new_tokens=8, **DRAWN)
    one, other = (model.generate(REQUESTS, each) for each in (off, plain))
    assert one == other  # every logprob, bit for bit
    assert together != texts(model, plain)
    assert not head._forward_pre_hooks


def test_methods_together(load: Any, layer: Any) -> None:
    """Hooks change both branches of VCD; a combiner of one branch works on what it made."""
    model = load("llava")
    folder = layer(model)
    own = {"layer": str(folder), "epsilon": -0.8, "bias": 1.5, "noise_step": 700}
    decoding = make_decoding("control, vcd,eos-bias", {"max_new_tokens": 8, **DRAWN}, own)
    vcd = VCD(noise_step=700, **DRAWN)
    shift = Control(layer=str(folder), epsilon=-0.8)
    ends = model.model.generation_config.eos_token_id

    def literal(clean: torch.Tensor, noised: torch.Tensor, step: int) -> torch.Tensor:
        made = (2 * clean - noised).masked_fill(clean < clean.max() + math.log(0.1), -math.inf)
        made[ends] += 1.5
        return made

    for request in REQUESTS[:3]:
        branches = [dict(each) for each in vcd.branches(model, [request])]
        with shift.hooks(model, None):
            tokens, _ = two_passes(model.model, branches, literal, decoding, request.id)
        [told] = model.generate([request], decoding)
        assert told.text == model.tokenizer.decode(tokens, skip_special_tokens=True).strip()
    together = texts(model, decoding)
    assert texts(model, decoding, REQUESTS[::-1]) == together
    assert decoding.files == (folder / "control.safetensors",)


@pytest.mark.parametrize(
    ("method", "own", "said"),
    [
        ("vcd,guided", {}, "vcd and guided each contrast with a second input"),
        ("vcd,vcd", {}, "names a method twice"),
        ("vcd,mask-only", {"beta": 0.2}, "--beta is an option of vcd and of mask-only"),
        ("guided", {"hint": "oracle"}, "hint must be self, truth, file:FILE"),
        ("guided", {"hint": "file:"}, "hint must be self, truth, file:FILE"),
        ("guided", {"hint_text": "no place"}, "hint text must hold {objects}"),
    ],
)
def test_what_does_not_go_together(method: str, own: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        make_decoding(method, DRAWN, own)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_layer_of_another_model_is_refused(load: Any, layer: Any) -> None:
    folder = layer(load("llava"))
    with pytest.raises(InputError, match=r"was fitted to .*, another model"):
        load("gemma3").generate(REQUESTS[:1], Control(layer=str(folder)))
    with pytest.raises(InputError, match=r"there is no control\.safetensors in it"):
        load("llava").generate(REQUESTS[:1], Control(layer=str(folder / "no")))
    with pytest.raises(InputError, match="control needs --layer FOLDER"):
        load("llava").generate(REQUESTS[:1], Control())
    with pytest.raises(InputError, match="guided has no hint for 's0'"):
        load("llava").generate(REQUESTS[:1], Guided())
