"""Loading the parts of a checkpoint with transformers: configuration, processor, weights."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import os
import socket
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import torch
import transformers
from huggingface_hub import logging as hub_logging
from safetensors.torch import load_file
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils import cached_file

from halluc.errors import HallucError, ModelError
from halluc.jsonl import read_json
from halluc.mllm.base import Fit
from halluc.mllm.checkpoint import ADAPTER, INDEX, Checkpoint, check_layers, check_shards
from halluc.mllm.texts import TextProcessor, reads_text_only

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@functools.cache
def cached_only(source: str) -> bool:
    """Whether a checkpoint can only come from the cache, as the hub cannot be reached.

    The hub's own client would try again for half a minute, and for every file. Behind a proxy it
    is left to that client.
    """
    if Path(source).is_dir() or urllib.request.getproxies():
        return False
    hub = urllib.parse.urlsplit(huggingface_hub.constants.ENDPOINT)
    try:
        socket.create_connection((hub.hostname or "", hub.port or 443), timeout=5).close()
    except OSError:
        return True
    return False


def load_config(checkpoint: Checkpoint, trust_remote_code: bool) -> Any:
    """The configuration of an image-text-to-text model, or of a text-only one.

    Raises:
        ModelError: it cannot be had, or the checkpoint is another kind of model.
    """
    with one_line(checkpoint):
        config = transformers.AutoConfig.from_pretrained(
            checkpoint.source,
            trust_remote_code=trust_remote_code,
            local_files_only=cached_only(checkpoint.source),
        )
    known = type(config) in transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    if (
        not known
        and not reads_text_only(config)
        and not (trust_remote_code and hasattr(config, "auto_map"))
    ):
        raise ModelError(
            f"{checkpoint.name}: a {config.model_type!r} checkpoint is no model that transformers "
            "loads as AutoModelForImageTextToText or, with text alone, as AutoModelForCausalLM"
        )
    return config


def load_processor(checkpoint: Checkpoint, config: Any, trust_remote_code: bool) -> Any:
    """The processor, padding on the left.

    Without torchvision the video part of a processor cannot be made; as videos are never asked
    about, the processor is then made without it.

    Raises:
        ModelError: it cannot be had.
    """
    arguments = {
        "trust_remote_code": trust_remote_code,
        "local_files_only": cached_only(checkpoint.source),
    }
    with one_line(checkpoint):
        try:
            processor = _load_processor(checkpoint.source, config, arguments)
        except (ImportError, TypeError) as error:
            if "video_processor" not in str(error) and "orchvision" not in str(error):
                raise
            raise ModelError(
                f"{checkpoint.name}: its processor needs torchvision; install the one that goes "
                "with your torch"
            ) from None
    if not hasattr(processor, "image_processor") or not hasattr(processor, "tokenizer"):
        raise ModelError(f"{checkpoint.name}: no processor for pictures and text comes with it")
    if not processor.chat_template:  # some come with the tokenizer alone
        processor.chat_template = processor.tokenizer.chat_template
    if isinstance(processor.chat_template, dict):  # several, by what they are for
        named = processor.chat_template
        processor.chat_template = named.get("default") or next(iter(named.values()), None)
    processor.tokenizer.padding_side = "left"
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    return processor


def _load_processor(source: str, config: Any, arguments: dict[str, Any]) -> Any:
    """A processor, without its video part if need be; of a text-only model, its tokenizer."""
    if reads_text_only(config):
        return TextProcessor(transformers.AutoTokenizer.from_pretrained(source, **arguments))
    try:
        return transformers.AutoProcessor.from_pretrained(source, **arguments)
    except (ImportError, ValueError, TypeError):  # which of them depends on the family
        kind = PROCESSOR_MAPPING.get(type(config), None)
        if kind is None or "video_processor" not in kind.get_attributes():
            raise
        if "apply_chat_template" in vars(kind):
            raise  # SmolVLM's asks its video part even where there is no video
        return _without_video(kind).from_pretrained(source, **arguments)


def load_weights(
    checkpoint: Checkpoint,
    dtype: torch.dtype,
    device: torch.device,
    trust_remote_code: bool,
    fit: Fit = Fit(),  # noqa: B008 (frozen)
    *,
    kind: Any = transformers.AutoModelForImageTextToText,
) -> Any:
    """The model, in evaluation mode; safetensors only. `kind`: see `halluc.mllm.texts.auto_class`.

    Raises:
        ModelError: it cannot be loaded, lacks weights, or is another kind of model.
    """
    with one_line(checkpoint):
        if checkpoint.folder is None:
            _check_hub(checkpoint)
        else:
            check_layers(checkpoint.name, checkpoint.folder)
        model, report = kind.from_pretrained(
            checkpoint.source,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=trust_remote_code,
            local_files_only=cached_only(checkpoint.source),
            output_loading_info=True,
            **_fitted(fit, dtype, device, checkpoint.name),
        )
    if missing := sorted(report["missing_keys"]):
        # transformers would fill these with random numbers and only warn.
        raise ModelError(
            f"{checkpoint.name}: {len(missing)} weights are missing from it, such as {missing[0]}"
        )
    named, made = next(iter(model.config.architectures or []), ""), type(model).__name__
    if (more := report["unexpected_keys"]) and named != made and hasattr(transformers, named):
        raise ModelError(
            f"{checkpoint.name}: it is a {named}, of which {len(more)} weights have no place in "
            f"{made}, as which transformers would load it"
        )
    if fit.quantize or fit.device_map:
        return model.eval()  # placed already
    try:
        return model.to(device).eval()
    except torch.OutOfMemoryError:
        raise ModelError(
            f"{checkpoint.name} does not fit in the memory of {device}; try --quantize 4bit, "
            "--device-map auto or --device cpu"
        ) from None


def _check_hub(checkpoint: Checkpoint) -> None:
    """Refuse a model of the hub whose weights are no safetensors of its own; as for a folder.

    Raises:
        ModelError: its index names something else, or it is an adapter.
    """

    def read(file: str) -> dict[str, Any] | None:
        try:
            path = cached_file(
                checkpoint.source, file, local_files_only=cached_only(checkpoint.source)
            )
        except OSError:  # there is none; where the hub fails, loading says so
            return None
        return read_json(path, dict[str, Any])

    if read(ADAPTER[0]) is not None:
        raise ModelError(f"{checkpoint.name}: an adapter; give its folder as BASE+FOLDER")
    named = (read("config.json") or {}).get("transformers_weights")
    if named is not None:
        check_shards(checkpoint.name, "config.json", {"": named}, None)
    file = named or INDEX
    if file.endswith(".json") and (index := read(file)) is not None:
        check_shards(checkpoint.name, file, index.get("weight_map"), None)


def _fitted(fit: Fit, dtype: torch.dtype, device: torch.device, name: str) -> dict[str, Any]:
    """What `Fit` is to transformers.

    Raises:
        ModelError: what it needs is not installed.
    """
    given: dict[str, Any] = {}
    if fit.attn:
        given["attn_implementation"] = {"flash": "flash_attention_2"}.get(fit.attn, fit.attn)
    if fit.device_map:
        given["device_map"] = fit.device_map
    if fit.quantize:
        if importlib.util.find_spec("bitsandbytes") is None:
            raise ModelError(
                f"{name}: --quantize needs bitsandbytes; install it with: pip install bitsandbytes"
            )
        four = fit.quantize == "4bit"
        given["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=four,
            load_in_8bit=not four,
            **({"bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": dtype} if four else {}),
        )
        given.setdefault("device_map", {"": device})
    return given


def merge_adapter(checkpoint: Checkpoint, model: Any, base_hash: str) -> Any:
    """The model with the checkpoint's LoRA adapter added to its weights.

    An adapter of halluc's has a card that names its base by hash; any other one has to fit.

    Raises:
        ModelError: the adapter cannot be loaded, or is of another base model.
    """
    folder = checkpoint.adapter
    if folder is None:
        return model
    base = checkpoint.name.partition("+")[0]
    card = folder / "card.json"
    made_of = read_json(card, dict[str, Any]).get("model") if card.is_file() else None
    if isinstance(made_of, dict) and (hashed := str(made_of.get("hash", base_hash))) != base_hash:
        raise ModelError(
            f"{checkpoint.name}: the adapter was trained on {made_of.get('name')} "
            f"(hash {hashed[:12]}), not on this {base} (hash {base_hash[:12]})"
        )
    try:
        from peft import PeftModel, get_peft_model_state_dict
    except ImportError as error:
        raise ModelError(
            f"an adapter needs {error.name}; install it with: pip install 'halluc[train]'"
        ) from None
    with one_line(checkpoint), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # missing keys are told below, as an error
        adapted = PeftModel.from_pretrained(model, folder, use_safetensors=True)
        held = set(load_file(folder / "adapter_model.safetensors"))
        own = get_peft_model_state_dict(adapted, save_embedding_layers=False)
        if differing := sorted(key for key in held ^ set(own) if ".lora_" in key):
            if _layers(held) == _layers(set(own)):
                raise ModelError(
                    f"{checkpoint.name}: the adapter names its layers as another version of "
                    f"transformers did ({differing[0]}); merge it with that version, or train anew"
                )
            where = "the adapter" if differing[0] in held else "the model"
            raise ModelError(
                f"{checkpoint.name}: the adapter is of another base model: {differing[0]} is only "
                f"in {where}"
            )
        return adapted.merge_and_unload().eval()


def _layers(keys: set[str]) -> list[str]:
    """Names of LoRA's weights from the number of their layer on, whatever stands before."""
    return sorted(key[key.find("layers.") :] for key in keys if ".lora_" in key)


def choose_device(name: str) -> torch.device:
    """The device of a name; "auto" is an accelerator if there is one.

    Raises:
        ModelError: there is no such device here.
    """
    if name == "auto":
        # Processes that are started together, as by `accelerate launch`, take one each.
        name = (
            f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
            if torch.cuda.is_available()
            else "mps"
            if torch.backends.mps.is_available()
            else "cpu"
        )
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError):
        raise ModelError(f"there is no device {name!r} here; try auto or cpu") from None


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype of a name; "auto" is the fastest that is safe on the device.

    Raises:
        ModelError: no such dtype.
    """
    if name == "auto":
        if device.type == "cpu":
            return torch.float32
        if device.type == "cuda" and torch.cuda.is_bf16_supported():
            return torch.bfloat16
        return torch.float16
    if name not in DTYPES:
        raise ModelError(f"there is no dtype {name!r}; choose auto, {', '.join(DTYPES)}")
    return DTYPES[name]


@contextlib.contextmanager
def one_line(checkpoint: Checkpoint) -> Iterator[None]:
    """Quiet transformers, and turn what it says of an unusable checkpoint into one line."""
    own = transformers.utils.logging
    verbosity, bars = own.get_verbosity(), own.is_progress_bar_enabled()
    hub_verbosity = hub_logging.get_verbosity()
    own.set_verbosity_error()
    own.disable_progress_bar()
    hub_logging.set_verbosity(logging.ERROR)  # it tells of each attempt to connect
    try:
        yield
    except HallucError:
        raise
    except Exception as error:  # what a checkpoint lacks shows in any way
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise ModelError(f"{checkpoint.name} cannot be loaded: {said[:300] or error!r}") from error
    finally:
        own.set_verbosity(verbosity)
        hub_logging.set_verbosity(hub_verbosity)
        if bars:
            own.enable_progress_bar()


def _without_video(kind: Any) -> Any:
    """A processor class that knows pictures and text only.

    The part for pictures stands for that of videos where the class asks it for settings.
    """
    whole = list(kind.get_attributes())
    parts = [each for each in whole if each != "video_processor"]

    def start(cls: Any, /, given: Sequence[Any], settings: dict[str, Any], **more: Any) -> Any:
        named = dict(zip(parts, given, strict=True))
        filled = [named.get(each, named["image_processor"]) for each in whole]
        made: Any = type(kind.__name__, (kind,), {"check_argument_for_proper_class": _let_pass})
        started = made.from_args_and_dict(filled, settings, **more)
        made.get_attributes = classmethod(lambda cls: parts)
        return started

    own = {
        "get_attributes": classmethod(lambda cls: parts),
        "from_args_and_dict": classmethod(start),
    }
    return type(kind.__name__, (kind,), own)


def _let_pass(*_: Any) -> None: ...
