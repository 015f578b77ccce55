"""What of the workbench works on a checkpoint: what `halluc model check` finds out by trying it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from halluc.errors import HallucError, ModelError, said
from halluc.jsonl import write_json
from halluc.mllm import Decoding, Request
from halluc.records import Response
from mitigation.inprocess import make_decoding
from mitigation.inprocess.guided import Guided

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM

Verdict = Literal["yes", "no", "–"]

SIZES = ((336, 252), (480, 160), (200, 300))
"""Width and height in pixels of the pictures that are shown."""

_QUESTIONS = (
    "Is there a dog in the image?",
    "Describe this image in detail, please.",
    "How many red cups are on the table to the left of the dog?",
)
_ANSWERS = ("yes", "no")
_NEAR = {"torch.float32": 1e-3}  # how far probabilities may be off; in half precision `_HALF`
_HALF = 0.05
_OFF: dict[str, dict[str, Any]] = {
    "vcd": {"alpha": 0.0, "beta": 0.0},
    "icd": {"alpha": 0.0, "beta": 0.0},
    "m3id": {"lambda_": 0.0, "beta": 0.0},
    "guided": {"gamma": 0.0},
    "control": {"epsilon": 0.0},
    "steering": {"strength": 0.0},
    "deco": {"alpha": 0.0, "candidate_k": 0, "candidate_p": 1.0},
    "dola": {"alpha": 0.0, "beta": 0.0},
    "pai": {"attention": 0.0, "gamma": 1.0, "beta": 0.0},
    "vaf": {"enhance": 1.0, "suppress": 1.0},
    "mask-only": {"beta": 0.0},
    "yes-bias": {"bias": 0.0},
    "eos-bias": {"bias": 0.0},
}
"""Options with which a method is plain decoding."""


@dataclass(frozen=True)
class Check:
    """One thing that was tried.

    Attributes:
        name: what.
        verdict: "yes" works, "no" works wrongly, "–" is not for this model.
        reason: of what is not "yes", in a line; else what was found, or empty.
    """

    name: str
    verdict: Verdict
    reason: str = ""


def check_model(
    model: TransformersMLLM, tokens: int = 8, progress: Callable[[str], None] | None = None
) -> list[Check]:
    """Try on a checkpoint what the workbench does with one.

    Args:
        model: the checkpoint.
        tokens: length of the answers that are compared, ≥ 1.
        progress: called with what is tried next.

    Raises:
        ModelError: its weights cannot be loaded.
    """
    model.model  # noqa: B018 (weights are read here)
    checks = []
    for name, question in _questions(model, tokens):
        if progress is not None:
            progress(name)
        try:
            checks.append(Check(name, *question()))
        except HallucError as error:
            checks.append(Check(name, "–", str(error)))
        except Exception as error:  # the model's own code, on what it was not made for
            checks.append(Check(name, "–", said(error)))
    return checks


_Found = tuple[Verdict, str]


def _questions(model: TransformersMLLM, tokens: int) -> Iterator[tuple[str, Callable[[], _Found]]]:
    plain, drawn = (Decoding(max_new_tokens=tokens, do_sample=each) for each in (False, True))
    yield "chat template", lambda: ("yes", _template(model))
    yield "answers", lambda: ("yes", _shown(model.generate(_requests()[:1], plain)[0]))
    yield "picture counts", lambda: _sees(model)
    yield "batches", lambda: _batches(model, plain, drawn)
    yield "shared prefixes", lambda: _prefixes(model, plain)

    @cache
    def before(decoding: Decoding) -> list[Response]:
        return model.generate(_requests(), decoding, _ANSWERS)

    for method, off in _OFF.items():

        def tried(method: str = method, off: dict[str, Any] = off) -> _Found:
            # greedy, mask-only masks nothing
            ways = [drawn] if method == "mask-only" else [plain, drawn]
            with tempfile.TemporaryDirectory() as folder:
                return _method(model, method, off, ways, before, Path(folder))

        yield method, tried
    yield "training on pairs", lambda: _pairs(model)
    yield "memory", lambda: ("yes", _memory(model))


def _picture(place: int) -> Image:
    """A picture with something in it: a disc on shades of grey, another colour each."""
    from PIL import Image, ImageDraw

    size = SIZES[place]
    shades = Image.linear_gradient("L").resize(size).convert("RGB")
    colour = ((200, 40, 40), (40, 160, 60), (50, 60, 200))[place]
    ImageDraw.Draw(shades).ellipse((20, 30, 130, 140), fill=colour)
    return shades


def _requests() -> list[Request]:
    return [Request(f"check{n}", text, _picture(n)) for n, text in enumerate(_QUESTIONS)]


def _template(model: TransformersMLLM) -> str:
    if not model.processor.chat_template:
        return "a plain form, as no template comes with it"
    frozen = model.card.get("date in the chat template")
    text = "text alone" if model.form == "text" else "pictures and text"
    return text + (f"; its date is always {frozen}" if frozen else "")


def _shown(response: Response) -> str:
    """The beginning of an answer."""
    said = (each if each.isprintable() else " " for each in response.text or response.thought)
    text = " ".join("".join(said).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def _sees(model: TransformersMLLM) -> _Found:
    """Whether another picture changes the probabilities of the first token."""
    asked = _requests()[0]
    asked_of = [asked, replace(asked, id="other", image=_picture(2))]
    one, other = (_first(model, each) for each in asked_of)
    if one == other:
        return "no", "another picture changes no probability"
    return "yes", ""


def _first(model: TransformersMLLM, request: Request) -> tuple[float, ...]:
    [response] = model.generate([request], Decoding(max_new_tokens=2))
    return tuple(each.logprob for each in response.tokens)


def _alone(model: TransformersMLLM, *decodings: Decoding) -> _Found:
    """Whether requests together give what each gives alone."""
    for decoding in decodings:
        asked = _requests()
        together = model.generate(asked, decoding, _ANSWERS)
        if differing := _differing(model, together, asked, decoding):
            how = "drawn" if decoding.do_sample else "greedy"
            return "no", f"{differing} of {len(asked)} {how} answers change in a batch"
    return "yes", ""


def _batches(model: TransformersMLLM, *decodings: Decoding) -> _Found:
    """As `_alone`; a model that is known to answer otherwise in a batch is not asked in one."""
    found = _alone(model, *decodings)
    if found == ("yes", "") and not model.pads:
        return "–", "asked one by one, with the same answers"
    return found


def _differing(
    model: TransformersMLLM,
    together: Sequence[Response],
    asked: Sequence[Request],
    decoding: Decoding,
) -> int:
    alone = [model.generate([each], decoding, _ANSWERS)[0] for each in asked]
    pairs = zip(together, alone, strict=True)
    return sum(not _same(model, one, other, decoding) for one, other in pairs)


def _same(model: TransformersMLLM, one: Response, other: Response, decoding: Decoding) -> bool:
    """Whether two answers are the same, as far as the precision goes.

    In half precision the likeliest of two near tokens, and a draw, hang on the last digits; there
    the probabilities of the first token decide.
    """
    near = _NEAR.get(str(model.dtype), _HALF)
    chances = all(
        abs(one.answers.get(key, 0.0) - other.answers.get(key, 0.0)) <= near for key in _ANSWERS
    )
    return chances and (near == _HALF or one.text == other.text)


def _prefixes(model: TransformersMLLM, decoding: Decoding) -> _Found:
    """Whether questions on one picture share what is computed of it, with the same answers."""
    from halluc.mllm.pictures import image_token
    from halluc.mllm.prefixes import let_share, share_prefixes

    asked = [replace(each, image=_picture(0)) for each in _requests()]
    always = 1e9
    token = image_token(model.config)
    if (
        not model.pads
        or not let_share(model.model)
        or not share_prefixes(model.model, model.prepare(asked), token, always)
    ):
        return "–", "asked one by one, with the same answers"
    usual = model.worth
    try:
        model.worth = always
        together = model.generate(asked, decoding, _ANSWERS)
        model.worth = 0.0
        differing = _differing(model, together, asked, decoding)
    finally:
        model.worth = usual
    return ("no", f"{differing} answers change") if differing else ("yes", "")


def _method(  # noqa: PLR0917
    model: TransformersMLLM,
    method: str,
    off: dict[str, Any],
    ways: Sequence[Decoding],
    before: Callable[[Decoding], list[Response]],
    folder: Path,
) -> _Found:
    """Whether a method is plain decoding where it is off, and the same alone as in a batch."""
    own = _fitted(model, method, folder)
    nothing = model.generate(_requests(), _made(method, ways[0], {**own, **off}), _ANSWERS)
    for one, other in zip(before(ways[0]), nothing, strict=True):
        if not _same(model, one, other, Decoding()):
            return "no", "without contrast it is not plain decoding"
    return _alone(model, *(_made(method, each, own) for each in ways))


def _made(method: str, plain: Decoding, own: dict[str, Any]) -> Decoding:
    """A method; one that needs hints has them of these requests."""
    made = make_decoding(method, msgspec.structs.asdict(plain), own)
    if not isinstance(made, Guided):
        return made
    return msgspec.structs.replace(made, hints={each.id: ("a cup",) for each in _requests()})


def _fitted(model: TransformersMLLM, method: str, folder: Path) -> dict[str, Any]:
    """The option that names what `halluc train` fits; random weights, written as it does."""
    import torch
    from safetensors.torch import save_file

    from mitigation.inprocess import control, steering

    generator = torch.Generator().manual_seed(0)
    if method == "control":
        size = control.head_of(model).weight.shape[-1]
        weights = {"weight": torch.randn(size, size, generator=generator) / size}
        file, option = control.WEIGHTS, "layer"
    elif method == "steering":
        count = len(steering.feed_forwards(model))
        size = model.model.get_decoder().config.get_text_config().hidden_size
        weights = {"direction": torch.randn(count, size, generator=generator)}
        file, option = steering.WEIGHTS, "direction"
    else:
        return {}
    save_file(weights, folder / file)
    write_json(folder / "card.json", {"model": model.card["model"], "source": "answers"})
    return {option: str(folder)}


def _pairs(model: TransformersMLLM) -> _Found:
    """Whether DPO's log-probabilities before the first step are the model's own."""
    try:
        from mitigation.precorrection.dpo import Recipe, make_trainer
        from mitigation.precorrection.pairs import make_pair
    except ImportError as error:
        what = f"training needs {error.name}; install it with: pip install 'halluc[train]'"
        raise ModelError(what) from None
    from halluc.mllm.transformers import TransformersMLLM

    pairs = [
        make_pair(str(n), str(n), text, "There is a red disc.", "There is a small dog, too.")
        for n, text in enumerate(_QUESTIONS)
    ]
    # Adapters and another head are put on a model of its own.
    own = TransformersMLLM.of(model)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TRL, on what is not trained here
        trainer = make_trainer(
            own, {"train": pairs, "test": []}, lambda pair: _picture(int(pair.image)), Recipe(),
            Path(folder), save_steps=1,
        )  # fmt: skip
    notes = [] if trainer.fused else ["by the model's own head"]
    return "yes", ", ".join([*notes, *([] if trainer.share else ["each answer by itself"])])


def _memory(model: TransformersMLLM) -> str:
    """What the weights take, and what a picture adds to the cache."""
    from halluc.mllm.sizes import cache_bytes, weight_bytes

    inputs = model.process(_requests()[:1])
    length = inputs["input_ids"].shape[1]
    each = cache_bytes(model.config, model.dtype.itemsize)
    cache = (
        "" if each is None else f"; {length} tokens of a prompt, {_size(each * length)} of cache"
    )
    return f"{_size(weight_bytes(model.model))} of weights{cache}"


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
