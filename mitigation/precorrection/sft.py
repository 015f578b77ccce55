"""Supervised fine-tuning of an MM-LLM's adapter on answers to pictures, by TRL's SFTTrainer.

Only the answers count in the loss, - log π(y|x, v) a token; the trainer's settings are those of
DPO, so that the two can stand beside each other. HACL's contrast and selective end tokens can be
added: see `mitigation.precorrection.hacl` and `mitigation.precorrection.answers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from trl import SFTConfig

from halluc.errors import InputError, ModelError
from halluc.records import Record
from mitigation.precorrection.agreement import in_one_line, try_step, use_right_head
from mitigation.precorrection.answers import AnswerTrainer, SelectiveEnd, end_tokens
from mitigation.precorrection.hacl import alike, is_caption, picture_rows, text_rows
from mitigation.precorrection.lora import Tuning, as_rows, lora, settings, size_together
from mitigation.precorrection.turns import answer_ids, ask, rows

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM


@dataclass(frozen=True, kw_only=True)
class Recipe(Tuning):
    """How to train on answers, beside what `Tuning` says.

    Attributes:
        hacl: weight of HACL's contrast; 0: none.
        hallucinated: HACL's negatives are also the wrong answers of pairs; False is the control.
        selective_end: leave end tokens out of the softmax where they are no label.
    """

    hacl: float = 0.0
    hallucinated: bool = True
    selective_end: bool = False


class Example(Record, frozen=True):
    """An answer to learn.

    Attributes:
        id: unique in its set.
        image: the picture, as its data set names it.
        prompt: what is asked, before any chat template.
        answer: what is to be said.
        kind: how it was made.
        wrong: a false answer beside it, for HACL's contrast; empty: none.
    """

    id: str
    image: str
    prompt: str
    answer: str
    kind: str = ""
    wrong: str = ""

    @property
    def answers(self) -> tuple[str]:
        """The one answer."""
        return (self.answer,)


@dataclass
class ExampleCollator:
    """Turns rows with an example's id into a batch; nothing is cut short.

    Attributes:
        mllm: the model's processor and template.
        examples: example by id.
        open_image: gives an example's picture.
        contrast: also give what HACL's contrast is computed of.
        hallucinated: and wrong answers for it.
    """

    mllm: TransformersMLLM
    examples: Mapping[str, Example]
    open_image: Callable[[Example], Image]
    contrast: bool = False
    hallucinated: bool = True

    def __call__(self, chosen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A batch as the model takes it, with labels.

        Raises:
            InputError: a picture cannot be read.
        """
        some = [self.examples[row["id"]] for row in chosen]
        prompts, batch, asked = ask(self.mllm, some, [self.open_image(each) for each in some])
        answers = [answer_ids(self.mllm, each.prompt, each.answer) for each in some]
        if self.contrast:
            beside = self._contrasted(some, prompts, dict(batch))
        batch |= rows(self.mllm, prompts, answers, asked)
        outside = batch.pop("completion_mask") == 0
        batch["labels"] = batch["input_ids"].masked_fill(outside, -100)
        if self.contrast:
            batch["contrast"] = beside
        return batch

    def _contrasted(
        self, some: Sequence[Example], prompts: Sequence[list[int]], pictures: dict[str, Any]
    ) -> dict[str, Any]:
        """Pictures, answers and wrong answers as rows of their own."""
        texts = [each.answer for each in some]
        use = [is_caption(each.answer) for each in some]
        wrong = [
            each.wrong
            for each, used in zip(some, use, strict=True)
            if self.hallucinated and used and each.wrong
        ]
        return {
            "images": picture_rows(self.mllm, prompts),
            "pictures": pictures,
            "texts": text_rows(self.mllm, texts),
            "wrong": text_rows(self.mllm, wrong) if wrong else None,
            "use": torch.tensor(use),
            "alike": alike([each.image for each in some], texts),
        }


def make_trainer(
    mllm: TransformersMLLM,
    splits: Mapping[str, Sequence[Example]],
    open_image: Callable[[Example], Image],
    tuning: Tuning,
    output: Path,
    *,
    save_steps: int,
) -> AnswerTrainer:
    """A trainer of an adapter on examples.

    Raises:
        InputError: HACL's contrast is asked for with fewer than two examples at once.
        ModelError: the model's backbone has no layers that LoRA could be put on, it cannot take
            the examples, or several processes are to train with HACL's contrast.
    """
    recipe = tuning if isinstance(tuning, Recipe) else Recipe()
    name = mllm.card["model"]["name"]
    if recipe.hacl and size_together(mllm, tuning) < 2:
        raise InputError("HACL contrasts the examples of a batch: give a --batch-size of 2 or more")
    config = SFTConfig(
        **settings(mllm, tuning, output, save_steps=save_steps, evaluate=bool(splits["test"])),
        packing=False,
    )
    if recipe.hacl and config.world_size > 1:
        raise ModelError(f"{name}: HACL's contrast is trained in one process")
    with in_one_line(name):
        trainer = AnswerTrainer(
            model=mllm.model,
            args=config,
            data_collator=ExampleCollator(
                mllm,
                {each.id: each for some in splits.values() for each in some},
                open_image,
                contrast=recipe.hacl > 0,
                hallucinated=recipe.hallucinated,
            ),
            train_dataset=as_rows(splits["train"]),
            eval_dataset=as_rows(splits["test"]) if splits["test"] else None,
            processing_class=mllm.processor,
            peft_config=lora(mllm, tuning),
            compute_loss_func=SelectiveEnd(end_tokens(mllm)) if recipe.selective_end else None,
            weight=recipe.hacl,
            seed=recipe.seed,
        )
    if splits["train"]:
        base = trainer.model.get_base_model()
        with in_one_line(name):
            batch = trainer._prepare_inputs(trainer.data_collator([{"id": splits["train"][0].id}]))
            if contrasted := batch.pop("contrast", None):
                with torch.no_grad():
                    trainer.contrast(contrasted)
        with trainer.model.disable_adapter():
            use_right_head(base, batch, name)
        try_step(trainer.model, batch, name)
    return trainer
