"""In-process correction: methods that change the distribution from which each token is picked.

Each is a `halluc.mllm.Decoding` with the parameters of its paper. Only this module may be imported
without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from halluc.errors import InputError
from halluc.mllm import Decoding

# Name of the method → its module here and its class there.
METHODS = {
    "vcd": ("vcd", "VCD"),
    "icd": ("icd", "ICD"),
    "m3id": ("m3id", "M3ID"),
    "mask-only": ("controls", "MaskOnly"),
    "yes-bias": ("controls", "YesBias"),
}


def make_decoding(method: str | None, plain: dict[str, Any], own: dict[str, Any]) -> Decoding:
    """The decoding of a method.

    Args:
        method: a name in `METHODS`; None is plain decoding.
        plain: what `Decoding` takes.
        own: values of the method's own parameters; those left out are at the paper's default.

    Raises:
        InputError: a parameter is not the method's, or out of its range.
    """
    if method is None:
        if own:
            raise InputError(f"{_options(own)} belongs to a method; name it with --decode")
        return Decoding(**plain)
    module, name = METHODS[method]
    kind = getattr(import_module(f"{__name__}.{module}"), name)
    known = [each for each in kind.__struct_fields__ if each not in Decoding.__struct_fields__]
    if strange := [each for each in own if each not in known]:
        raise InputError(
            f"{_options(strange)} does not belong to --decode {method}, "
            f"which takes {_options(known)}"
        )
    decoding = kind(**plain, **own)
    assert isinstance(decoding, Decoding)  # noqa: S101
    return decoding


def _options(names: Any) -> str:
    """Parameters as the command line calls them."""
    return ", ".join("--" + each.strip("_").replace("_", "-") for each in names)
