"""Any checkpoint, the same answers: alone or in a batch, in any order, and as transformers says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import FAMILIES, picture
from pages import families_table

from halluc.errors import InputError, ModelError, SampleError
from halluc.mllm import Decoding, Request, load_model
from halluc.mllm.proven import PROVEN
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Response
from mitigation.inprocess import make_decoding

PROMPTS = ["what is there", "is there a dog", "no", "a cat on the left of the table yes", "cup"]
REQUESTS = [
    Request(f"s{number}", prompt, picture(number, 40 + 10 * number))
    for number, prompt in enumerate(PROMPTS)
]
DRAWN = Decoding(max_new_tokens=16, do_sample=True, temperature=0.9, top_p=0.95, top_k=50, seed=3)


@pytest.fixture(scope="module")
def load(checkpoint: Callable[[str], Path]) -> Callable[[str], TransformersMLLM]:
    loaded: dict[str, Any] = {}

    def model(family: str) -> TransformersMLLM:
        if family not in loaded:
            loaded[family] = load_model(f"hf:{checkpoint(family)}", device="cpu")
        return loaded[family]

    return model


def same(one: Response, other: Response) -> None:
    assert one.text == other.text
    assert one.finish == other.finish
    assert [token.logprob for token in one.tokens] == pytest.approx(
        [token.logprob for token in other.tokens], abs=1e-4
    )
    assert one.answers == pytest.approx(other.answers, abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("decoding", [Decoding(max_new_tokens=16), DRAWN], ids=["greedy", "drawn"])
def test_neither_batch_size_nor_order_changes_an_answer(
    load: Any, family: str, decoding: Decoding
) -> None:
    model = load(family)
    together = model.generate(REQUESTS, decoding, ("yes", "no"))
    assert [response.id for response in together] == [request.id for request in REQUESTS]
    for request, response in zip(reversed(REQUESTS), reversed(together), strict=True):
        same(model.generate([request], decoding, ("yes", "no"))[0], response)
    for response, again in zip(
        reversed(together), model.generate(REQUESTS[::-1], decoding, ("yes", "no")), strict=True
    ):
        same(again, response)


@pytest.mark.parametrize("family", FAMILIES)
def test_logprobs_are_those_of_a_teacher_forced_forward(load: Any, family: str) -> None:
    model = load(family)
    request = REQUESTS[3]
    inputs = model.prepare([request])
    length = inputs["input_ids"].shape[1]
    # transformers' own greedy search, which does not know of the picker
    tokens = model.model.generate(**inputs, max_new_tokens=12, do_sample=False)
    response = model.generate([request], Decoding(max_new_tokens=12))[0]
    assert response.text == model.tokenizer.decode(tokens[0, length:], True).strip()

    filled = {**inputs, "input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    # PaliGemma: 1 is what it generates, seen from left to right; Qwen: 0 is text.
    for key, kind in (("token_type_ids", 1), ("mm_token_type_ids", 0)):
        if key in inputs:
            more = torch.full_like(tokens[:, length:], kind)
            filled[key] = torch.cat([inputs[key], more], 1)
    with torch.inference_mode():
        logprobs = model.model(**filled).logits[0, length - 1 : -1].float().log_softmax(-1)
    expected = logprobs.gather(1, tokens[0, length:, None])[:, 0].tolist()
    assert [token.logprob for token in response.tokens] == pytest.approx(expected, abs=1e-4)


def test_next_best_tokens_and_what_is_likely_without_the_picture(load: Any) -> None:
    model, plain = load("llava"), Decoding(max_new_tokens=12)
    kept = Decoding(max_new_tokens=12, top_logprobs=3, without_picture=True)
    together = model.generate(REQUESTS, kept)
    for one, other in zip(model.generate(REQUESTS, plain), together, strict=True):
        same(one, other)
        assert not one.top_logprobs and not one.without_picture
        assert [len(each) for each in other.top_logprobs] == [3] * len(other.tokens)
        assert [each[0][1] for each in other.top_logprobs] == [e.logprob for e in other.tokens]
    # The same tokens behind the prompt without a picture, in one forward pass of transformers'.
    request, response = REQUESTS[3], together[3]
    inputs = model.prepare([request])
    said = model.model.generate(**inputs, max_new_tokens=12, do_sample=False)
    said = said[:, inputs["input_ids"].shape[1] :]
    bare = model.prepare([replace(request, image=None)])["input_ids"]
    with torch.inference_mode():
        logits = model.model(input_ids=torch.cat([bare, said], 1)).logits[0, bare.shape[1] - 1 : -1]
    expected = logits.float().log_softmax(-1).gather(1, said.T)[:, 0].tolist()
    assert response.without_picture == pytest.approx(expected[: len(response.tokens)], abs=1e-4)
    assert response.without_picture != pytest.approx([e.logprob for e in response.tokens], abs=1e-4)
    # A thing that nobody can see has no other probability; a model that must see says so.
    blind = model.generate([replace(request, image=None)], kept)[0]
    assert blind.top_logprobs and not blind.without_picture
    with pytest.raises(ModelError, match="needs a picture with every request"):
        load("paligemma").generate(REQUESTS[:1], kept)
    with pytest.raises(InputError, match="--without-picture"):
        make_decoding("mask-only", {"without_picture": True}, {})


@pytest.mark.parametrize("family", FAMILIES)
def test_token_spans_cover_the_text_in_order(load: Any, family: str) -> None:
    for response in load(family).generate(REQUESTS, Decoding(max_new_tokens=40, do_sample=True)):
        assert response.text == response.text.strip()
        assert "".join(response.text[each.start : each.end] for each in response.tokens) == (
            response.text
        )
        assert all(token.logprob <= 0 for token in response.tokens)
        assert (response.finish == "length") == (len(response.tokens) == 40) or (
            response.tokens[-1].start == response.tokens[-1].end
        )


def test_the_seed_counts_and_the_checkpoints_own_settings_do_not(load: Any) -> None:
    model = load("llava")
    texts = [
        [each.text for each in model.generate(REQUESTS, decoding)]
        for decoding in (
            Decoding(max_new_tokens=16),
            Decoding(max_new_tokens=16, seed=1),
            Decoding(max_new_tokens=16, do_sample=True),
            Decoding(max_new_tokens=16, do_sample=True, seed=1),
            Decoding(max_new_tokens=16, do_sample=True, top_k=1, seed=1),
        )
    ]
    greedy, greedy_1, drawn, drawn_1, likeliest = texts
    assert greedy == greedy_1 == likeliest
    assert drawn != drawn_1 and greedy not in (drawn, drawn_1)
    same_prompt = [Request(str(number), "a dog", picture(0)) for number in range(4)]
    answers = model.generate(same_prompt, Decoding(max_new_tokens=16, do_sample=True))
    assert len({each.text for each in answers}) == 4  # one stream for each id


def test_drawing_follows_the_distribution(load: Any) -> None:
    model = load("llava")
    decoding = Decoding(max_new_tokens=1, do_sample=True, temperature=0.7, top_k=5)
    same_prompt = [Request(str(number), "a dog", REQUESTS[0].image) for number in range(400)]
    drawn = [each.tokens[0].logprob for each in model.generate(same_prompt, decoding)]
    with torch.inference_mode():
        logits = model.model(**model.prepare(same_prompt[:1])).logits[0, -1]
    top = (logits.topk(5).values / 0.7).softmax(-1)
    known = logits.log_softmax(-1).topk(5).values
    for logprob, expected in zip(known.tolist(), top.tolist(), strict=True):
        share = sum(abs(each - logprob) < 1e-4 for each in drawn) / 400
        assert share == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("family", FAMILIES)
def test_choose_is_a_softmax_over_the_first_token(load: Any, family: str) -> None:
    model = load(family)
    with torch.inference_mode():
        logits = model.model(**model.prepare(REQUESTS[:1])).logits[0, -1]
    chances = logits.float().softmax(-1)
    token = {
        form: model.tokenizer(form, add_special_tokens=False)["input_ids"]
        for form in ("yes", "Yes", " yes", " Yes", "no", "No", " no", " No")
    }
    single = {form: float(chances[ids[0]]) for form, ids in token.items() if len(ids) == 1}
    chosen = model.choose(REQUESTS[:1], ("yes", "no"))[0]
    yes = [value for form, value in single.items() if form.strip().lower() == "yes"]
    no = [value for form, value in single.items() if form.strip().lower() == "no"]
    assert len(yes) > 1
    assert chosen == pytest.approx({"yes": sum(yes), "no": sum(no)}, rel=1e-3)
    assert model.generate(REQUESTS[:1], DRAWN, ("yes", "no"))[0].answers == pytest.approx(chosen)


def test_choose_an_answer_of_several_tokens(load: Any) -> None:
    model = load("llava")
    answer = "zx"  # no word of the tokenizer
    spelled = [
        model.tokenizer(form, add_special_tokens=False)["input_ids"]
        for form in (answer, answer.capitalize())
    ]
    expected = 0.0
    inputs = model.prepare(REQUESTS[:1])
    for tokens in spelled:
        assert len(tokens) == 2
        ids = torch.cat([inputs["input_ids"], torch.tensor([tokens])], 1)
        with torch.inference_mode():
            logits = model.model(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                pixel_values=inputs["pixel_values"],
            ).logits
        logprobs = logits[0, -3:-1].float().log_softmax(-1)
        expected += float(logprobs.gather(1, torch.tensor(tokens)[:, None]).sum().exp())
    chosen = model.choose(REQUESTS[:2], (answer, "yes"))[0]
    assert chosen[answer] == pytest.approx(expected, rel=1e-3)
    with pytest.raises(ModelError, match="cannot distinguish 'yes' from 'YES'"):
        model.choose(REQUESTS, ("yes", "YES"))


def test_with_and_without_pictures_in_one_batch(load: Any) -> None:
    model = load("llava")
    mixed = [Request("t", "a dog"), *REQUESTS[:2], Request("u", "no")]
    together = model.generate(mixed, DRAWN)
    assert [response.id for response in together] == ["t", "s0", "s1", "u"]
    for request, response in zip(mixed, together, strict=True):
        same(model.generate([request], DRAWN)[0], response)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_batches_are_halved_when_memory_runs_out_and_stay_so(
    checkpoint: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    model = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    assert isinstance(model, TransformersMLLM)
    expected = model.generate(REQUESTS, DRAWN)
    sizes: list[int] = []
    whole = type(model.model).generate

    def small(self: Any, **inputs: Any) -> Any:
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 2:
            raise error
        return whole(self, **inputs)

    monkeypatch.setattr(type(model.model), "generate", small)
    for one, other in zip(model.generate(REQUESTS, DRAWN), expected, strict=True):
        same(one, other)
    assert sizes == [5, 2, 2, 1]
    model.generate(REQUESTS[:4], DRAWN)
    assert sizes[4:] == [2, 2]

    def never(self: Any, **inputs: Any) -> Any:
        raise error

    monkeypatch.setattr(type(model.model), "generate", never)
    with pytest.raises(ModelError, match="memory runs out on the single sample 's0'"):
        model.generate(REQUESTS, DRAWN)


def test_other_failures_are_not_taken_for_memory(
    load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load("llava")

    def broken(self: Any, **inputs: Any) -> Any:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(type(model.model), "generate", broken)
    with pytest.raises(SampleError, match="cannot answer 's0': RuntimeError: shapes") as caught:
        model.generate(REQUESTS, DRAWN)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_output_that_is_no_number_is_told(checkpoint: Any) -> None:
    model = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    assert isinstance(model, TransformersMLLM)
    with torch.no_grad():
        model.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="not a number in float32"):
        model.generate(REQUESTS, DRAWN)


def test_half_precision(checkpoint: Any) -> None:
    model = load_model(f"hf:{checkpoint('llava')}", device="cpu", dtype="bfloat16")
    assert model.card["dtype"] == "bfloat16"
    assert all(each.text for each in model.generate(REQUESTS, Decoding(max_new_tokens=8)))


def test_the_card_names_the_contents(checkpoint: Any, tmp_path: Path) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(checkpoint("llava"), folder)
    card = load_model(f"hf:{checkpoint('llava')}", device="cpu").card
    moved = load_model(f"hf:{folder}", device="cpu").card
    assert card["model"]["class"] == "LlavaForConditionalGeneration"
    assert (card["dtype"], card["device"]) == ("float32", "cpu")
    assert moved["model"]["hash"] == card["model"]["hash"]
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + " ")
    assert load_model(f"hf:{folder}", device="cpu").card["model"]["hash"] != card["model"]["hash"]


def test_checkpoints_that_cannot_be_used(checkpoint: Any, tmp_path: Path) -> None:
    whole = checkpoint("llava")

    def copy(name: str) -> Path:
        shutil.copytree(whole, tmp_path / name)
        return tmp_path / name

    def said(folder: Path, **options: Any) -> str:
        with pytest.raises(ModelError) as caught:
            load_model(f"hf:{folder}", **{"device": "cpu", **options}).choose(REQUESTS[:1], ("no",))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    cut = copy("cut") / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:1000])
    assert "cannot be loaded" in said(cut.parent)
    other = copy("other") / "config.json"
    other.write_text(json.dumps({"model_type": "bert"}))
    assert "'bert' checkpoint is no model" in said(other.parent)
    garbled = copy("garbled") / "config.json"
    garbled.write_text("{")
    assert "cannot be loaded" in said(garbled.parent)
    silent = copy("silent")
    (silent / "chat_template.jinja").unlink()
    # LLaVA has a plain form to fall back on.
    assert load_model(f"hf:{silent}", device="cpu").generate(REQUESTS[:1], DRAWN)[0].tokens
    mute = tmp_path / "mute"
    shutil.copytree(checkpoint("idefics3"), mute)
    (mute / "chat_template.jinja").unlink()
    assert "no chat template comes with it" in said(mute)

    from safetensors.torch import load_file, save_file

    lacking = copy("lacking") / "model.safetensors"
    weights = load_file(lacking)
    name = next(each for each in weights if "projector" in each)
    save_file({key: value for key, value in weights.items() if key != name}, lacking)
    assert "1 weights are missing" in said(lacking.parent)
    assert "no device 'tpu9'" in said(whole, device="tpu9")
    assert "no dtype 'int3'" in said(whole, dtype="int3")


def test_another_kind_of_model_of_the_same_family(tmp_path: Path) -> None:
    """BLIP's model for questions has an encoder of text, which that for captions leaves out."""
    from transformers import BlipForConditionalGeneration, BlipForQuestionAnswering
    from untemplated import blip

    folder = blip(tmp_path / "blip")
    config = BlipForConditionalGeneration.from_pretrained(folder).config
    BlipForQuestionAnswering(config).save_pretrained(folder)
    model: Any = load_model(f"hf:{folder}", device="cpu")
    with pytest.raises(ModelError, match="it is a BlipForQuestionAnswering, of which") as raised:
        model.model  # noqa: B018
    assert "\n" not in str(raised.value)


def leaking(whole: Any) -> Any:
    """A ``generate`` whose rows see the pictures of others."""

    def generate(self: Any, **inputs: Any) -> Any:
        if len(inputs["input_ids"]) > 1:
            inputs["pixel_values"] = inputs["pixel_values"].flip(0)
        return whole(self, **inputs)

    return generate


def test_a_family_that_nobody_knows_is_compared_once(
    checkpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halluc.mllm.transformers.PROVEN", frozenset())
    name = f"hf:{checkpoint('llava')}"
    sound, odd = (load_model(name, device="cpu") for _ in range(2))
    assert isinstance(odd, TransformersMLLM)
    expected = sound.generate(REQUESTS, Decoding(max_new_tokens=6))  # and no warning
    monkeypatch.setattr(type(odd.model), "generate", leaking(type(odd.model).generate))
    with pytest.warns(UserWarning, match="answers otherwise in a batch than alone"):
        answers = odd.generate(REQUESTS, Decoding(max_new_tokens=6))
    for one, other in zip(answers, expected, strict=True):
        same(one, other)


def test_the_families_that_are_known_are_those_of_the_page(checkpoint: Any) -> None:
    known = set()
    for family, columns in families_table().items():
        if columns["batches"] == "yes":
            config = json.loads((checkpoint(family) / "config.json").read_text())
            known.add(config["model_type"])
    assert known == PROVEN
