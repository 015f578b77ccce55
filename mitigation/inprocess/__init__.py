"""In-process correction: methods that change the distribution from which each token is picked.

One file a method, with its paper, its formula and its defaults. Each is a `halluc.mllm.Decoding`
whose own fields are its options, found by the entry point ``halluc.decodings``.
"""

from __future__ import annotations

from typing import Any

from halluc.errors import InputError
from halluc.mllm import Decoding
from halluc.options import Option, options_of
from halluc.plugins import load_plugin


def own_options(method: str) -> list[Option]:
    """The options of a method, beyond those of every decoding.

    Raises:
        InputError: there is no such method.
    """
    return options_of(load_plugin("decodings", method), without=Decoding)


def make_decoding(method: str | None, plain: dict[str, Any], own: dict[str, Any]) -> Decoding:
    """The decoding of a method.

    Args:
        method: its name, as `halluc list decodings` shows it; None is plain decoding.
        plain: what `Decoding` takes.
        own: values of the method's own options; those left out are at the paper's default.

    Raises:
        InputError: there is no such method, or an option is not the method's or out of its range.
    """
    if method is None:
        if own:
            raise InputError(f"{_flags(own)} belongs to a method; name it with --decode")
        return Decoding(**plain)
    known = [option.name for option in own_options(method)]
    if strange := [each for each in own if each not in known]:
        raise InputError(
            f"{_flags(strange)} does not belong to --decode {method}, which takes "
            f"{_flags(known) or 'no options'}"
        )
    decoding = load_plugin("decodings", method)(**plain, **own)
    assert isinstance(decoding, Decoding)  # noqa: S101
    return decoding


def _flags(names: Any) -> str:
    """Options as the command line calls them."""
    return ", ".join("--" + each.strip("_").replace("_", "-") for each in names)
