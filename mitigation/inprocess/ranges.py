"""What the methods' parameters may be."""

from __future__ import annotations

from halluc.errors import InputError
from halluc.mllm import Decoding

RANGES = {
    "alpha": (0.0, float("inf")),
    "beta": (0.0, 1.0),
    "lambda_": (0.0, float("inf")),
    "noise_step": (0, 999),
    "bias": (float("-inf"), float("inf")),
}


def check_ranges(decoding: Decoding) -> None:
    """Refuse a parameter that is out of its range.

    Raises:
        InputError: names it.
    """
    for name in decoding.__struct_fields__:
        least, most = RANGES.get(name, (None, None))
        value = getattr(decoding, name)
        if least is None or most is None or (least <= value <= most and abs(value) != float("inf")):
            continue
        range_ = f"at least {least:g}" if most == float("inf") else f"{least:g} to {most:g}"
        raise InputError(f"{name.strip('_')} must be {range_}, not {value}")
