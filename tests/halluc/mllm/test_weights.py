"""Weights come from the files that the card hashes, and from nowhere else; nothing is unpickled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import halluc.tabletop
from halluc.errors import HallucError, ModelError
from halluc.mllm import load_model
from halluc.mllm.checkpoint import Checkpoint
from halluc.mllm.loading import load_weights

SHIPPED = Path(str(halluc.tabletop.__file__)).parent
FIRST, SECOND = "model-1.safetensors", "model-2.safetensors"
INDEX = "model.safetensors.index.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The embedded checkpoint in two files of weights with an index."""
    made = tmp_path / "folder"
    shutil.copytree(SHIPPED / "checkpoint", made)
    weights = load_file(made / "model.safetensors")
    (made / "model.safetensors").unlink()
    names = sorted(weights)
    parts = {FIRST: names[: len(names) // 2], SECOND: names[len(names) // 2 :]}
    for file, part in parts.items():
        save_file({name: weights[name] for name in part}, made / file, {"format": "pt"})
    index = {
        "metadata": {}, "weight_map": {name: file for file, part in parts.items() for name in part},
    }  # fmt: skip
    (made / INDEX).write_text(json.dumps(index))
    return made


def point(folder: Path, place: str) -> None:
    """Let the index name another file instead of the second."""
    text = (folder / INDEX).read_text()
    (folder / INDEX).write_text(text.replace(SECOND, place))


def refused(name: str) -> str:
    with pytest.raises(HallucError) as caught:
        load_model(name, device="cpu").model  # type: ignore[attr-defined]  # noqa: B018
    said = str(caught.value)
    assert "\n" not in said and len(said) < 600
    return said


def test_a_sharded_checkpoint_is_loaded_and_all_of_it_hashed(folder: Path) -> None:
    model = load_model(f"hf:{folder}", device="cpu")
    assert model.model.num_parameters() > 1e6  # type: ignore[attr-defined]
    weights = load_file(folder / SECOND)
    next(iter(weights.values())).view(-1)[0] += 1
    save_file(weights, folder / SECOND, {"format": "pt"})
    other = load_model(f"hf:{folder}", device="cpu")
    assert model.card["model"]["hash"] != other.card["model"]["hash"]


def pickle_weights(folder: Path, name: str) -> None:
    torch.save(load_file(folder / SECOND), folder / name)


def test_an_index_may_not_name_a_pickle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise AssertionError("something was unpickled")

    pickle_weights(folder, "pytorch_model.bin")
    point(folder, "pytorch_model.bin")
    monkeypatch.setattr(torch, "load", load)
    assert "'pytorch_model.bin'" in refused(f"hf:{folder}")


@pytest.mark.parametrize(
    "place", ["../other.safetensors", "{}/other.safetensors", "inner/other.safetensors",
              "./other.safetensors", "..\\\\other.safetensors", ".other.safetensors"],
)  # fmt: skip
def test_an_index_may_not_lead_out_of_what_is_hashed(place: str, folder: Path) -> None:
    place = place.format(folder.parent)
    (folder / "inner").mkdir()
    other = folder / place
    shutil.move(folder / SECOND, other)
    point(folder, place)
    assert "lie in the folder itself" in refused(f"hf:{folder}")


@pytest.mark.parametrize("content", ["[]", "{}", '{"weight_map": []}', '{"weight_map": {}}', "{",
                                     '{"weight_map": {"a": 7}}', '{"weight_map": {"a": null}}',
                                     '{"weight_map": {"a": "gone.safetensors"}}'])  # fmt: skip
def test_a_damaged_index(content: str, folder: Path) -> None:
    (folder / INDEX).write_text(content)
    assert INDEX in refused(f"hf:{folder}")


@pytest.mark.parametrize("named", ["../x.safetensors", "adapter_model.bin", 7, "x.safetensors", ""])
def test_a_configuration_may_not_name_other_weights(named: Any, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": named}))
    assert "config.json names" in refused(f"hf:{folder}")


def test_a_model_may_not_be_an_adapter_that_names_its_base(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "../other"}')
    assert "an adapter" in refused(f"hf:{folder}")


@pytest.mark.parametrize(
    ("change", "told"),
    [({"peft_type": "PROMPT_TUNING"}, "PROMPT_TUNING"), ({"peft_type": None}, "None"),
     ({"megatron_config": {}, "megatron_core": "evil"}, "Megatron")],
)  # fmt: skip
def test_an_adapter_is_lora_and_names_no_module(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    shutil.copytree(SHIPPED / "adapters" / "dpo", tmp_path / "a")
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    (tmp_path / "a" / "adapter_config.json").write_text(json.dumps({**config, **change}))
    assert told in refused(f"tabletop+{tmp_path / 'a'}")


def test_an_index_of_the_hub_may_not_name_a_pickle(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickle_weights(folder, "pytorch_model.bin")
    point(folder, "pytorch_model.bin")

    def cached(source: str, file: str, **_: Any) -> str:
        if not (folder / file).is_file():
            raise OSError(file)
        return str(folder / file)

    monkeypatch.setattr("halluc.mllm.loading.cached_file", cached)
    monkeypatch.setattr("halluc.mllm.loading.cached_only", lambda _: True)
    with pytest.raises(ModelError, match=r"pytorch_model\.bin"):
        load_weights(
            Checkpoint("hf:some/model", "some/model", None), torch.float32, torch.device("cpu"),
            trust_remote_code=False,
        )  # fmt: skip


CONFIG, TEMPLATE = "config.json", "chat_template.jinja"
DAMAGE: dict[str, tuple[str, bytes]] = {
    "no JSON": (CONFIG, b"{"),
    "a list": (CONFIG, b"[]"),
    "empty": (CONFIG, b"{}"),
    "not UTF-8": (CONFIG, b'{"model_type": "\xff"}'),
    "another kind of model": (CONFIG, b'{"model_type": "bert"}'),
    "a kind that is none": (CONFIG, b'{"model_type": 7}'),
    "nested": (CONFIG, b'{"model_type": "llava", "text_config": ' + b"[" * 5000),
    "a template that ends early": (TEMPLATE, b"{% for x in"),
    "a template that fails": (TEMPLATE, b"{{ messages[0]['no'].that() }}"),
    "a template that refuses": (TEMPLATE, b"{{ raise_exception('no') }}"),
    "a template that is no text": (TEMPLATE, b"\xff\xfe\x00"),
    "a template without the picture": (TEMPLATE, b"hello"),
    "a processor of nothing": ("processor_config.json", b"{}"),
    "a processor that is none": ("processor_config.json", b"[7]"),
    "a class that is not there": ("processor_config.json", b'{"processor_class": "Evil"}'),
    "a tokenizer that is none": ("tokenizer.json", b"{}"),
    "a tokenizer cut short": ("tokenizer.json", b'{"version": "1.0", "trunc'),
    "a tokenizer's settings": ("tokenizer_config.json", b'{"chat_template": 7, "pad_token": []}'),
    "generation": ("generation_config.json", b"[]"),
    "generation of nothing": ("generation_config.json", b'{"eos_token_id": "x"}'),
    "weights cut short": ("model.safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{"),
    "weights of a huge header": ("model.safetensors", b"\xff" * 8),
    "no weights": ("model.safetensors", b""),
    "other weights": ("model.safetensors", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_one_line(damage: str, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "checkpoint", tmp_path / "folder")
    file, content = DAMAGE[damage]
    (tmp_path / "folder" / file).write_bytes(content)
    said = refused(f"hf:{tmp_path / 'folder'}")
    assert said.startswith(f"hf:{tmp_path / 'folder'}")


def test_more_layers_than_weights_are_not_built(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    config["text_config"]["num_hidden_layers"] = 10**9
    (folder / CONFIG).write_text(json.dumps(config))
    assert "config.json has 1,000,000,000 layers" in refused(f"hf:{folder}")


CARD, ADAPTER_CONFIG = "card.json", "adapter_config.json"


@pytest.mark.parametrize(
    ("file", "content"),
    [(CARD, b"{"), (CARD, b"[]"), (CARD, b'{"model": {"hash": 7}}'),
     (CARD, b'{"model": {"hash": null, "name": ["\\u001b[31m"]}}'),
     (ADAPTER_CONFIG, b"{}"), (ADAPTER_CONFIG, b"[]"), (ADAPTER_CONFIG, b'{"peft_type": "LORA"}'),
     (ADAPTER_CONFIG, b'{"peft_type": "LORA", "r": "x", "target_modules": 7}'),
     ("adapter_model.safetensors", b""), ("adapter_model.safetensors", b"\xff" * 99)],
)  # fmt: skip
def test_a_damaged_adapter_is_one_line(file: str, content: bytes, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "adapters" / "dpo", tmp_path / "a")
    (tmp_path / "a" / file).write_bytes(content)
    refused(f"tabletop+{tmp_path / 'a'}")
