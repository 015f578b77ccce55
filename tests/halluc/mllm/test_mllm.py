"""Names of models, and what decoding may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from halluc.errors import InputError, ModelError
from halluc.mllm import Decoding, load_model
from halluc.mllm.checkpoint import hash_folder


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gpt-4o", "openai:NAME@URL or replay:FILE"),
        ("hf:", "no folder"),
        ("hf:llava", "no folder 'llava'"),
        ("hf:./nowhere", "no folder './nowhere'"),
        ("hf:/no/where", "no folder '/no/where'"),
        ("hf:a/b/c", "no folder 'a/b/c'"),
    ],
)
def test_names_of_no_model(name: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_model(name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folders_that_are_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_model(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin is pickled, which is never loaded"):
        load_model(f"hf:{tmp_path}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_new_tokens", 0),
        ("temperature", 0.0),
        ("temperature", float("nan")),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("top_k", -1),
        ("seed", -1),
        ("top_logprobs", 21),
    ],
)
def test_decoding_out_of_range(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name} must be .*, not {value}"):
        Decoding(**{name: value})  # type: ignore[arg-type]


def test_the_package_is_imported_without_torch() -> None:
    code = "import halluc.mllm.batches, halluc.mllm.replay, halluc.mllm.checkpoint, sys;"
    code += "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_large_weights_are_hashed_by_header_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = b'{"a":1}'
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + b"weights")
    assert hash_folder(tmp_path)["hash_of"] == "contents"
    monkeypatch.setattr("halluc.mllm.checkpoint.WHOLE", 5)
    first = hash_folder(tmp_path)
    assert first["hash_of"] == "contents, of weights header and size"
    file.write_bytes(file.read_bytes()[:-1] + b"z")
    assert hash_folder(tmp_path) == first
    file.write_bytes(file.read_bytes() + b"z")
    assert hash_folder(tmp_path) != first
