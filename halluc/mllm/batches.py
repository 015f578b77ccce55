"""Asking a model about many samples, batch by batch, with the next pictures read meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from halluc.errors import HallucError, InputError, SampleError
from halluc.mllm.base import MLLM, Decoding, Request
from halluc.records import Response, Sample

if TYPE_CHECKING:
    from PIL.Image import Image


def generate_batches(
    model: MLLM,
    samples: Sequence[Sample],
    open_image: Callable[[Sample], Image],
    prompt: Callable[[Sample], str],
    decoding: Decoding,
    *,
    batch_size: int = 8,
    answers: Sequence[str] = (),
    done: Collection[str] = (),
    skip_failing: bool = False,
) -> Iterator[list[Response]]:
    """Ask about samples and yield the answers of each batch of `cut_batches`.

    At most two batches of pictures are in memory.

    Args:
        model: what to ask.
        samples: what about; those without an image are asked without one.
        open_image: gives a sample's picture, RGB.
        prompt: gives a sample's prompt.
        decoding: how to pick tokens.
        batch_size: samples asked at once, ≥ 1.
        answers: short answers whose probabilities to keep.
        done: ids that have their answer already.
        skip_failing: a sample whose picture cannot be read, or that the model cannot answer, gets
            a response of no text whose ``finish`` is "error", instead of an error.

    Raises:
        ModelError: the model cannot be run.
        SampleError: a sample's picture cannot be read, or the model cannot answer it.
    """
    open_blocks = cut_batches(samples, batch_size, done)

    def read(block: list[Sample]) -> list[Request | Response]:
        requests: list[Request | Response] = []
        for each in block:
            asked = prompt(each)
            try:
                image = open_image(each) if each.image is not None else None
            except InputError as error:
                if not skip_failing:
                    raise SampleError(each.id, str(error)) from error
                requests.append(_failed(each.id, asked, error))
            else:
                requests.append(Request(each.id, asked, image))
        return requests

    def answer(requests: list[Request | Response]) -> list[Response]:
        while True:
            asked = [each for each in requests if isinstance(each, Request)]
            try:
                answered = {each.id: each for each in model.generate(asked, decoding, answers)}
            except SampleError as error:
                if not skip_failing:
                    raise
                requests = [
                    _failed(each.id, each.prompt, error) if each.id == error.id else each
                    for each in requests
                ]
            else:
                return [e if isinstance(e, Response) else answered[e.id] for e in requests]

    with ThreadPoolExecutor(1, thread_name_prefix="pictures") as reader:
        block = next(open_blocks, None)
        ahead = reader.submit(read, block) if block else None
        while block and ahead:
            requests = ahead.result()
            coming = next(open_blocks, None)
            ahead = reader.submit(read, coming) if coming else None
            yield [
                msgspec.structs.replace(response, image=sample.image, split=sample.split)
                for sample, response in zip(block, answer(requests), strict=True)
                if sample.id not in done
            ]
            block = coming


def cut_batches(
    samples: Sequence[Sample], batch_size: int, done: Collection[str] = ()
) -> Iterator[list[Sample]]:
    """The batches that are asked, without those that have all their answers.

    Samples come in their order, but those of a picture behind its first one, so that it needs to
    be encoded once only (`halluc.mllm.prefixes`). Batches begin at fixed multiples of their size,
    and one of which an answer is missing is asked as a whole again, since the last digits of a
    probability may hang on the batch: so a run comes to the same bytes however often it is
    resumed, and however many machines share its batches.
    """
    first: dict[str, int] = {}
    for place, sample in enumerate(samples):
        first.setdefault(_picture(sample), place)
    ordered = sorted(samples, key=lambda sample: first[_picture(sample)])
    for start in range(0, len(ordered), batch_size):
        batch = ordered[start : start + batch_size]
        if any(each.id not in done for each in batch):
            yield batch


def _failed(id: str, prompt: str, error: HallucError) -> Response:
    """What stands for the answer of a sample that failed."""
    return Response(id=id, text="", prompt=prompt, finish="error", error=str(error))


def _picture(sample: Sample) -> str:
    """What samples on the same picture have in common."""
    return sample.id if sample.image is None else f"picture {sample.image}"
