"""One picture, asked now: what the model says, what of it holds, and what VCD's noise leaves."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from halluc.errors import InputError
from halluc.mllm import MLLM, Decoding, Request
from halluc.records import Finding, Response, Sample, Truth

if TYPE_CHECKING:
    from PIL.Image import Image


def read_upload(content: bytes) -> Image:
    """The RGB picture in a file that somebody sent.

    Raises:
        InputError: it is none.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    from halluc.datasets.images import FORMATS

    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):  # fmt: skip
        raise InputError("this file is no picture that can be read; use PNG or JPEG") from None


def ask(
    model: MLLM, sample: Sample, image: Image, prompt: str, decoding: Decoding
) -> tuple[Response, list[Finding]]:
    """What a model says of a picture, and a finding for each claim in it.

    Args:
        model: whom to ask.
        sample: its truth decides; without one nothing can be told.
        image: the picture.
        prompt: the instruction.
        decoding: how tokens are picked.

    Raises:
        ModelError: the model cannot be run.
        InputError: the method cannot work on the picture.
    """
    from halluc.language.claims.reader import read_claims
    from halluc.language.claims.things import load_things
    from halluc.language.claims.truths import in_words_of
    from halluc.language.claims.verdicts import judge

    [response] = model.generate([Request(sample.id, prompt, image)], decoding)
    things = load_things(None)
    [claims] = read_claims([response.text], things)
    truth = in_words_of(things, sample.truth or Truth())
    return response, judge(sample.id, claims, truth, "finegrained")


def noised_picture(model: MLLM, sample: Sample, image: Image, step: int, seed: int) -> Image | None:
    """The picture as VCD's other branch sees it, at the model's resolution.

    None for models that take a picture in tiles or patches.

    Args:
        model: a checkpoint; others give None.
        sample: noise is drawn for its id.
        image: the picture.
        step: of the noise, 0 to 999.
        seed: of the decoding.
    """
    from PIL import Image as Pictures

    from halluc.mllm.pictures import image_token
    from halluc.mllm.transformers import TransformersMLLM
    from mitigation.inprocess.noise import add_noise

    if not isinstance(model, TransformersMLLM):
        return None
    inputs = model.process([Request(sample.id, "", image)])
    if inputs["pixel_values"].dim() != 4 or len(inputs["pixel_values"]) != 1:
        return None
    noised = add_noise(
        inputs, [sample.id], step=step, seed=seed, image_token=image_token(model.config)
    )
    processor = model.processor.image_processor
    pixels = noised[0].permute(1, 2, 0).float().cpu().numpy()
    pixels = (pixels * processor.image_std + processor.image_mean) * 255
    return Pictures.fromarray(pixels.clip(0, 255).astype("uint8"))
