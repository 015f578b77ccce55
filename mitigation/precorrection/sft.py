"""Supervised fine-tuning of an MM-LLM's adapter on answers to pictures, by TRL's SFTTrainer.

Only the answers count in the loss, - log π(y|x, v) a token; the trainer's settings are those of
DPO, so that the two can stand beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trl import SFTConfig, SFTTrainer

from halluc.records import Record
from mitigation.precorrection.agreement import in_one_line, try_step, use_right_head
from mitigation.precorrection.lora import Tuning, as_rows, lora, settings
from mitigation.precorrection.turns import answer_ids, ask, rows

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM


class Example(Record, frozen=True):
    """An answer to learn.

    Attributes:
        id: unique in its set.
        image: the picture, as its data set names it.
        prompt: what is asked, before any chat template.
        answer: what is to be said.
        kind: how it was made.
    """

    id: str
    image: str
    prompt: str
    answer: str
    kind: str = ""

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
    """

    mllm: TransformersMLLM
    examples: Mapping[str, Example]
    open_image: Callable[[Example], Image]

    def __call__(self, chosen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A batch as the model takes it, with labels.

        Raises:
            InputError: a picture cannot be read.
        """
        some = [self.examples[row["id"]] for row in chosen]
        prompts, batch, asked = ask(self.mllm, some, [self.open_image(each) for each in some])
        answers = [answer_ids(self.mllm, each.prompt, each.answer) for each in some]
        batch |= rows(self.mllm, prompts, answers, asked)
        outside = batch.pop("completion_mask") == 0
        batch["labels"] = batch["input_ids"].masked_fill(outside, -100)
        return batch


def make_trainer(
    mllm: TransformersMLLM,
    splits: Mapping[str, Sequence[Example]],
    open_image: Callable[[Example], Image],
    tuning: Tuning,
    output: Path,
    *,
    save_steps: int,
) -> SFTTrainer:
    """A trainer of an adapter on examples.

    Raises:
        ModelError: the model's backbone has no layers that LoRA could be put on, or it cannot take
            the examples.
    """
    config = SFTConfig(
        **settings(mllm, tuning, output, save_steps=save_steps, evaluate=bool(splits["test"])),
        packing=False,
    )
    name = mllm.card["model"]["name"]
    with in_one_line(name):
        trainer = SFTTrainer(
            model=mllm.model,
            args=config,
            data_collator=ExampleCollator(
                mllm, {each.id: each for some in splits.values() for each in some}, open_image
            ),
            train_dataset=as_rows(splits["train"]),
            eval_dataset=as_rows(splits["test"]) if splits["test"] else None,
            processing_class=mllm.processor,
            peft_config=lora(mllm, tuning),
        )
    if splits["train"]:
        base = trainer.model.get_base_model()
        with in_one_line(name):
            batch = trainer._prepare_inputs(trainer.data_collator([{"id": splits["train"][0].id}]))
        with trainer.model.disable_adapter():
            use_right_head(base, batch, name)
        try_step(trainer.model, batch, name)
    return trainer
