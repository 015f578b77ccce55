"""Group relative policy optimisation (GRPO) of an MM-LLM's adapter on rewards from findings.

Shao et al., 2024, arXiv 2402.03300, as TRL's GRPOTrainer has it. Of each picture G captions y_i are
drawn at temperature 1 and rewarded: r_i = Σ_k w_k r_ik over `mitigation.precorrection.rewards`.
With advantages A_i = (r_i - mean r) / (std r + 1e-4) over the group, the loss over the N tokens of
a step is DAPO's (Yu et al., 2025, arXiv 2503.14476),

    - 1/N Σ_i Σ_t (ρ_it A_i - β KL_it),    ρ_it = π(y_it) / π_old(y_it), here 1,
    KL_it = π_ref(y_it) / π(y_it) - log(π_ref(y_it) / π(y_it)) - 1,

and the reference is the model without the adapter. With "normalize_then_sum" (GDPO's, as in
BalCapRL, arXiv 2605.07394) each reward is normalised in its group before they are summed, and the
sums in the batch: then a reward with a wide range does not drown the others.

Control: with `shuffle`, the rewards of a group are dealt to its captions by chance. What the model
becomes then, it becomes without learning anything from them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from datasets import Dataset
from torch import Tensor
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from halluc.errors import InputError, ModelError
from halluc.jsonl import read_jsonl, write_jsonl
from halluc.records import Record, Sample
from mitigation.precorrection.agreement import in_one_line, try_step, use_right_head
from mitigation.precorrection.answers import end_tokens
from mitigation.precorrection.lora import Tuning, lora, settings
from mitigation.precorrection.rewards import USUAL, TrlReward, read_rewards, row, total
from mitigation.precorrection.sft import Example, ExampleCollator

if TYPE_CHECKING:
    from PIL.Image import Image

    from halluc.mllm.transformers import TransformersMLLM

Aggregation = Literal["sum_then_normalize", "normalize_then_sum"]
ROLLOUTS = "rollouts.jsonl"
ZERO_VARIANCE = "zero_variance"
SAME = 1e-6
"""Rewards of a group that differ by less are the same."""


@dataclass(frozen=True, kw_only=True)
class Recipe(Tuning):
    """How to train by GRPO, beside what `Tuning` says; `batch_size` counts captions.

    Attributes:
        rewards: by name, with their weights.
        generations: G, captions of a picture; divides ``batch_size * accumulate``.
        max_new_tokens: most tokens of a caption.
        beta: β, weight of the divergence from the reference.
        aggregation: how rewards become advantages.
        shuffle: deal the rewards of a group by chance, the control.

    Raises:
        InputError: captions of a step are not whole groups, or there is no such reward.
    """

    rewards: tuple[str, ...] = USUAL
    generations: int = 8
    max_new_tokens: int = 256
    beta: float = 0.0
    aggregation: Aggregation = "sum_then_normalize"
    shuffle: bool = False

    def __post_init__(self) -> None:
        step = self.batch_size * self.accumulate
        if self.generations < 2 or step % self.generations:
            raise InputError(
                f"a step has {step} captions (--batch-size x --accumulate), which are no whole "
                f"groups of --generations {self.generations}"
            )
        read_rewards(self.rewards)

    @property
    def groups(self) -> int:
        """Pictures of a step, in each process."""
        return self.batch_size * self.accumulate // self.generations


class Rollout(Record, frozen=True):
    """A caption that was drawn in training.

    Attributes:
        step: after how many steps it was drawn.
        id: of the sample.
        text: the caption.
        rewards: by name, without weights; None where one does not apply.
        total: their weighted sum; None where none applies.
    """

    step: int
    id: str
    text: str
    rewards: dict[str, float | None]
    total: float | None


class RolloutTrainer(GRPOTrainer):  # type: ignore[misc]
    """TRL's trainer, which also keeps the first group of each step to be read."""

    def __init__(self, *, recipe: Recipe, **settings: Any) -> None:
        super().__init__(**settings)
        self.recipe = recipe
        self.rollouts: list[Rollout] = []

    def _get_train_sampler(self, dataset: Any = None) -> Sampler[int]:
        """TRL's order of pictures, the same however often the training was interrupted."""
        return _Order(super()._get_train_sampler(dataset), self)

    def _calculate_rewards(
        self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any
    ) -> Tensor:
        """Rewards of all processes' captions, (captions, rewards); NaN where one is None."""
        given = (inputs, prompts, completions, completion_ids_list)
        told: Tensor = super()._calculate_rewards(*given)
        self._keep(inputs, completions, told)
        groups = told.view(-1, self.num_generations, told.shape[1])
        self._log_variance(groups)
        if not self.recipe.shuffle:
            return told
        draw = random.Random(f"shuffle/{self.recipe.seed}/{self.state.global_step}")
        size = self.num_generations
        dealt = [[*draw.sample(range(size), size)] for _ in groups]
        order = [size * place + each for place, some in enumerate(dealt) for each in some]
        return told[order]

    def _keep(self, inputs: Any, completions: Any, told: Tensor) -> None:
        """Keep the first group of this process."""
        for given, said, values in zip(
            inputs[: self.num_generations], completions, told.tolist(), strict=False
        ):
            names = self.reward_func_names
            rewards = {n: None if math.isnan(v) else v for n, v in zip(names, values, strict=True)}
            every = [each.reward for each in self.reward_funcs]
            self.rollouts.append(
                Rollout(
                    step=self.state.global_step, id=given["id"], text=said[-1]["content"],
                    rewards=rewards, total=total(every, rewards),
                )
            )  # fmt: skip

    def _log_variance(self, groups: Tensor) -> None:
        """Log which share of groups has one reward only, and so teaches nothing: in all, by name.

        Args:
            groups: (groups, captions, rewards).
        """
        logged = self._metrics["train" if self.model.training else "eval"]
        sums = (groups * self.reward_weights.to(groups.device)).nansum(2)
        apart = [sums, *groups.nan_to_num(0.0).unbind(2)]
        names = [ZERO_VARIANCE, *(f"rewards/{n}/{ZERO_VARIANCE}" for n in self.reward_func_names)]
        for name, some in zip(names, apart, strict=True):
            same = some.amax(1) - some.amin(1) < SAME
            logged[name].append(same.float().mean().item())


class _Order(Sampler[int]):
    """TRL's sampler, whose order hangs on seed and epoch alone.

    TRL draws each epoch's order from one stream, which begins anew where a training goes on.
    """

    def __init__(self, sampler: Any, trainer: RolloutTrainer) -> None:
        self.sampler, self.trainer = sampler, trainer

    def __iter__(self) -> Iterator[int]:
        groups = self.trainer.args.generation_batch_size // self.trainer.num_generations
        steps = max(1, self.sampler.num_samples // groups)
        epoch = self.trainer.state.global_step // steps
        self.sampler.generator.manual_seed(self.trainer.args.seed + epoch)
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)


class _Keeper(TrainerCallback):  # type: ignore[misc]
    """Leaves the roll-outs beside each checkpoint, and goes on from those before it."""

    def __init__(self, trainer: RolloutTrainer, file: Path) -> None:
        self.trainer, self.file = trainer, file

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """It begins, or goes on: what was drawn after the checkpoint is drawn again."""
        if state.global_step and self.file.is_file():
            known = [each for _, each in read_jsonl(self.file, Rollout)]
            self.trainer.rollouts = [each for each in known if each.step < state.global_step]

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Before a checkpoint is written, and at the end."""
        at_end = state.global_step >= state.max_steps
        if state.is_world_process_zero and (at_end or state.global_step % args.save_steps == 0):
            write_jsonl(self.file, self.trainer.rollouts)


def make_trainer(
    mllm: TransformersMLLM,
    samples: Sequence[Sample],
    open_image: Callable[[Sample], Image],
    recipe: Recipe,
    output: Path,
    *,
    prompt: str | None = None,
    vocabulary: Path | None = None,
    save_steps: int,
    callbacks: Sequence[TrainerCallback] = (),
) -> RolloutTrainer:
    """A trainer of an adapter on rewards; its roll-outs go into ``rollouts.jsonl``.

    Args:
        mllm: the model.
        samples: pictures with their truth.
        open_image: gives a sample's picture.
        recipe: how to train.
        output: folder of checkpoints.
        prompt: what to ask instead of the samples' own.
        vocabulary: file of things and the words for them, beside COCO's 80 classes.
        save_steps: steps between checkpoints.
        callbacks: of the trainer, called after the roll-outs are written.

    Raises:
        ModelError: the model cannot be trained so.
    """
    name = mllm.card["model"]["name"]
    if not mllm.processor.chat_template or mllm.form != "parts":
        raise ModelError(
            f"{name} cannot be trained so: TRL's GRPO wants a chat template with pictures"
        )
    rewards = read_rewards(recipe.rewards, vocabulary)
    ends = end_tokens(mllm)
    usual = settings(mllm, recipe, output, save_steps=save_steps, evaluate=False)
    for key in ("max_length", "train_sampling_strategy"):  # GRPO draws its own captions
        del usual[key]
    usual |= {"logging_steps": 1, "per_device_eval_batch_size": recipe.generations}
    config = GRPOConfig(
        **usual,
        num_generations=recipe.generations,
        max_completion_length=recipe.max_new_tokens,
        beta=recipe.beta,
        multi_objective_aggregation=recipe.aggregation,
        reward_weights=[each.weight for each in rewards],
    )
    with in_one_line(name):
        trainer = RolloutTrainer(
            recipe=recipe,
            model=mllm.model,
            args=config,
            reward_funcs=[TrlReward(each, ends) for each in rewards],
            train_dataset=_rows(samples, open_image, prompt),
            processing_class=mllm.processor,
            peft_config=lora(mllm, recipe),
        )
    trainer.add_callback(_Keeper(trainer, output / ROLLOUTS))
    for each in callbacks:
        trainer.add_callback(each)
    if samples:
        _try(trainer, mllm, samples[0], open_image, prompt)
    return trainer


def _try(
    trainer: RolloutTrainer,
    mllm: TransformersMLLM,
    sample: Sample,
    open_image: Callable[[Sample], Image],
    prompt: str | None,
) -> None:
    """See that the log-probabilities that are trained are the model's own."""
    name = mllm.card["model"]["name"]
    asked = row(sample, prompt)["prompt"][0]["content"]
    example = Example(id=sample.id, image=str(sample.image), prompt=asked, answer=asked)
    collator = ExampleCollator(mllm, {example.id: example}, lambda each: open_image(sample))
    with in_one_line(name):
        batch = Trainer._prepare_inputs(trainer, collator([{"id": example.id}]))
    with trainer.model.disable_adapter():
        use_right_head(trainer.model.get_base_model(), batch, name)
    try_step(trainer.model, batch, name)


def _rows(
    samples: Sequence[Sample], open_image: Callable[[Sample], Image], prompt: str | None
) -> Dataset:
    """Rows whose pictures are opened when they are asked for, once for a group."""
    known = {each.id: each for each in samples}

    def opened(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        pictures = {id: open_image(known[id]) for id in dict.fromkeys(batch["id"])}
        return {**batch, "image": [pictures[id] for id in batch["id"]]}

    made = Dataset.from_list([row(each, prompt) for each in samples])
    made.set_transform(opened)
    return made
