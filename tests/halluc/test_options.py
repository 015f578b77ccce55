"""Options are read off annotated fields, and values are held to their ranges."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from halluc.errors import InputError
from halluc.options import check_options, options_of


class Base(Struct, frozen=True, kw_only=True):
    seed: int = 0


class Made(Base, frozen=True, kw_only=True):
    beta: Annotated[float, Meta(ge=0, le=1, description="a share")] = 0.1
    lambda_: Annotated[float, Meta(gt=0)] = 0.02
    way: Literal["a", "b"] = "a"
    file: Annotated[Path | None, Meta(extra={"metavar": "FILE"})] = None
    most: Annotated[int | None, Meta(ge=1)] = None
    loud: bool = False


def test_fields_are_options():
    beta, lambda_, way, file, most, loud = options_of(Made, without=Base)
    assert (beta.type, beta.default, beta.help, beta.range) == (float, 0.1, "a share", "0 to 1")
    assert (lambda_.flag, lambda_.range) == ("--lambda", "above 0")
    assert (way.type, way.choices) == (str, ("a", "b"))
    assert (file.type, file.default, file.metavar) == (Path, None, "FILE")
    assert (most.type, most.range) == (int, "at least 1")
    assert loud.type is bool


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"beta": 1.5}, "beta must be 0 to 1, not 1.5"),
        ({"beta": float("nan")}, "beta must be 0 to 1, not nan"),
        ({"lambda_": 0.0}, "lambda must be above 0, not 0.0"),
        ({"lambda_": float("inf")}, "lambda must be above 0, not inf"),
        ({"way": "c"}, "way must be one of a, b, not c"),
        ({"most": 0}, "most must be at least 1, not 0"),
    ],
)
def test_what_is_out_of_range_is_named(values, message):
    with pytest.raises(InputError) as refused:
        check_options(Made(**values))
    assert str(refused.value) == message


def test_what_is_in_range_passes():
    check_options(Made(beta=1.0, lambda_=1e-9, way="b", most=1))


def test_a_field_of_another_type_is_a_bug():
    class Odd(Struct):
        rows: list[int] = []

    with pytest.raises(TypeError, match="rows: an option cannot be of the type"):
        options_of(Odd)
