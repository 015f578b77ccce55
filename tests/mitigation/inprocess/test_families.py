"""What docs/models.md says of each family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import FAMILIES, picture
from families import MORE
from pages import families_table
from safetensors.torch import save_file
from two_passes import two_passes, vcd

from halluc.errors import HallucError
from halluc.jsonl import write_json
from halluc.mllm import Decoding, Request
from halluc.mllm.rows import Rows
from mitigation.inprocess.control import Control
from mitigation.inprocess.guided import Guided
from mitigation.inprocess.icd import ICD
from mitigation.inprocess.m3id import M3ID
from mitigation.inprocess.vcd import VCD

QUESTIONS = ["is there a dog", "is there a red cup on the table", "no", "is there a dog and a cat"]
REQUESTS = [
    Request(f"{seed}/{place}", question, picture(seed, 40 + 30 * seed))
    for seed in range(2)
    for place, question in enumerate(QUESTIONS)
]
METHODS = {"VCD": VCD, "ICD": ICD, "M3ID": M3ID}


TABLE = families_table()
USABLE = [
    pytest.param(family, marks=pytest.mark.xdist_group(family))  # so it is loaded once
    for family, columns in TABLE.items()
    if "yes" in columns.values()
]
pytestmark = pytest.mark.filterwarnings("ignore:.* answers otherwise in a batch:UserWarning")


def test_the_page_has_all_families_that_are_tested() -> None:
    assert set(TABLE) == {*FAMILIES, *MORE}


@pytest.mark.parametrize("family", USABLE)
def test_answers_in_batches(load: Any, family: str, shared: list[bool], monkeypatch: Any) -> None:
    model = load(family)
    monkeypatch.setattr(model, "worth", 9)  # shared however few tokens it saves
    together = model.generate(REQUESTS, Decoding(max_new_tokens=6), ["yes", "no"])
    assert ("yes" if any(shared) else "–") == TABLE[family]["shared prefixes"]
    monkeypatch.setattr(model, "worth", 0)
    for request, response in zip(REQUESTS, together, strict=True):
        [alone] = model.generate([request], Decoding(max_new_tokens=6), ["yes", "no"])
        assert response.text == alone.text
        assert response.answers == pytest.approx(alone.answers, abs=1e-5)


# BLIP's own ``generate`` writes the prompt anew, so that its model alone is called otherwise.
@pytest.mark.parametrize("family", [each for each in USABLE if each.values != ("blip",)])
def test_vcd_is_two_literal_passes(load: Any, family: str) -> None:
    model = load(family)
    decoding = VCD(max_new_tokens=6, alpha=1.5)
    for request, response in zip(
        REQUESTS[3:5], model.generate(REQUESTS[3:5], decoding), strict=True
    ):
        branches = [dict(each) for each in decoding.branches(model, [request])]
        tokens, steps = two_passes(
            model.model, branches, lambda a, b, step: vcd(a, b, 1.5, 0.1), decoding, request.id
        )
        expected = [float(z.log_softmax(0)[token]) for z, token in zip(steps, tokens, strict=True)]
        assert [each.logprob for each in response.tokens] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("drawn", [False, True], ids=["greedy", "drawn"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", USABLE)
def test_methods(load: Any, family: str, method: str, drawn: bool) -> None:
    model, decoding = load(family), METHODS[method](max_new_tokens=6, do_sample=drawn)
    if TABLE[family][method] == "–":
        with pytest.raises(HallucError):
            model.generate(REQUESTS, decoding)
        return
    for request, response in zip(REQUESTS, model.generate(REQUESTS, decoding), strict=True):
        [alone] = model.generate([request], decoding)
        assert response.text == alone.text


@pytest.mark.parametrize("family", USABLE)
def test_guided_and_control(load: Any, family: str, tmp_path: Path) -> None:
    """In a batch as alone, and with an effect; else refused in one line."""
    model = load(family)
    hints = {each.id: ("a red dog", "a cup")[: 1 + n % 2] for n, each in enumerate(REQUESTS)}
    head = model.model.get_output_embeddings()
    size = head.weight.shape[1] if head is not None else 1
    weight = torch.randn(size, size, generator=torch.Generator().manual_seed(0))
    save_file({"weight": weight}, tmp_path / "control.safetensors")
    write_json(tmp_path / "card.json", {"model": model.card["model"]})
    plain = model.generate(REQUESTS[:3], Decoding(max_new_tokens=4))
    for name, decoding in {
        "guided": Guided(max_new_tokens=4, gamma=2.0, hints=hints),
        "control": Control(max_new_tokens=4, layer=str(tmp_path)),
    }.items():
        if TABLE[family][name] == "–":
            with pytest.raises(HallucError) as caught:
                model.generate(REQUESTS[:3], decoding)
            assert "\n" not in str(caught.value)
            continue
        together = model.generate(REQUESTS[:3], decoding)
        for request, response in zip(REQUESTS, together, strict=False):
            assert model.generate([request], decoding)[0].text == response.text
        assert [each.tokens for each in together] != [each.tokens for each in plain]


@pytest.mark.parametrize("family", ["llava", "qwen3_5", "qwen3_5_moe", "gemma3", "aya_vision"])
def test_rows_that_end_leave_the_others_as_they_are(
    load: Any, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caches of plain, linear and sliding attention, when rows leave the batch one by one."""
    model = load(family)
    ends = [each for each in range(len(model.tokenizer)) if each % 5 == 0]
    monkeypatch.setattr(model.model.generation_config, "eos_token_id", ends)
    monkeypatch.setitem(model.__dict__, "_rows", Rows(model.tokenizer, ends))
    decoding = VCD(max_new_tokens=12, do_sample=True)
    together = model.generate(REQUESTS, decoding)
    assert len({len(each.tokens) for each in together}) > 2
    for request, response in zip(REQUESTS, together, strict=True):
        [alone] = model.generate([request], decoding)
        assert (response.text, len(response.tokens)) == (alone.text, len(alone.tokens))
