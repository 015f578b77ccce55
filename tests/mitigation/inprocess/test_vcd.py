"""VCD's noise: published values, every layout of pixels, streams of their own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from checkpoints import FAMILIES, picture

from halluc.errors import InputError, ModelError
from halluc.mllm import Request
from mitigation.inprocess.noise import add_noise, picture_inputs, schedule
from mitigation.inprocess.vcd import VCD

# √ᾱ_t and √(1 − ᾱ_t), from the published formula
GOLDEN = {
    0: (1.0000, 0.0047),
    100: (0.9983, 0.0584),
    200: (0.9939, 0.1105),
    300: (0.9810, 0.1941),
    400: (0.9449, 0.3275),
    500: (0.8630, 0.5052),
    600: (0.7342, 0.6789),
    700: (0.5927, 0.8054),
    800: (0.4670, 0.8843),
    900: (0.3649, 0.9311),
    999: (0.2850, 0.9585),
}


@pytest.mark.parametrize("step", GOLDEN)
def test_the_schedule(step: int) -> None:
    assert schedule(step) == pytest.approx(GOLDEN[step], abs=6e-5)


def noise(inputs: dict[str, torch.Tensor], noised: torch.Tensor, step: int = 500) -> torch.Tensor:
    keep, amount = schedule(step)
    return (noised - keep * inputs["pixel_values"]) / amount


def test_the_noise_is_standard_normal_and_of_the_sample_alone() -> None:
    pixels = torch.randn(3, 3, 64, 64)
    inputs = {"pixel_values": pixels}
    noised = add_noise(inputs, ["a", "b", "a"], step=500, seed=0, image_token=None)
    drawn = noise(inputs, noised)
    assert drawn.mean().abs() < 0.02 and (drawn.std() - 1).abs() < 0.02
    torch.testing.assert_close(
        noise({"pixel_values": pixels[:1]}, noised[:1]),
        noise(inputs, add_noise(inputs, ["a", "x", "y"], step=500, seed=0, image_token=None))[:1],
    )
    assert not torch.allclose(drawn[0], drawn[1], atol=0.1)
    other = add_noise(inputs, ["a", "b", "a"], step=500, seed=1, image_token=None)
    assert not torch.allclose(noised[0], other[0], atol=0.1)
    before = torch.random.get_rng_state()
    add_noise(inputs, ["a", "b", "c"], step=500, seed=0, image_token=None)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_gets_the_same_noise_alone_and_in_a_batch(load: Any, family: str) -> None:
    model = load(family)
    requests = [
        Request(f"s{number}", "a dog", picture(number, 40 + 20 * number, 50)) for number in range(4)
    ]
    together, other = VCD().branches(model, requests)
    assert other.keys() == together.keys()
    assert torch.equal(other["input_ids"], together["input_ids"])
    alone = [VCD().branches(model, [request])[1]["pixel_values"] for request in requests]
    if family == "idefics3":  # (rows, tiles, …), filled up with tiles of zeros
        for row, each in enumerate(alone):
            torch.testing.assert_close(other["pixel_values"][row, : each.shape[1]], each[0])
            assert not other["pixel_values"][row, each.shape[1] :].any()
    else:
        torch.testing.assert_close(other["pixel_values"], torch.cat(alone))
    assert not torch.allclose(other["pixel_values"], together["pixel_values"], atol=0.1)


def test_both_frames_of_qwens_patches_have_the_same_noise(load: Any) -> None:
    model = load("qwen2_vl")
    clean, other = VCD().branches(model, [Request("a", "a dog", picture(0))])
    patches = noise(dict(clean), other["pixel_values"]).unflatten(1, (3, 2, 14 * 14))
    torch.testing.assert_close(patches[:, :, 0], patches[:, :, 1], atol=1e-5, rtol=1e-5)
    assert patches[:, :, 0].unique().numel() > 0.99 * patches[:, :, 0].numel()
    assert patches.std() == pytest.approx(1, abs=0.05)


def test_several_pictures_belong_to_the_row_that_has_their_tokens() -> None:
    ids = torch.tensor([[0, 9, 9, 9, 9], [0, 0, 0, 9, 9]])
    three = {"input_ids": ids, "pixel_values": torch.randn(3, 3, 8, 8)}
    noised = add_noise(three, ["a", "b"], step=500, seed=0, image_token=9)
    pair = {"pixel_values": three["pixel_values"][:2], "input_ids": ids[:1]}
    torch.testing.assert_close(noised[:2], add_noise(pair, ["a"], step=500, seed=0, image_token=9))
    last = {"pixel_values": three["pixel_values"][2:], "input_ids": ids[1:]}
    torch.testing.assert_close(noised[2:], add_noise(last, ["b"], step=500, seed=0, image_token=9))

    grid = torch.tensor([[1, 2, 2], [1, 2, 4], [1, 2, 6]])
    flat = {"pixel_values": torch.randn(24, 3 * 2 * 4), "image_grid_thw": grid}
    ids = torch.tensor([[9, 9, 9], [9, 9, 9]])
    noised = add_noise(
        {**flat, "input_ids": ids}, ["a", "b"], step=9, seed=0, image_token=9, temporal=2
    )
    last = {"pixel_values": flat["pixel_values"][12:], "image_grid_thw": grid[2:]}
    expected = add_noise(last, ["b"], step=9, seed=0, image_token=9, temporal=2)
    torch.testing.assert_close(noised[12:], expected)

    sizes = torch.tensor([[2, 2], [2, 4], [2, 6]], dtype=torch.int32)  # MiniCPM-V 4.6's
    row = {"pixel_values": torch.randn(1, 3, 7, 24 * 7), "target_sizes": sizes, "input_ids": ids}
    noised = add_noise(row, ["a", "b"], step=9, seed=0, image_token=9)
    last = {"pixel_values": row["pixel_values"][..., 12 * 7 :], "target_sizes": sizes[2:]}
    expected = add_noise(last, ["b"], step=9, seed=0, image_token=9)
    torch.testing.assert_close(noised[..., 12 * 7 :], expected)

    with pytest.raises(InputError, match="3 pictures cannot be matched to 2 samples"):
        add_noise(three, ["a", "b"], step=500, seed=0, image_token=None)
    tiles = {"pixel_values": torch.randn(3, 2, 3, 8, 8)}
    with pytest.raises(InputError, match="3 pictures in tiles for 2 samples"):
        add_noise(tiles, ["a", "b"], step=500, seed=0, image_token=9)


@pytest.mark.parametrize(
    ("name", "value", "range_"),
    [
        ("alpha", -0.1, "at least 0"),
        ("alpha", float("inf"), "at least 0"),
        ("beta", 1.1, "0 to 1"),
        ("beta", float("nan"), "0 to 1"),
        ("noise_step", 1000, "0 to 999"),
        ("noise_step", -1, "0 to 999"),
    ],
)
def test_values_out_of_their_range(name: str, value: float, range_: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be {range_}, not {value}"):
        VCD(**{name: value})  # type: ignore[arg-type]


def noised_as(inputs: dict[str, torch.Tensor], *ids: str) -> torch.Tensor:
    return add_noise(inputs, ids, step=500, seed=0, image_token=None)


def test_noise_is_of_a_pictures_own_pixels() -> None:
    """Pixtral's, Idefics 2's and Gemma 4's ways to fill a batch up to one shape."""
    one, other = torch.randn(3, 4, 8), torch.randn(3, 8, 6)
    filled = torch.zeros(2, 3, 8, 8)
    filled[0, :, :4], filled[1, :, :, :6] = one, other
    mask = torch.zeros(2, 8, 8, dtype=torch.long)
    mask[0, :4], mask[1, :, :6] = 1, 1
    for inputs in (
        {"pixel_values": filled, "image_sizes": torch.tensor([[4, 8], [8, 6]])},
        {"pixel_values": filled, "pixel_mask": mask},
        {"pixel_values": filled[:, None], "pixel_attention_mask": mask[:, None]},
    ):
        noised = noised_as(inputs, "a", "b").view(2, 3, 8, 8)
        torch.testing.assert_close(noised[0, :, :4], noised_as({"pixel_values": one[None]}, "a")[0])
        torch.testing.assert_close(
            noised[1, :, :, :6], noised_as({"pixel_values": other[None]}, "b")[0]
        )
        assert not noised[0, :, 4:].any() and not noised[1, :, :, 6:].any()

    patches = torch.randn(2, 5, 12)
    patches[0, 3:] = 0
    by_mask = {"pixel_values": patches, "pixel_attention_mask": torch.ones(2, 5)}
    by_mask["pixel_attention_mask"][0, 3:] = 0
    places = torch.zeros(2, 5, 2)
    places[0, 3:] = -1
    for inputs in (by_mask, {"pixel_values": patches, "image_position_ids": places}):
        noised = noised_as(inputs, "a", "b")
        assert not noised[0, 3:].any() and noised[0, :3].ne(patches[0, :3]).all()
        alone = {name: value[1:] for name, value in inputs.items()}
        torch.testing.assert_close(noised[1:], noised_as(alone, "b"))


def test_sizes_of_the_file_are_no_sizes_of_the_input() -> None:
    pixels = torch.randn(2, 3, 8, 8)
    noised = noised_as(
        {"pixel_values": pixels, "image_sizes": torch.tensor([[4, 6], [5, 3]])}, *"ab"
    )
    torch.testing.assert_close(noised, noised_as({"pixel_values": pixels}, *"ab"))


def test_a_picture_of_zeros_gets_noise_too() -> None:
    assert noised_as({"pixel_values": torch.zeros(1, 3, 8, 8)}, "a").ne(0).all()
    tiles = torch.zeros(2, 3, 3, 8, 8)
    tiles[1, :2] = 1
    noised = noised_as({"pixel_values": tiles}, "a", "b")
    assert noised[0].ne(0).all() and noised[1, :2].ne(0).all() and not noised[1, 2].any()


def test_every_picture_input_gets_noise(load: Any) -> None:
    model = load("deepseek_vl_hybrid")
    clean, other = VCD().branches(model, [Request("a", "a dog", picture(0))])
    assert clean["pixel_values"].shape != clean["high_res_pixel_values"].shape
    for name in ("pixel_values", "high_res_pixel_values"):
        assert other[name].ne(clean[name]).float().mean() > 0.99


@pytest.mark.parametrize(
    "inputs",
    [
        {"image_patches": torch.randn(1, 4, 12)},
        {"pixel_values": torch.randn(1, 4, 12)},
        {"pixel_values": torch.randn(1, 3, 8, 8), "second_look": torch.randn(1, 3, 8, 8)},
        {"input_ids": torch.ones(1, 4, dtype=torch.long)},
    ],
)
def test_other_forms_are_refused(inputs: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ModelError, match="does not know the form in which this model takes"):
        picture_inputs(inputs)
