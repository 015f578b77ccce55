"""Chat templates of all kinds, thoughts, and how a checkpoint is made to fit."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from checkpoints import CHAT, picture

from halluc.errors import InputError, ModelError, SampleError
from halluc.mllm import Decoding, Fit, Request, load_model
from halluc.mllm.picking import Row
from halluc.mllm.rows import Rows
from halluc.mllm.transformers import TransformersMLLM

ASKED = [Request(str(n), "is there a dog", picture(n)) for n in range(2)]
GREEDY = Decoding(max_new_tokens=12)
TEXT_ONLY = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)


@pytest.fixture
def changed(checkpoint: Callable[[str], Path], tmp_path: Path) -> Callable[..., TransformersMLLM]:
    """Gives a model whose chat template is another."""

    def make(template: str | None, family: str = "llava", **options: Any) -> TransformersMLLM:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(checkpoint(family), folder)
        file = folder / "chat_template.jinja"
        file.unlink() if template is None else file.write_text(template)
        model = load_model(f"hf:{folder}", device="cpu", **options)
        assert isinstance(model, TransformersMLLM)
        return model

    return make


def prompts(model: TransformersMLLM) -> list[str]:
    ids = model.process(ASKED)["input_ids"]
    return [str(model.tokenizer.decode(each)) for each in ids]


def test_a_template_for_text_alone_gets_the_pictures_token(changed: Any) -> None:
    model = changed(TEXT_ONLY)
    assert model.form == "text"
    for each in prompts(model):
        assert each == "user: " + "<image>" * 4 + "\nis there a dog\nassistant:"
    assert all(each.tokens for each in model.generate(ASKED, GREEDY))


def test_a_template_that_comes_with_the_tokenizer(changed: Any, checkpoint: Any) -> None:
    model = changed(None)
    folder = Path(model.card["model"]["name"].removeprefix("hf:"))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["chat_template"] = CHAT.replace("IMAGE", "<image>")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    own = load_model(f"hf:{folder}", device="cpu")
    whole = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    assert isinstance(own, TransformersMLLM) and isinstance(whole, TransformersMLLM)
    assert prompts(own) == prompts(whole)
    several = [{"name": "rag", "template": "x"}, {"name": "default", "template": TEXT_ONLY}]
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": several}))
    default = load_model(f"hf:{folder}", device="cpu")
    assert isinstance(default, TransformersMLLM) and default.form == "text"


def test_a_template_asks_for_the_date_in_vain(changed: Any) -> None:
    clock = "{{ strftime_now('%d %b %Y') }} " + CHAT.replace("IMAGE", "<image>")
    model = changed(clock)
    assert all(each.startswith("26 Jul 2024 user: ") for each in prompts(model))
    assert model.card["date in the chat template"] == "2024-07-26"


def test_a_date_in_a_form_that_is_worked_out(changed: Any) -> None:
    clock = (
        "{% set form = '%d %B %Y' %}{% set now = strftime_now %}{% if 1 %}{{ strftime_now(form) }}"
        " {{ now('%A') }} {% endif %}"
    )
    model = changed(clock + CHAT.replace("IMAGE", "<image>"))
    assert all(each.startswith("26 July 2024 Friday user: ") for each in prompts(model))
    assert model.card["date in the chat template"] == "2024-07-26"


def test_a_template_that_fails_says_why(changed: Any, monkeypatch: Any) -> None:
    first = "{% if messages[0]['role'] != 'system' %}{{ raise_exception('no system turn') }}"
    with pytest.raises(ModelError, match=r"fails on a picture and a question \(.*no system turn"):
        changed(first + "{% endif %}")
    with pytest.raises(ModelError, match=r"fails on a picture and a question \(.*UndefinedError"):
        changed("{{ tools[0].name }}")
    monkeypatch.setattr("halluc.mllm.templates.PATIENCE", 0.2)
    with pytest.raises(ModelError, match=r"does not end within 0.2 s; give one with --chat-temp"):
        changed("{% for a in range(9999) %}{% for b in range(999) %}{% endfor %}{% endfor %}")


def test_a_template_without_a_place_for_pictures_is_refused(changed: Any) -> None:
    with pytest.raises(ModelError, match="no place for a picture; give one with --chat-template"):
        changed("{% for message in messages %}hello{% endfor %}")


def test_another_template(changed: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.jinja"
    file.write_text("Q " + CHAT.replace("IMAGE", "<image>"))
    model = changed(None, "llava", chat_template=file)
    assert all(each.startswith("Q user: ") for each in prompts(model))
    assert len(model.card["chat_template"]["hash"]) == 64
    with pytest.raises(InputError, match=r"none\.jinja: No such file"):
        changed(None, "llava", chat_template=tmp_path / "none.jinja")


def test_a_thought_is_kept_apart(checkpoint: Any, monkeypatch: Any) -> None:
    model = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    assert isinstance(model, TransformersMLLM)
    plain = model.generate(ASKED[:1], GREEDY, ("yes", "no"))[0]

    def written(text: str, length: int | None = None) -> Any:
        """The response to a row of tokens that spell a text."""
        tokens = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        tokens = [*tokens, model.tokenizer.eos_token_id][:length]
        reader = Rows(model.tokenizer, [model.tokenizer.eos_token_id])
        row = Row(tokens, [-0.5] * len(tokens), [], [])
        return reader.response(ASKED[0], row, {"yes": 0.9}, begun=False)

    assert plain.thought == "" and plain.answers
    got = written("<think>Yes, a dog.</think>\nNo, there is no dog.")
    assert (got.text, got.thought) == ("No, there is no dog.", "Yes, a dog.")
    assert "".join(got.text[each.start : each.end] for each in got.tokens) == got.text
    assert (got.answers, got.lack, got.finish) == ({}, "", "stop")
    got = written("<think>Yes, a dog.", -1)
    assert (got.text, got.thought, got.tokens) == ("", "Yes, a dog.", ())
    assert (got.lack, got.finish) == ("unfinished", "length")
    whole = written("Yes, a dog.")
    assert (whole.text, whole.answers) == ("Yes, a dog.", {"yes": 0.9})
    assert "".join(whole.text[each.start : each.end] for each in whole.tokens) == whole.text


def test_a_prompt_with_a_token_of_pictures_is_told(checkpoint: Any) -> None:
    model = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    asked = [ASKED[0], Request("odd", "what is <image>", picture(1))]
    with pytest.raises(SampleError, match=r"cannot answer 'odd'.*its prompt holds '<image>'"):
        model.generate(asked, GREEDY)


def test_what_fits_reaches_transformers(checkpoint: Any, monkeypatch: Any) -> None:
    asked: dict[str, Any] = {}
    load = transformers.AutoModelForImageTextToText.from_pretrained

    def watched(source: str, **given: Any) -> Any:
        asked.update(given)
        plain = {k: v for k, v in given.items() if k not in ("quantization_config", "device_map")}
        return load(source, **plain)

    monkeypatch.setattr(transformers.AutoModelForImageTextToText, "from_pretrained", watched)
    name = f"hf:{checkpoint('llava')}"
    eager = load_model(name, device="cpu", fit=Fit(attn="eager", device_map="auto"))
    assert isinstance(eager, TransformersMLLM)
    assert eager.model.config._attn_implementation == "eager"
    assert asked["device_map"] == "auto" and eager.card["attn"] == "eager"
    find = importlib.util.find_spec
    absent = {"bitsandbytes": None}
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *more: absent.get(name, 1) and find(name, *more)
    )
    with pytest.raises(ModelError, match="pip install bitsandbytes"):
        load_model(name, device="cpu", fit=Fit(quantize="4bit")).generate(ASKED, GREEDY)

    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    for bits in ("4bit", "8bit"):
        model = load_model(name, device="cpu", dtype="bfloat16", fit=Fit(quantize=bits))
        assert isinstance(model, TransformersMLLM)
        assert model.model is not None and model.card["quantize"] == bits
        config = asked["quantization_config"]
        assert (config.load_in_4bit, config.load_in_8bit) == (bits == "4bit", bits == "8bit")
        if bits == "4bit":
            assert config.bnb_4bit_compute_dtype == torch.bfloat16
            assert config.bnb_4bit_quant_type == "nf4"
        assert asked["device_map"] == {"": torch.device("cpu")}


def test_a_model_in_numbers_that_are_none(checkpoint: Any) -> None:
    model = load_model(f"hf:{checkpoint('llava')}", device="cpu")
    assert isinstance(model, TransformersMLLM)
    with torch.no_grad():
        model.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(ModelError, match=r"in float32; is the checkpoint whole\?"):
        model.generate(ASKED, GREEDY)
