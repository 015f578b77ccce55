"""`halluc train grpo`: a LoRA adapter trained on rewards of its own captions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.options import VOCABULARY
from app.cli.progress import bars
from app.cli.train.options import report, trainable, tuning
from halluc.datasets.load import NAMED


@click.command()
@click.option("--data", required=True, help=f"Pictures whose truth is known: {NAMED}.")
@click.option(
    "--reward",
    "rewards",
    multiple=True,
    metavar="NAME[=WEIGHT]",
    help="What is rewarded, may repeat: object-hallucination, object-coverage (and attribute-, "
    "relation-), end, repetition, length:LOW-HIGH, judge:M, MODULE:FUNCTION. [all but the last "
    "three]",
)
@click.option(
    "--generations",
    type=click.IntRange(min=2),
    default=8,
    show_default=True,
    help="Captions of each picture, which are compared; --batch-size counts captions.",
)
@click.option(
    "--aggregation",
    type=click.Choice(["sum_then_normalize", "normalize_then_sum"]),
    default="sum_then_normalize",
    show_default=True,
    help="Normalise the sum of the rewards in each group, or each reward before it is summed.",
)
@click.option(
    "--beta",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="How strongly the adapter is held to the model as it is (KL).",
)
@click.option("--max-new-tokens", type=click.IntRange(min=1), default=256, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="The first N pictures only.")
@click.option("--prompt", help="What to ask instead of the data set's own or the default.")
@click.option(
    "--shuffle-rewards",
    "shuffle",
    is_flag=True,
    help="The control: deal a group's rewards by chance.",
)
@VOCABULARY
@tuning(learning_rate=1e-5)
def grpo(
    *,
    data: str,
    rewards: tuple[str, ...],
    output: Path,
    generations: int,
    aggregation: Any,
    beta: float,
    max_new_tokens: int,
    limit: int | None,
    prompt: str | None,
    shuffle: bool,
    vocabulary: Path | None,
    images: Path | None,
    save_steps: int,
    **given: Any,
) -> None:
    """Train a LoRA adapter of a model on rewards of its own captions (GRPO), by TRL.

    The model describes each picture several times. What is found in the captions, compared with
    the ground truth, rewards each of them, and what is better than its group becomes likelier.
    """
    with trainable(given) as (mllm, settings):
        from app.workflows.train.grpo import train_grpo
        from mitigation.precorrection.grpo import Recipe
        from mitigation.precorrection.rewards import USUAL
    recipe = Recipe(
        rewards=rewards or USUAL,
        generations=generations,
        aggregation=aggregation,
        beta=beta,
        max_new_tokens=max_new_tokens,
        shuffle=shuffle,
        **settings,
    )
    with bars() as progress:
        done = train_grpo(
            mllm, data, output, recipe,
            images=images, save_steps=save_steps, limit=limit, prompt=prompt,
            vocabulary=vocabulary, progress=progress,
        )  # fmt: skip
    report(done)
