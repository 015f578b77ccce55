"""A revisor trained on masked captions: what `halluc train lure` does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from app.workflows.data.pairs import captions_of, data_of, origin_of
from app.workflows.data.pictures import opener
from app.workflows.progress import Progress, silent
from app.workflows.train.adapter import Method, train_adapter
from halluc.errors import InputError
from halluc.jsonl import write_jsonl
from halluc.language.claims.things import Things
from halluc.mllm.transformers import TransformersMLLM
from halluc.records import Token
from halluc.runs import read_run
from mitigation.postcorrection.masks import read_suspicion
from mitigation.postcorrection.occurrences import read_occurrences
from mitigation.postcorrection.revisor import masked_examples
from mitigation.precorrection import sft
from mitigation.precorrection.inspected import Answered
from mitigation.precorrection.lora import Tuning
from mitigation.precorrection.pairs import split_by_picture
from mitigation.precorrection.turns import check_items

EXAMPLES = "examples.jsonl"
"""What a revisor learned from, beside it."""

LURE = Method(
    name="lure",
    title="LURE",
    curves={"loss": "loss", "mean_token_accuracy": "accuracy of tokens"},
    right="mean_token_accuracy",
    on="masked captions",
)


def train_lure(
    mllm: TransformersMLLM,
    runs: Sequence[Path],
    output: Path,
    tuning: Tuning,
    things: Things,
    *,
    detector: str | None,
    threshold: float | None,
    statistics: str | None,
    test_share: float,
    images: Path | None,
    save_steps: int,
    progress: Progress = silent,
) -> str:
    """Train a revisor on captions of runs, or go on with it; see `train_adapter`.

    Args:
        mllm: the model.
        runs: captions with findings by kind, and the truth of their pictures.
        output: folder of the adapter, its card, curves, checkpoints and examples.
        tuning: how to train.
        things: the vocabulary.
        detector: of what is masked; see `mitigation.postcorrection.masks.read_suspicion`.
        threshold: likewise.
        statistics: likewise.
        test_share: share of the pictures that are kept out of training.
        images: folder of the pictures, where the data set needs it.
        save_steps: steps between checkpoints.
        progress: called with how far it is.

    Returns:
        What was done, in a sentence.

    Raises:
        InputError: a run has no findings or no truth, or no example came out.
        ModelError: the model cannot be trained.
        RunError: no run, or the folder holds something else.
    """
    answers: list[Answered] = []
    tokens: dict[str, Sequence[Token]] = {}
    origins: list[dict[str, Any]] = []
    for number, path in enumerate(runs):
        run = read_run(path)
        if run.card.get("task") != "caption":
            raise InputError("holds no captions; a revisor learns from those", path)
        answers += captions_of(run, number)
        tokens |= {f"{number}/{each.id}": each.tokens for each in run.responses}
        origins.append(origin_of(run))
    known = read_occurrences(statistics, run, things)
    suspicion, how = read_suspicion(known, detector, threshold)
    examples = masked_examples(answers, tokens, things, suspicion, tuning.seed)
    splits = split_by_picture(examples, test_share)
    if not splits["train"]:
        raise InputError("no examples came out: in no caption was anything suspect")
    open_image = opener({"data": data_of(origins)}, images)
    digest = hashlib.sha256(b"\n".join(map(msgspec.json.encode, examples))).hexdigest()
    kinds = {kind: sum(e.kind == kind for e in examples) for kind in ("own", "injected")}
    data = {
        "examples": {"rows": len(examples), "sha256": digest, "kinds": kinds, "runs": origins},
        "masks": how,
    }

    def make() -> Any:
        write_jsonl(output / EXAMPLES, examples)
        return sft.make_trainer(mllm, splits, open_image, tuning, output, save_steps=save_steps)

    return train_adapter(
        mllm, output, LURE, tuning, data,
        check=lambda: check_items(mllm, examples, open_image, tuning.longest),
        make=make,
        progress=progress,
    )  # fmt: skip
