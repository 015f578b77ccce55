"""What corrects the embedded MM-LLM, made anew for a new checkpoint of it.

The detector, the preference pairs, and the DPO and LURE adapters that ship with halluc all follow
from the model's own answers on scenes that it neither learned from nor is measured on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.workflows.data.pairs import make_pairs
from app.workflows.generate import generate
from app.workflows.measure import BATCH, TOKENS
from app.workflows.progress import Progress
from app.workflows.score import score
from app.workflows.train.detector import train_detector
from app.workflows.train.dpo import train_dpo
from app.workflows.train.lure import train_lure
from halluc.language.claims.things import load_things
from halluc.mllm import load_model
from halluc.mllm.transformers import TransformersMLLM
from halluc.tabletop.packing import pack_weights
from mitigation.precorrection import dpo
from mitigation.precorrection.lora import Tuning

MINED_FROM = 10_000
"""Scenes to mine begin here: neither held out for measuring nor trained on."""

SEEDS = (1, 2)
"""Of the sampled captions that on-policy pairs compare with each other."""

QUESTIONED = 100
"""Scenes of each split on which questions are asked."""

DPO = dpo.Recipe(
    losses=("sigmoid", "sft"), learning_rate=1e-3, batch_size=16, epochs=1.5, longest=1024
)
LURE = Tuning(learning_rate=2e-3, batch_size=16, epochs=1.5, longest=1024)


def train_corrections(
    checkpoint: Path, work: Path, mined: int, device: str, progress: Progress
) -> dict[str, int]:
    """Train detector and adapters of a checkpoint; continues an interrupted call.

    Args:
        checkpoint: folder of the model; ``adapters/dpo``, ``adapters/lure`` and ``detector.json``
            are written into it.
        work: folder of the answers that are mined.
        mined: scenes of each split to mine.
        device: as torch names it, or "auto".
        progress: called with how far it is.

    Returns:
        Seconds of this call by what was made.
    """
    name = f"hf:{checkpoint}"
    things = load_things(None)
    until = f"{MINED_FROM}-{MINED_FROM + mined - 1}"
    asked = f"{MINED_FROM}-{MINED_FROM + min(mined, QUESTIONED) - 1}"
    adapters = checkpoint / "adapters"

    def loaded() -> TransformersMLLM:
        model = load_model(name, device=device)
        assert isinstance(model, TransformersMLLM)  # noqa: S101 - a checkpoint that was just saved
        return model

    model = loaded()

    def captions(folder: str, scenes: str, seed: int | None = None) -> Path:
        drawn: dict[str, Any] = {} if seed is None else {"do_sample": True, "seed": seed}
        run = generate(
            model, f"tabletop:{scenes}", work / folder, batch_size=BATCH,
            max_new_tokens=TOKENS["caption"], progress=progress, **drawn,
        )  # fmt: skip
        score(run, "finegrained")
        return work / folder

    def answers() -> list[Path]:
        sampled = [captions(f"sampled-{seed}", f"mixed:{until}", seed) for seed in SEEDS]
        questions = work / "questions"
        run = generate(
            model, f"tabletop:mixed:{asked}", questions, task="pope", batch_size=BATCH,
            max_new_tokens=TOKENS["pope"], progress=progress,
        )  # fmt: skip
        score(run, "pope")
        return [captions("greedy", f"mixed:{until}"), *sampled, questions]

    seconds: dict[str, int] = {}

    def timed(what: str, make: Callable[[], object]) -> None:
        began = time.monotonic()
        make()
        seconds[what] = round(time.monotonic() - began)

    runs: list[Path] = []
    timed("answers to mine", lambda: runs.extend(answers()))
    broken = captions("broken", f"broken:{until}")
    detector = checkpoint / "detector.json"
    timed("detector", lambda: train_detector([str(broken)], detector, None, None, things))
    pairs = work / "pairs"
    timed("pairs", lambda: make_pairs(runs, pairs))
    timed(
        "dpo",
        lambda: train_dpo(
            loaded(), pairs, adapters / "dpo", DPO,
            images=None, save_steps=100, progress=progress,
        ),
    )  # fmt: skip
    timed(
        "lure",
        lambda: train_lure(
            loaded(), [runs[0]], adapters / "lure", LURE, things,
            detector=str(detector), threshold=0.2, statistics=None, test_share=0.05,
            images=None, save_steps=100, progress=progress,
        ),
    )  # fmt: skip
    for trained in ("dpo", "lure"):
        pack_weights(adapters / trained / "adapter_model.safetensors")
    return seconds
