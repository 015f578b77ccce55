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
from mitigation.inprocess.composed import Composed


def own_options(method: str) -> list[Option]:
    """The options of a method, beyond those of every decoding.

    Raises:
        InputError: there is no such method.
    """
    return options_of(load_plugin("decodings", method), without=Decoding)


def make_decoding(method: str | None, plain: dict[str, Any], own: dict[str, Any]) -> Decoding:
    """The decoding of a method, or of several.

    Args:
        method: its name, as `halluc list decodings` shows it, or several with commas between them;
            None is plain decoding.
        plain: what `Decoding` takes.
        own: values of the methods' own options; those left out are at the papers' defaults.

    Raises:
        InputError: there is no such method, methods do not go together, or an option is not the
            method's, is that of several, or is out of its range.
    """
    if method is None:
        if own:
            raise InputError(f"{_flags(own)} belongs to a method; name it with --decode")
        return Decoding(**plain)
    names = [each.strip() for each in method.split(",")]
    known = {name: [option.name for option in own_options(name)] for name in names}
    options = list(dict.fromkeys(each for some in known.values() for each in some))
    if strange := [each for each in own if each not in options]:
        raise InputError(
            f"{_flags(strange)} does not belong to --decode {method}, which takes "
            f"{_flags(options) or 'no options'}"
        )
    for each in own:
        if len(having := [name for name in known if each in known[name]]) > 1:
            raise InputError(
                f"{_flags([each])} is an option of {' and of '.join(having)}; together they have "
                "their defaults, and mitigation.inprocess.composed.Composed takes others"
            )
    made = tuple(
        load_plugin("decodings", name)(**plain, **{e: own[e] for e in own if e in known[name]})
        for name in names
    )
    if len(made) == 1:
        assert isinstance(made[0], Decoding)  # noqa: S101
        return made[0]
    return Composed(method=",".join(names), parts=made, **plain)


def _flags(names: Any) -> str:
    """Options as the command line calls them."""
    return ", ".join("--" + each.strip("_").replace("_", "-") for each in names)
