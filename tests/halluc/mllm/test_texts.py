"""A text-only checkpoint judges; pictures are none of its business."""

import json

import pytest
import torch
from checkpoints import TEXT, ids_of, picture, save, tokenizer

from app.workflows.generate import generate
from halluc.datasets.haelm import load
from halluc.errors import InputError, ModelError
from halluc.mllm import Decoding, load_model
from halluc.mllm.anatomy import take_apart
from halluc.mllm.base import Request

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tokenizer()
    words.chat_template = TEMPLATE
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(words), **TEXT, **ids_of(words)))
    return save(model, words, tmp_path_factory.mktemp("texts") / "llama")


def test_a_text_only_checkpoint_judges(folder, tmp_path):
    rows = [
        {"reference caption": ["A red cup.", "A cup on a table."], "output": text}
        for text in ("A red cup.", "Two dogs and a cat on the left of a table.")
    ]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = load_model(f"hf:{folder}", device="cpu")
    data = f"haelm:{tmp_path}/said.jsonl"
    run = generate(model, data, tmp_path / "run", task="haelm", max_new_tokens=3)
    # P(yes) by the formula: the share of the first token's distribution that is "yes", any way.
    for sample, response in zip(load(tmp_path / "said.jsonl").samples, run.responses, strict=True):
        text = f"<s>user: {sample.prompt}\nassistant:"
        ids = model.tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        assert (ids == model.tokenizer.bos_token_id).sum() == 1
        with torch.inference_mode():
            chances = model.model(ids).logits[0, -1].float().softmax(-1)
        for answer in ("yes", "no"):
            spelled = {f"{b}{a}" for b in ("", " ") for a in (answer, answer.capitalize())}
            known = [
                model.tokenizer(each, add_special_tokens=False)["input_ids"] for each in spelled
            ]
            first = {each[0] for each in known if len(each) == 1}
            assert first
            told = sum(float(chances[each]) for each in first)
            assert response.answers[answer] == pytest.approx(told, abs=1e-5)
    parts = {each.name: each for each in take_apart(model).parts}
    assert parts["LLM backbone"].parameters == sum(e.numel() for e in model.model.parameters())


def test_what_a_text_only_checkpoint_cannot_do_is_told(folder, tmp_path):
    model = load_model(f"hf:{folder}", device="cpu")
    with pytest.raises((InputError, ModelError), match="text-only model is asked about pictures"):
        model.generate([Request("1", "What is this?", picture(1))], Decoding(max_new_tokens=1))
    for file in folder.iterdir():
        if file.suffix != ".jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelError, match="no chat template comes with it"):
        load_model(f"hf:{tmp_path}", device="cpu")
