"""GRPO on rewards from findings: what `halluc train grpo` does."""

from __future__ import annotations

import hashlib
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from transformers import TrainerCallback

from app.workflows.progress import Progress, silent
from app.workflows.train.adapter import Method, train_adapter
from halluc.datasets.load import load_dataset
from halluc.errors import InputError
from halluc.jsonl import write_atomically
from halluc.language.claims.things import load_things
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Sample, Truth
from mitigation.precorrection import grpo
from mitigation.precorrection.measures import Reading
from mitigation.precorrection.rewards import rewarded, row
from mitigation.precorrection.sft import Example
from mitigation.precorrection.turns import check_items

GRPO = Method(
    name="grpo",
    title="GRPO",
    curves={
        "reward": "reward",
        "completions/mean_length": "tokens a caption",
        "entropy": "entropy",
        grpo.ZERO_VARIANCE: "groups of one reward",
    },
    right="reward",
    on="pictures whose truth is known",
    note="reward {:.3f}",
)

PAGE = 20
"""Groups on the page."""


def train_grpo(
    mllm: TransformersMLLM,
    data: str,
    output: Path,
    recipe: grpo.Recipe,
    *,
    images: Path | None,
    save_steps: int,
    limit: int | None = None,
    prompt: str | None = None,
    vocabulary: Path | None = None,
    progress: Progress = silent,
) -> str:
    """Train an adapter on rewards of its own captions; see `train_adapter`.

    Args:
        mllm: the model.
        data: data set whose truth is known, as `load_dataset` names it.
        output: folder of the adapter; ``rollouts.jsonl`` has the first group of captions of each
            step, ``page.html`` some of them with their wrong words marked.
        recipe: how to train.
        images: folder of the pictures, where the data set needs it.
        save_steps: steps between checkpoints.
        limit: the first so many pictures.
        prompt: what to ask instead of the data set's own.
        vocabulary: file of things and the words for them, beside COCO's 80 classes.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: the data do not say what is in their pictures, or one cannot be read.
        ModelError: the model cannot be trained.
        SampleError: a reward cannot be worked out; the line has the sample's id.
        RunError: the folder holds something else.
    """
    dataset = load_dataset(data, images)
    samples = rewarded(dataset, limit)
    room = recipe.longest - recipe.max_new_tokens
    if room < 1:
        raise InputError(
            f"--max-length {recipe.longest} leaves no room for a prompt before "
            f"{recipe.max_new_tokens} new tokens"
        )
    if len(samples) < recipe.groups:
        raise InputError(
            f"{dataset.name} gives {len(samples)} pictures, fewer than the {recipe.groups} of a "
            "step: --batch-size x --accumulate / --generations"
        )
    things, rows = load_things(vocabulary), [row(each, prompt) for each in samples]
    asked = [
        Example(id=each.id, image=str(each.image), answer="a", prompt=said["prompt"][0]["content"])
        for each, said in zip(samples, rows, strict=True)
    ]
    known = {each.id: each for each in samples}
    told = {
        "name": dataset.name,
        "rows": len(samples),
        "prompt": prompt,
        "vocabulary": things.name,
        "sha256": hashlib.sha256(msgspec.json.encode([things.sha256, *rows])).hexdigest(),
    }
    return train_adapter(
        mllm, output, GRPO, recipe, {"examples": told},
        check=lambda: check_items(
            mllm, asked, lambda each: dataset.open_image(known[each.id]), room
        ),
        make=lambda: _trainer(
            mllm, samples, dataset.open_image, recipe, output,
            save_steps=save_steps, prompt=prompt, vocabulary=vocabulary,
        ),
        progress=progress,
    )  # fmt: skip


def _trainer(
    mllm: TransformersMLLM,
    samples: list[Sample],
    open_image: Any,
    recipe: grpo.Recipe,
    output: Path,
    **more: Any,
) -> grpo.RolloutTrainer:
    """The trainer, which writes the page beside its roll-outs."""
    trainer = grpo.make_trainer(mllm, samples, open_image, recipe, output, **more)
    truths = {each.id: each.truth or Truth() for each in samples}
    trainer.add_callback(_Pages(trainer, truths, output / "page.html", more["vocabulary"]))
    return trainer


class _Pages(TrainerCallback):  # type: ignore[misc]
    """Writes the page of roll-outs with each checkpoint, and at the end."""

    def __init__(
        self,
        trainer: grpo.RolloutTrainer,
        truths: dict[str, Truth],
        file: Path,
        vocabulary: Path | None,
    ) -> None:
        self.trainer, self.truths, self.file = trainer, truths, file
        self.vocabulary = vocabulary

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """One step more."""
        at_end = state.global_step >= state.max_steps
        if state.is_world_process_zero and (at_end or state.global_step % args.save_steps == 0):
            content = page(self.trainer.rollouts, self.truths, self.vocabulary)
            write_atomically(self.file, [content.encode()])


def page(
    rollouts: list[grpo.Rollout], truths: dict[str, Truth], vocabulary: Path | None = None
) -> str:
    """Groups of captions from all of a training, the best first, wrong words marked."""
    groups = [list(some) for _, some in groupby(rollouts, key=lambda each: each.step)]
    last = len(groups) - 1
    chosen = {*range(0, last, -(-last // (PAGE - 1)) or 1), last} if groups else set()
    parts = []
    for some in (groups[place] for place in sorted(chosen)):
        ranked = sorted(some, key=lambda each: -(each.total or 0.0))
        rows = "\n".join(_row(each, truths[each.id], vocabulary) for each in ranked)
        parts.append(
            f"<h2>step {some[0].step}, {escape(some[0].id)}</h2>\n<table>\n{rows}\n</table>"
        )
    tables = "\n".join(parts)
    return (
        '<!doctype html><meta charset="utf-8"><title>Roll-outs</title>\n'
        "<style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto}h2{font-size:1em}"
        "td{padding:.4em;vertical-align:top;border-top:1px solid #ddd}td:first-child{white-space:"
        "nowrap}.bad{color:#b3400a;text-decoration:underline}</style>\n"
        "<p>Captions that were drawn in training, of some pictures all of a group, with the sum of "
        f"their rewards and each of them. Hallucinated words are underlined.</p>\n{tables}\n"
    )


def _row(each: grpo.Rollout, truth: Truth, vocabulary: Path | None) -> str:
    """A caption with its rewards, as a row."""
    findings = Reading(each.text, truth, each.id, vocabulary=vocabulary).findings
    wrong = sorted({(f.claim.start, f.claim.end) for f in findings if f.verdict == "hallucinated"})
    pieces, last = [], 0
    for start, end in wrong:
        if start < last:  # it lies in the one before
            continue
        pieces += [escape(each.text[last:start])]
        pieces += [f'<b class="bad">{escape(each.text[start:end])}</b>']
        last = end
    text = "".join([*pieces, escape(each.text[last:])])
    told = ", ".join(
        f"{escape(name)} {value:.2f}" for name, value in each.rewards.items() if value is not None
    )
    sum_ = "undefined" if each.total is None else f"{each.total:.2f}"
    return f"<tr><td>{sum_}</td><td>{text}<br><small>{told}</small></td></tr>"
