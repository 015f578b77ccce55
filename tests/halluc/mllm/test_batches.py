from __future__ import annotations

from typing import Any

import pytest
from checkpoints import picture

from halluc.errors import InputError, SampleError
from halluc.mllm import Decoding, Request
from halluc.mllm.batches import generate_batches
from halluc.records import Response, Sample

SAMPLES = [Sample(id=str(number), image=f"{number}.png", split="s") for number in range(10)]


class Echo:
    card: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def generate(self, requests: Any, decoding: Decoding, answers: Any = ()) -> list[Response]:
        self.asked.append([each.id for each in requests])
        assert all(isinstance(each, Request) and each.image.size == (40, 50) for each in requests)
        return [Response(id=each.id, text=each.prompt) for each in requests]

    def choose(self, requests: Any, answers: Any) -> list[dict[str, float]]:
        raise NotImplementedError


def test_batches_keep_their_places_when_resumed() -> None:
    model = Echo()
    batches = list(
        generate_batches(
            model,
            SAMPLES,
            lambda sample: picture(0),
            lambda sample: f"What is {sample.id}?",
            Decoding(),
            batch_size=4,
            done={"0", "1", "2", "3", "4"},
        )
    )
    assert model.asked == [["4", "5", "6", "7"], ["8", "9"]]  # as when it was not interrupted
    assert [[each.id for each in batch] for batch in batches] == [["5", "6", "7"], ["8", "9"]]
    assert batches[1][1] == Response(id="9", text="What is 9?", image="9.png", split="s")


def test_pictures_are_read_one_batch_ahead_and_no_further() -> None:
    opened: list[str] = []

    def open_image(sample: Sample) -> Any:
        opened.append(sample.id)
        if sample.id == "5":
            raise InputError("no picture")
        return picture(0)

    batches = generate_batches(
        Echo(), SAMPLES, open_image, lambda sample: "", Decoding(), batch_size=2
    )
    next(batches)
    batches.send(None)
    assert len(opened) <= 6
    with pytest.raises(SampleError, match="no picture"):
        next(batches)
    assert "6" not in opened


def test_no_samples() -> None:
    assert list(generate_batches(Echo(), [], picture, str, Decoding())) == []  # type: ignore[arg-type]


class Picky(Echo):
    """Answers all but one of the questions."""

    def generate(self, requests: Any, decoding: Decoding, answers: Any = ()) -> list[Response]:
        for each in requests:
            if each.id == "3":
                raise SampleError("3", "cannot answer '3'")
        return super().generate(requests, decoding, answers)


def test_what_fails_is_left_out_and_told() -> None:
    def open_image(sample: Sample) -> Any:
        if sample.id == "5":
            raise InputError("no picture")
        return picture(0)

    def ask(**options: Any) -> list[Response]:
        batches = generate_batches(
            Picky(),
            SAMPLES,
            open_image,
            lambda sample: "What?",
            Decoding(),
            batch_size=4,
            **options,
        )
        return [each for batch in batches for each in batch]

    with pytest.raises(SampleError, match="cannot answer '3'"):
        ask()
    responses = ask(skip_failing=True)
    assert [each.id for each in responses] == [sample.id for sample in SAMPLES]
    failed = {each.id: each for each in responses if each.lack}
    assert {id: each.error for id, each in failed.items()} == {
        "3": "cannot answer '3'",
        "5": "no picture",
    }
    assert {each.lack for each in failed.values()} == {"failed"}
    assert all(each.image == f"{each.id}.png" and each.split == "s" for each in responses)
