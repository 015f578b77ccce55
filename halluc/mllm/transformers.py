"""Any image-text-to-text or text-only checkpoint that transformers loads, on this machine."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import transformers

from halluc.errors import ModelError
from halluc.mllm.attention import NAME
from halluc.mllm.base import Decoding, Fit, Request
from halluc.mllm.checkpoint import Checkpoint, hash_adapter, hash_folder, hashed
from halluc.mllm.loading import (
    choose_device,
    choose_dtype,
    load_config,
    load_processor,
    load_weights,
    merge_adapter,
    one_line,
)
from halluc.mllm.memory import Batches
from halluc.mllm.picking import Picker
from halluc.mllm.pictures import image_token
from halluc.mllm.plain import as_asked, check_form, tokenized
from halluc.mllm.prefixes import WORTH, let_share, share_prefixes
from halluc.mllm.proven import PROVEN, same_in_batches
from halluc.mllm.rows import Rows
from halluc.mllm.spellings import spellings
from halluc.mllm.templates import TODAY, Form, dialogue, form_of, freeze_clock, render
from halluc.mllm.texts import auto_class
from halluc.records import Response
from halluc.thoughts import opens_thought

# What of a checkpoint's generation config says which tokens exist; all else there is decoding.
VOCABULARY = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "bad_words_ids",
    "suppress_tokens",
    "begin_suppress_tokens",
)


class TransformersMLLM:
    """A checkpoint behind its own processor and chat template, asked in batches padded left.

    Args:
        checkpoint: where it is.
        dtype, device, trust_remote_code, chat_template, fit: see `halluc.mllm.load_model`.

    Attributes:
        form: what its chat template takes.
        batches: how many requests it takes at once.
        pads: whether prompts can be padded to one length; found out where that is not known.
        worth: tokens that sharing prefixes must leave, as a share of all; see `prefixes`.

    Raises:
        ModelError: configuration or processor cannot be loaded. Weights are read when first used.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        dtype: str,
        device: str,
        trust_remote_code: bool,
        chat_template: str | None = None,
        fit: Fit = Fit(),  # noqa: B008 (frozen)
    ) -> None:
        self._checkpoint = checkpoint
        self._trust, self._fit = trust_remote_code, fit
        self.device = choose_device(device)
        self.dtype = choose_dtype(dtype, self.device)
        self.config = load_config(checkpoint, trust_remote_code)
        self.processor = load_processor(checkpoint, self.config, trust_remote_code)
        if chat_template is not None:
            self.processor.chat_template = chat_template
        frozen = False
        self.form: Form = "parts"
        if self.processor.chat_template:
            self.processor.chat_template, frozen = freeze_clock(self.processor.chat_template)
            self.form = form_of(self.processor, checkpoint.name)
        else:
            check_form(self.config.model_type, checkpoint.name)
        self.tokenizer = self.processor.tokenizer
        image = getattr(self.processor, "image_token", None)
        # BLIP-2's processor has a token as an object.
        special = [str(each) for each in (image, *self.tokenizer.all_special_tokens) if each]
        self.batches = Batches(checkpoint.name, special, cuda=self.device.type == "cuda")
        self._unproven = self.config.model_type not in PROVEN
        self.pads = True
        self.worth = WORTH
        if checkpoint.folder:
            identity = hash_folder(checkpoint.folder)
        else:
            identity = {"hash": str(self.config._commit_hash), "hash_of": "commit of the hub"}
        self.card: dict[str, Any] = {
            "model": {
                "name": checkpoint.name,
                **identity,
                "class": next(iter(self.config.architectures or []), self.config.model_type),
                **({"trust_remote_code": True} if trust_remote_code else {}),
            },
            **({"adapter": hash_adapter(checkpoint.adapter)} if checkpoint.adapter else {}),
            "dtype": str(self.dtype).removeprefix("torch."),
            "device": str(self.device),
            **fit.card,
            **({"chat_template": hashed(chat_template)} if chat_template is not None else {}),
            **({"date in the chat template": str(TODAY)} if frozen else {}),
        }

    @classmethod
    def of(cls, other: TransformersMLLM) -> TransformersMLLM:
        """The same checkpoint, its weights in memory a second time so that they can be trained."""
        made = copy.copy(other)
        for name in ("_shares", "_rows"):
            made.__dict__.pop(name, None)
        made.__dict__["model"] = whole = copy.deepcopy(other.model)
        if (decoder := whole.get_decoder()).config._attn_implementation == NAME:
            decoder.set_attn_implementation("sdpa")  # as it was before it was let share prefixes
        return made

    def in_training(self, state: dict[str, Any]) -> TransformersMLLM:
        """The same model, to be asked while it is trained; it shares no prefixes.

        Sharing would change how its layers attend from then on.

        Args:
            state: of the adapter in it, for the card.
        """
        made = copy.copy(self)
        made.__dict__ |= {"model": self.model, "_shares": False}
        made.card = {**self.card, "adapter": state}
        return made

    @functools.cached_property
    def model(self) -> Any:
        """The loaded model; of its generation config only the vocabulary's part is kept."""
        with one_line(self._checkpoint):
            model = load_weights(
                self._checkpoint, self.dtype, self.device, self._trust, self._fit,
                kind=auto_class(self.config),
            )  # fmt: skip
            model = merge_adapter(self._checkpoint, model, self.card["model"]["hash"])
        own = model.generation_config
        kept = {
            name: value for name in VOCABULARY if (value := getattr(own, name, None)) is not None
        }
        kept.setdefault("eos_token_id", self.tokenizer.eos_token_id)
        kept.setdefault("pad_token_id", self.tokenizer.pad_token_id)
        for name in ("eos_token_id", "pad_token_id"):
            ids = kept[name] if isinstance(kept[name], list) else [kept[name]]
            if not all(each is None or isinstance(each, int) for each in ids):
                raise ModelError(f"{self._checkpoint.name}: its {name} is {kept[name]!r}, no token")
        model.generation_config = transformers.GenerationConfig(**kept)
        return model

    @functools.cached_property
    def _rows(self) -> Rows:
        ends: Any = self.model.generation_config.eos_token_id
        # BERT's end of a text, which BLIP's own ``generate`` stops at.
        more = getattr(self.config.get_text_config(), "sep_token_id", None)
        every = [*(ends if isinstance(ends, list) else [ends]), more]
        return Rows(self.tokenizer, [each for each in every if each is not None])

    @functools.cached_property
    def _shares(self) -> bool:
        return let_share(self.model)

    def generate(
        self, requests: Sequence[Request], decoding: Decoding, answers: Sequence[str] = ()
    ) -> list[Response]:
        """Answer requests; ``Response.tokens`` has every generated token, the end token included.

        Probabilities are those of the decoding's distribution: the model's own, or what a method
        made of it, before temperature, top-k and top-p.

        Where every answer of `answers` is a single token for this model, its probability is read
        off the first step, at no cost; a longer one costs another short pass.

        Raises:
            ModelError: one request alone does not fit in memory, the output is not a number,
                `answers` cannot be distinguished, or probabilities without the picture are asked
                of a model that always needs one.
        """
        said = spellings(self.tokenizer, answers)

        if self._unproven and requests:
            self._unproven = False
            self.pads = same_in_batches(self, requests)
            if not self.pads:
                self.batches.most = 1
                name = self.card["model"]["name"]
                what = f"{name} answers otherwise in a batch than alone, so it is asked one by one"
                warnings.warn(what, stacklevel=2)

        def work(batch: Sequence[Request]) -> list[Response]:
            inputs = decoding.inputs(self, batch)
            with decoding.hooks(self, inputs):
                return answer(batch, inputs)

        def answer(batch: Sequence[Request], inputs: Any) -> list[Response]:
            begun = opens_thought(self.tokenizer.decode(inputs["input_ids"][0, -16:]))
            shared = (
                decoding.shares
                and self._shares
                and share_prefixes(self.model, inputs, image_token(self.config), self.worth)
            )
            loop = decoding.custom_generate(self)
            ids = [request.id for request in batch]
            watch = [tokens[0] for spelled in said.values() for tokens in spelled]
            picker = Picker(decoding, ids, watch)

            def run(picker: Picker, steps: int) -> None:
                self._run(shared.ready(self.model) if shared else inputs, picker, steps, loop)

            run(picker, decoding.max_new_tokens)
            first = {token: picker.first[:, column] for column, token in enumerate(watch)}
            chances = {answer: torch.zeros(len(batch)) for answer in answers}
            for answer, spelled in said.items():
                for tokens in spelled:
                    if len(tokens) == 1:
                        chances[answer] += first[tokens[0]].cpu()
                    else:
                        forced = Picker(decoding, ids, forced=tokens)
                        run(forced, len(tokens))
                        chances[answer] += torch.stack(forced.logprobs).sum(0).exp().cpu()
            blind = self._without_pictures(batch, decoding, picker)
            rows = range(len(batch))
            return [
                self._rows.response(request, row, chosen, begun=begun)
                for request, row, chosen in zip(
                    batch,
                    picker.rows(blind),
                    [{key: float(chances[key][row]) for key in answers} for row in rows],
                    strict=True,
                )
            ]

        return self.batches.work(requests, work)

    def _without_pictures(
        self, batch: Sequence[Request], decoding: Decoding, picker: Picker
    ) -> list[torch.Tensor]:
        """The log-probabilities of what was picked, asked without pictures: for each step, (rows,).

        Empty where they are not wanted, or there is no picture.
        """
        if not (decoding.without_picture and batch[0].images):
            return []
        bare = [
            replace(
                each, image=None, earlier=tuple(replace(turn, image=None) for turn in each.earlier)
            )
            for each in batch
        ]
        try:
            inputs = self.prepare(bare)
        except (ValueError, TypeError):  # PaliGemma's
            raise ModelError(
                f"{self._checkpoint.name} needs a picture with every request; leave out "
                "--without-picture"
            ) from None
        forced = Picker(decoding, [each.id for each in batch], forced=picker.tokens)
        self._run(inputs, forced, len(picker.tokens), None)
        return forced.logprobs

    def choose(self, requests: Sequence[Request], answers: Sequence[str]) -> list[dict[str, float]]:
        """For each request, the probability that the reply begins with each short answer.

        An answer counts however it is spelled (`halluc.mllm.spellings`): "Yes" and "yes" are
        summed. Only its own tokens count, so "no" includes replies that go on from them.

        Raises:
            ModelError: as for `generate`.
        """
        responses = self.generate(requests, Decoding(max_new_tokens=1), answers)
        return [response.answers for response in responses]

    def prepare(self, requests: Sequence[Request]) -> Any:
        """What the model is called with, for requests that all have a picture or all have none."""
        return self.process(requests).to(self.device, self.dtype)

    def process(self, requests: Sequence[Request]) -> Any:
        """What `prepare` gives, still on the CPU and as precise as the processor made it."""
        if self.processor.chat_template and self.form == "parts":
            inputs = self.processor.apply_chat_template(
                [dialogue(self.processor, self.form, each, pixels=True) for each in requests],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                processor_kwargs={"padding": True},
            )
        else:
            inputs = self.processor(
                text=[self._asked(each) for each in requests],
                images=[each.images for each in requests if each.images] or None,
                padding=True,
                return_tensors="pt",
                **({} if self.processor.chat_template else tokenized(self.config.model_type)),
            )
            inputs.pop("labels", None)  # PaliGemma's, for training
        return inputs

    def _asked(self, request: Request) -> str:
        """A request in a template for text alone, or in the family's plain form."""
        if self.processor.chat_template:
            return render(self.processor, dialogue(self.processor, self.form, request), ask=True)
        if request.earlier:
            raise ModelError(
                f"{self._checkpoint.name}: no chat template comes with it, so it takes no earlier "
                "turns; give one with --chat-template FILE, or ask in a single turn"
            )
        return as_asked(self.config.model_type, request.prompt, picture=request.image is not None)

    def _run(
        self, inputs: Any, picker: Picker, steps: int, loop: Callable[..., Any] | None
    ) -> None:
        """Let the picker pick up to so many tokens."""
        settings = transformers.GenerationConfig(
            max_new_tokens=steps, do_sample=False, num_beams=1, use_cache=True
        )
        library = functools.partial(transformers.GenerationMixin.generate, self.model)
        for generate in (self.model.generate, library):
            generate(
                **inputs,
                generation_config=settings,
                logits_processor=transformers.LogitsProcessorList([picker]),
                custom_generate=loop,
            )
            if picker.tokens:
                break  # some families' own ``generate`` (Janus') loses what it is given
        # A step beyond may have begun before transformers saw that all rows had ended.
        del picker.tokens[steps:], picker.logprobs[steps:], picker.likeliest[steps:]
        if torch.stack(picker.logprobs).isnan().any():
            whole = self.dtype == torch.float32
            hint = "is the checkpoint whole?" if whole else "try --dtype float32"
            raise ModelError(
                f"{self._checkpoint.name}: the output is not a number in {self.card['dtype']}; "
                f"{hint}"
            )
