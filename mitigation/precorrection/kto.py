"""Kahneman-Tversky optimisation (Ethayarajh et al., 2024, arXiv:2402.01306) of an MM-LLM.

It learns from single answers that are known to be right or wrong, without a better or worse one to
the same picture. With D(y) = log π(y|x, v) - log π_ref(y|x, v), β, and z the mean of D over the
batch's answers behind one another's prompts, not below 0 and without gradient, its loss is

    w_right (1 − σ(β (D(y) − z)))   of a right answer
    w_wrong (1 − σ(β (z − D(y))))   of a wrong one

The training is that of TRL's KTOTrainer with LoRA; π_ref is the model without the adapter. Its
batches are ours, since answers go through a chat template and pictures through a processor as they
do where the model is asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from trl import KTOConfig, KTOTrainer

from halluc.errors import InputError
from halluc.records import Record
from mitigation.precorrection.agreement import (
    has_aux_loss,
    has_own_head,
    in_one_line,
    try_step,
    use_right_head,
)
from mitigation.precorrection.inspected import Answered, errors
from mitigation.precorrection.lora import Tuning, as_rows, lora, settings, size_together
from mitigation.precorrection.turns import answer_ids, ask, rows

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM


@dataclass(frozen=True, kw_only=True)
class Recipe(Tuning):
    """How to train by KTO, beside what `Tuning` says.

    Attributes:
        beta: β; how far the model may go from the reference, smaller is further.
        desirable_weight, undesirable_weight: of right and of wrong answers, > 0; None: such that
            both weigh the same in all, the more frequent ones 1 each.
    """

    beta: float = 0.1
    desirable_weight: float | None = None
    undesirable_weight: float | None = None

    def weighed(self, judged: Sequence[Judged]) -> Recipe:
        """The recipe with the weights that are left open worked out.

        Raises:
            InputError: the answers are all right, or all wrong.
        """
        right = sum(each.desirable for each in judged)
        wrong = len(judged) - right
        if not right or not wrong:
            what = "right" if right else "wrong"
            raise InputError(
                f"all {len(judged)} answers to train on are {what}, and KTO needs both kinds"
            )
        given, other = self.desirable_weight, self.undesirable_weight
        return replace(
            self,
            desirable_weight=max(1.0, wrong / right) if given is None else given,
            undesirable_weight=max(1.0, right / wrong) if other is None else other,
        )


class Judged(Record, frozen=True):
    """An answer that is known to be right or wrong.

    Attributes:
        id: unique in its set.
        image: the picture, as its data set names it.
        prompt: what was asked, before any chat template.
        answer: what was said.
        desirable: whether it is right.
    """

    id: str
    image: str
    prompt: str
    answer: str
    desirable: bool

    @property
    def answers(self) -> tuple[str]:
        """The one answer."""
        return (self.answer,)


def judge(
    captions: Iterable[Answered], asked: Iterable[tuple[Answered, bool]], seed: int = 0
) -> list[Judged]:
    """Answers as right or wrong, each once, in an order that hangs on the seed.

    A caption is wrong where it states anything wrong, and right where it states something true and
    nothing wrong; one of which nothing could be judged is left out, and so is an answer to a
    question that says more than yes or no.

    Args:
        captions: with what was found in them.
        asked: answers to yes/no questions, with whether they are right.
        seed: of the order.
    """
    found: dict[tuple[str, str, str], Judged] = {}

    def add(each: Answered, right: bool) -> None:
        made = Judged(each.id, each.image, each.prompt, each.text, right)
        found.setdefault((each.image, each.prompt, each.text), made)

    for each in captions:
        wrong = errors(each.findings) > 0
        if wrong or any(finding.verdict == "supported" for finding in each.findings):
            add(each, not wrong)
    for each, right in asked:
        if each.text.strip(" .").lower() in ("yes", "no"):
            add(each, right)
    ordered = list(found.values())
    random.Random(f"kto/{seed}").shuffle(ordered)
    return ordered


@dataclass
class JudgedCollator:
    """Turns rows with an answer's id into a batch, each answer also behind the next prompt.

    Attributes:
        mllm: the model's processor and template.
        judged: answer by id.
        open_image: gives an answer's picture.
    """

    mllm: TransformersMLLM
    judged: Mapping[str, Judged]
    open_image: Callable[[Judged], Image]

    def __call__(self, chosen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A batch as TRL's collator gives it; nothing is cut short.

        Raises:
            InputError: a picture cannot be read.
        """
        some = [self.judged[row["id"]] for row in chosen]
        prompts, batch, asked = ask(self.mllm, some, [self.open_image(each) for each in some])
        batch = dict(batch)

        def behind(texts: Sequence[str]) -> dict[str, Any]:
            answers = [
                answer_ids(self.mllm, each.prompt, text)
                for each, text in zip(some, texts, strict=True)
            ]
            return rows(self.mllm, prompts, answers, asked)

        texts = [each.answer for each in some]
        others = behind(texts[-1:] + texts[:-1])
        batch |= behind(texts)
        batch |= {f"KL_{name}": value for name, value in others.items()}
        batch["label"] = torch.tensor([each.desirable for each in some])
        return batch


def check_together(mllm: TransformersMLLM, recipe: Recipe) -> None:
    """See that the answers of a batch can be compared.

    Raises:
        InputError: fewer than two go through the model at once.
    """
    if size_together(mllm, recipe) < 2:
        name = mllm.card["model"]["name"]
        told = "" if recipe.batch_size < 2 else f", and {name} is not known to bear more than one"
        raise InputError(
            f"KTO compares the answers of a batch: it takes a --batch-size of 2 or more{told}"
        )


def make_trainer(
    mllm: TransformersMLLM,
    splits: Mapping[str, Sequence[Judged]],
    open_image: Callable[[Judged], Image],
    recipe: Recipe,
    output: Path,
    *,
    save_steps: int,
) -> KTOTrainer:
    """A trainer of an adapter on answers, in their order.

    Args:
        mllm: the model.
        splits: "train" and "test"; the latter may be empty.
        open_image: gives an answer's picture.
        recipe: how to train, `weighed`.
        output: folder of checkpoints.
        save_steps: steps between them.

    Raises:
        ModelError: the model's backbone has no layers that LoRA could be put on, or it cannot take
            the answers.
    """
    name = mllm.card["model"]["name"]
    shared = settings(mllm, recipe, output, save_steps=save_steps, evaluate=bool(splits["test"]))
    config = KTOConfig(
        **{**shared, "train_sampling_strategy": "sequential"},  # TRL's KTO takes no other
        beta=recipe.beta,
        desirable_weight=recipe.desirable_weight,
        undesirable_weight=recipe.undesirable_weight,
    )
    with in_one_line(name):
        trainer = KTOTrainer(
            model=mllm.model,
            args=config,
            data_collator=JudgedCollator(
                mllm, {each.id: each for some in splits.values() for each in some}, open_image
            ),
            train_dataset=as_rows(splits["train"]),
            eval_dataset=as_rows(splits["test"]) if splits["test"] else None,
            processing_class=mllm.processor,
            peft_config=lora(mllm, recipe),
        )
    if splits["train"]:
        _check(trainer, [{"id": each.id} for each in splits["train"][:2]], name)
    return trainer


def _check(trainer: KTOTrainer, few: Sequence[Mapping[str, Any]], name: str) -> None:
    """Make sure that the log-probabilities of a batch are the model's own.

    Raises:
        ModelError: the model cannot take the batch.
    """
    base = trainer.model.get_base_model()
    with in_one_line(name):
        batch = trainer._prepare_inputs(trainer.data_collator(few))
    inside = batch.pop("completion_mask") != 0
    given = {k: v for k, v in batch.items() if k != "label" and not k.startswith("KL_")}
    given["labels"] = given["input_ids"].masked_fill(~inside, -100)
    with trainer.model.disable_adapter(), torch.no_grad():
        use_right_head(base, given, name)
        trainer.aux_loss_enabled = (
            trainer.aux_loss_enabled and not has_own_head(base) and has_aux_loss(base, given)
        )
    try_step(trainer.model, given, name)
