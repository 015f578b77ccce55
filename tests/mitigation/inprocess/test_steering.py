"""Steering against layers that are rebuilt as the papers do it, and how its direction is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import picture
from safetensors.torch import save_file
from two_passes import two_passes

from halluc.errors import InputError, ModelError
from halluc.jsonl import write_json
from halluc.mllm import Decoding, Request
from mitigation.inprocess import make_decoding
from mitigation.inprocess.steering import Steering, feed_forwards
from mitigation.precorrection.pairs import make_pair
from mitigation.precorrection.steering import Recipe, differences, direction_of

# Llama, positions in three dimensions, linear attention, norms behind, parallel blocks,
# cross-attention, OPT without a module for its feed-forward part; the name of that part in each.
FAMILIES = {
    **dict.fromkeys(["llava", "qwen2_vl", "qwen3_5", "gemma3", "aya_vision", "mllama"], "mlp"),
    "blip_2": "fc2",
}
PROMPTS = ["what is there", "is there a dog", "no", "a cat on the left of the table yes", "cup"]
REQUESTS = [Request(f"s{n}", PROMPTS[n % 5], picture(n, 40 + 10 * n)) for n in range(8)]
DRAWN: dict[str, Any] = {"do_sample": True, "seed": 3, "max_new_tokens": 5}


class Rebuilt(torch.nn.Module):
    """A feed-forward part with the papers' line behind it."""

    def __init__(self, part: torch.nn.Module, d: torch.Tensor, s: float, vista: bool) -> None:
        super().__init__()
        self.part, self.d, self.s, self.vista = part, d / d.norm(), s, vista

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.part(x)
        length = (h**2).sum(-1, keepdim=True) ** 0.5
        unit = h / length.where(length > 0, 1)  # of a token that is only zeros nothing is left
        w = 1 + (-(unit * self.d).sum(-1, keepdim=True)).clamp(min=0) if self.vista else 1.0
        z = unit + self.s * w * self.d
        return length * z / (z**2).sum(-1, keepdim=True) ** 0.5


@contextmanager
def rebuilt(model: Any, family: str, d: torch.Tensor, s: float, vista: bool) -> Iterator[None]:
    name = FAMILIES[family]
    layers = next(
        each
        for path, each in model.model.get_decoder().named_modules()
        if path.endswith("layers") and len(each) == len(d)
    )
    parts = [getattr(each, name) for each in layers]
    for layer, part, row in zip(layers, parts, d, strict=True):
        setattr(layer, name, Rebuilt(part, row, s, vista))
    try:
        yield
    finally:
        for layer, part in zip(layers, parts, strict=True):
            setattr(layer, name, part)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Writes a random direction for a model, and gives its folder and the direction."""

    def write(model: Any, source: str = "answers") -> tuple[str, torch.Tensor]:
        config = model.model.get_decoder().config.get_text_config()
        generator = torch.Generator().manual_seed(7)
        d = torch.randn(config.num_hidden_layers, config.hidden_size, generator=generator)
        folder = tmp_path / source
        folder.mkdir(exist_ok=True)
        save_file({"direction": d}, folder / "steering.safetensors")
        write_json(folder / "card.json", {"model": model.card["model"], "source": source})
        return str(folder), d

    return write


def texts(model: Any, decoding: Decoding, requests: list[Request] = REQUESTS) -> dict[str, Any]:
    return {each.id: (each.text, len(each.tokens)) for each in model.generate(requests, decoding)}


@pytest.mark.parametrize("family", FAMILIES)
def test_rebuilt_layers_give_the_same_logits_and_tokens(
    load: Any, family: str, written: Any
) -> None:
    """Whole passes without a cache; in a batch as alone, in any order; strength 0 is plain."""
    model = load(family)
    for source, strength in (("answers", -0.6), ("picture", None)):
        folder, d = written(model, source)
        vista = source == "picture"
        decoding = Steering(max_new_tokens=4, direction=folder, strength=strength)
        s = 0.17 if strength is None else strength
        with rebuilt(model, family, d, s, vista):
            tokens, steps = two_passes(
                model.model, [dict(model.prepare(REQUESTS[1:2]))], lambda own, step: own,
                decoding, "s1",
            )  # fmt: skip
        inputs = decoding.inputs(model, REQUESTS[1:2])
        with decoding.hooks(model, inputs):
            told = model.model.generate(
                **inputs, max_new_tokens=4, do_sample=False, output_logits=True,
                return_dict_in_generate=True,
            )  # fmt: skip
        assert told.sequences[0, -len(tokens) :].tolist() == tokens
        made = torch.cat(told.logits)[: len(steps)]
        torch.testing.assert_close(made, torch.stack(steps), atol=1e-5, rtol=1e-5)

    strong = Steering(direction=folder, strength=0.8, **DRAWN)
    together = texts(model, strong)
    mixed = [REQUESTS[place] for place in (5, 2, 7, 0, 3, 6, 1, 4)]
    assert texts(model, strong, mixed) == together
    assert texts(model, strong, REQUESTS[5:6]) == {"s5": together["s5"]}
    off = Steering(direction=folder, strength=0.0, **DRAWN)
    plain = Decoding(**DRAWN)
    assert model.generate(REQUESTS, off) == model.generate(REQUESTS, plain)  # bit for bit
    assert together != texts(model, plain)


def test_controls_turn_elsewhere_and_go_with_a_contrast(load: Any, written: Any) -> None:
    model = load("llava")
    folder, _ = written(model)
    own: dict[str, Any] = {"direction": folder, "strength": 0.5}
    ways = [own, {**own, "strength": -0.5}, {**own, "random_direction": True}]
    one = {"max_new_tokens": 1}
    chances = [
        model.generate(REQUESTS[:1], make_decoding("steering", one, each), ("yes", "no"))[0].answers
        for each in ways
    ]
    assert len({each["yes"] for each in chances}) == 3
    both = make_decoding("vcd,steering", DRAWN, own)
    assert texts(model, both) == texts(model, both, REQUESTS[::-1])
    assert not any(each._forward_hooks for each in feed_forwards(model))  # nothing is left behind


@pytest.mark.parametrize("family", ["llava", "qwen2_vl", "gemma3"])
def test_the_direction_is_that_of_single_passes(load: Any, family: str) -> None:
    """Differences of hidden states, and their mean and first component by numpy."""
    model = load(family)
    answers = [("a red cup", "the two dog"), ("no", "yes it is"), ("a cat", "a dog left")]
    pairs = [
        make_pair(str(n), str(n), PROMPTS[n], *both) for n, both in enumerate(answers)
    ]  # fmt: skip

    def opened(pair: Any) -> Any:
        return picture(int(pair.image), 40 + 10 * int(pair.image))

    def states(prompt: str, image: Any, text: str) -> np.ndarray[Any, Any]:
        inputs = dict(model.prepare([Request("x", prompt, image)]))
        words = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        more = {"input_ids": words, "attention_mask": [1] * len(words)}
        for name, value in inputs.items():
            if name in more or "type_ids" in name:
                tail = torch.tensor([more.get(name, [0] * len(words))], dtype=torch.long)
                inputs[name] = torch.cat([value, tail], 1)
        with torch.inference_mode():
            told = model.model(**inputs, output_hidden_states=True)
        # The last one of transformers is behind the final norm.
        return np.stack([each[0, -1].numpy() for each in told.hidden_states[1:-1]])

    for source in ("answers", "picture"):
        found = differences(model, pairs, opened, source, batch_size=2)  # type: ignore[arg-type]
        for pair, each in zip(pairs, found, strict=True):
            if source == "answers":
                # The template writes a space before an answer, and more behind it.
                one, other = (states(pair.prompt, opened(pair), f" {e}") for e in pair.answers)
            else:
                one, other = (states(pair.prompt, image, "") for image in (opened(pair), None))
            np.testing.assert_allclose(each[:-1].numpy(), one - other, atol=1e-4)
    flat = found.flatten(1).double().numpy()
    component = np.linalg.svd(flat - flat.mean(0))[2][0]
    component *= np.sign(component @ flat.mean(0))
    direction, share = direction_of(found, Recipe())
    expected = (flat.mean(0) + component).reshape(direction.shape)
    np.testing.assert_allclose(direction.numpy(), expected, atol=1e-4)
    assert 0 < share <= 1
    shuffled, _ = direction_of(found, Recipe(shuffled=True))
    assert not torch.allclose(shuffled, direction, atol=1e-2)


def test_what_cannot_be_steered_is_refused_in_one_line(load: Any, written: Any) -> None:
    model = load("llava")
    folder, _ = written(model)
    with pytest.raises(InputError, match=r"was fitted to .*, another model"):
        load("gemma3").generate(REQUESTS[:1], Steering(direction=folder))
    with pytest.raises(InputError, match=r"there is no steering\.safetensors in it; make it with"):
        model.generate(REQUESTS[:1], Steering(direction=folder + "/no"))
    with pytest.raises(InputError, match="steering needs --direction FOLDER"):
        model.generate(REQUESTS[:1], Steering())
    save_file({"direction": torch.ones(1, 3)}, Path(folder) / "steering.safetensors")
    with pytest.raises(InputError, match=r"the direction is \(1, 3\), not \(\d+, \d+\) as the"):
        model.generate(REQUESTS[:1], Steering(direction=folder))
    git = load("git")
    with pytest.raises(ModelError, match="has no feed-forward layers that steering finds") as said:
        git.generate(REQUESTS[:1], Steering(direction=written(git)[0]))
    assert "\n" not in str(said.value)
