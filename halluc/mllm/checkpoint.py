"""Where a model's checkpoint is, what it may hold, and what identifies its contents.

Only plain safetensors files that lie in the folder itself are loaded, and all of them are hashed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import halluc.tabletop
from halluc.errors import InputError, ModelError
from halluc.jsonl import read_json

# Files that shape an answer: weights, configuration, tokenizer, chat template.
KINDS = (".safetensors", ".json", ".jinja", ".model", ".txt")
INDEX = "model.safetensors.index.json"
_PLAIN = re.compile(r"[\w-][\w. -]*\.safetensors(\.index\.json)?")
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
WHOLE = 200_000_000  # bytes of weights up to which they are read for the hash
# Not "max_window_layers", which may be more than there are.
_LAYERS = ("num_hidden_layers", "num_layers", "depth")
ABOUT = ("card.json", "detector.json")  # written by halluc about a checkpoint


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in Hugging Face's layout.

    Attributes:
        name: as the user named the model.
        source: what ``from_pretrained`` takes: a folder or ORG/NAME.
        folder: the folder, None for a model of the hub.
        adapter: folder of a LoRA adapter that is merged into it, None for none.
    """

    name: str
    source: str
    folder: Path | None
    adapter: Path | None = None


def find_checkpoint(name: str) -> Checkpoint:
    """Find the checkpoint of ``tabletop``, ``hf:ORG/NAME`` or ``hf:./folder``.

    ``+FOLDER`` behind it names an adapter, ``tabletop+dpo`` the one that ships with the package.

    Raises:
        ModelError: there is no such folder, or it is no checkpoint with safetensors weights.
    """
    whole = Path(name.removeprefix("hf:")).expanduser()
    if "+" in name and not (name.startswith("hf:") and whole.is_dir()):
        base, _, place = name.partition("+")
        found = find_checkpoint(base)
        return Checkpoint(name, found.source, found.folder, _find_adapter(name, base, place))
    if name == "tabletop":
        folder = Path(str(halluc.tabletop.__file__)).parent / "checkpoint"
        if not (folder / "config.json").is_file():
            raise ModelError("tabletop is not built yet; build it with: halluc train tabletop")
        return Checkpoint(name, str(folder), folder)

    place = name.removeprefix("hf:")
    folder = Path(place).expanduser()
    if not place or not folder.is_dir():
        if re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", place):
            return Checkpoint(name, place, None)
        raise ModelError(f"{name}: there is no folder {place!r}; a hub model is named hf:ORG/NAME")
    if not (folder / "config.json").is_file():
        raise ModelError(f"{name}: no checkpoint: there is no config.json in it")
    if not any(folder.glob("*.safetensors")):
        pickled = next((each.name for each in folder.glob("*.bin")), "")
        hint = f", and {pickled} is pickled, which is never loaded" if pickled else ""
        raise ModelError(f"{name}: no checkpoint: there is no .safetensors file in it{hint}")
    check_folder(name, folder)
    return Checkpoint(name, str(folder), folder)


def check_folder(name: str, folder: Path) -> None:
    """Refuse what would load other weights than those that are hashed.

    Raises:
        ModelError: says which file names them.
    """
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"{name}: an adapter, which names its own base; give it as BASE+{folder}")
    named = _read(name, folder / "config.json").get("transformers_weights")
    if named is not None:
        check_shards(name, "config.json", {"": named}, folder)
    index = folder / (named or INDEX)
    if index.name.endswith(".json") and not (folder / "model.safetensors").is_file():
        check_shards(name, index.name, _read(name, index).get("weight_map"), folder)


def check_shards(name: str, file: str, shards: Any, folder: Path | None) -> None:
    """Refuse files of weights that are no safetensors of the checkpoint's own folder.

    Args:
        name: the model's, for the message.
        file: what names them.
        shards: what it names, by name of a weight.
        folder: where they have to be; None for a model of the hub.

    Raises:
        ModelError: they are something else.
    """
    if not isinstance(shards, Mapping) or not shards:
        raise ModelError(f"{name} cannot be loaded: {file} names no files of weights")
    for shard in shards.values():
        if not isinstance(shard, str) or not _PLAIN.fullmatch(shard):
            raise ModelError(
                f"{name} is not loaded: {file} names {str(shard)[:80]!r}, but weights are only "
                "taken from .safetensors files that lie in the folder itself"
            )
        if folder is not None and not (folder / shard).is_file():
            raise ModelError(f"{name} cannot be loaded: {file} names {shard}, which is not there")


def check_layers(name: str, folder: Path) -> None:
    """Refuse a configuration with more layers than weights: building them takes for ever.

    Raises:
        ModelError: it has.
        SafetensorError: weights cannot be read.
    """
    from safetensors import safe_open

    def layers(part: Mapping[str, Any]) -> Iterator[int]:
        for key, value in part.items():
            if isinstance(value, dict):
                yield from layers(value)
            elif isinstance(value, int) and key in _LAYERS:
                yield value

    most = max(layers(_read(name, folder / "config.json")), default=0)
    tensors = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "np") as weights:
            tensors += len(weights.keys())
    if most > tensors:
        raise ModelError(
            f"{name}: config.json has {most:,} layers, the weights {tensors:,} tensors"
        )


def _read(name: str, file: Path) -> dict[str, Any]:
    """A file of a checkpoint.

    Raises:
        ModelError: it is no JSON object.
    """
    try:
        return read_json(file, dict[str, Any])
    except InputError as error:
        raise ModelError(f"{name} cannot be loaded: {error}") from None


def _find_adapter(name: str, base: str, place: str) -> Path:
    """The folder of an adapter."""
    folder = Path(place).expanduser()
    if base == "tabletop" and not folder.is_dir():
        folder = Path(str(halluc.tabletop.__file__)).parent / "adapters" / place
    if not place or not folder.is_dir():
        raise ModelError(f"{name}: there is no folder {place!r} with an adapter")
    for file in ADAPTER:
        if not (folder / file).is_file():
            raise ModelError(f"{name}: no adapter: there is no {file} in {folder}")
    config = _read(name, folder / ADAPTER[0])
    if config.get("peft_type") != "LORA":
        raise ModelError(f"{name}: an adapter of the kind {config.get('peft_type')!r}, not LORA")
    if config.get("megatron_config") is not None:  # names a module that would be imported
        raise ModelError(f"{name}: an adapter for Megatron, which is not loaded")
    return folder


def hash_adapter(folder: Path) -> dict[str, str]:
    """SHA-256 over the weights and the configuration of an adapter.

    Raises:
        ModelError: a file cannot be read.
    """
    return _hash([folder / name for name in ADAPTER], whole=True)


def hash_folder(folder: Path) -> dict[str, str]:
    """SHA-256 over names and contents of the files of a checkpoint that shape its answers.

    Left out is what halluc writes about a checkpoint: its card, and its detector. Of weights
    beyond 200 MB only header and size are read, and ``hash_of`` says so.

    Raises:
        ModelError: a file cannot be read.
    """
    found = [*folder.iterdir(), *folder.glob("additional_chat_templates/*")]
    files = sorted(
        each for each in found if each.suffix in KINDS and each.name not in ABOUT and each.is_file()
    )
    weights = [each for each in files if each.suffix == ".safetensors"]
    return _hash(files, whole=sum(each.stat().st_size for each in weights) <= WHOLE)


def hashed(text: str) -> dict[str, str]:
    """SHA-256 of a text, as a card holds it."""
    return {"hash": hashlib.sha256(text.encode()).hexdigest(), "hash_of": "contents"}


def _hash(files: list[Path], whole: bool) -> dict[str, str]:
    digest = hashlib.sha256()
    try:
        for file in files:
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as content:
                if whole or file.suffix != ".safetensors":
                    while block := content.read(1 << 20):
                        digest.update(block)
                else:  # 8 bytes of length, then as many of JSON: names, shapes, types
                    length = int.from_bytes(content.read(8), "little")
                    digest.update(content.read(min(length, WHOLE)))
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}") from None
    how = "contents" if whole else "contents, of weights header and size"
    return {"hash": digest.hexdigest(), "hash_of": how}
