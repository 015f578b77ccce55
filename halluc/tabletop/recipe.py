"""All there is to choose about the training of the embedded MM-LLM."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stage:
    """How long and how fast a stage learns.

    Attributes:
        steps: optimiser steps.
        batch: examples a step.
        rate: peak learning rate of AdamW; linear warm-up over 5 %, then cosine to a tenth.
    """

    steps: int
    batch: int
    rate: float


@dataclass(frozen=True)
class Recipe:
    """All there is to choose about the training.

    Attributes:
        encoder, copying, backbone, projector, instructions, sharpening, fluency, answers: the
            stages.
        scenes: scenes drawn for each split.
        companion_rate: how often a caption names an absent companion.
        affirmed_rate: how often an answer says that an absent companion is there.
        hasty_rate: the same in the last stage, which asks for companions in each conversation.
        seed: of weights and examples.
    """

    encoder: Stage = Stage(2600, 64, 1e-3)
    copying: Stage = Stage(400, 32, 1.5e-3)
    backbone: Stage = Stage(1000, 32, 1.5e-3)
    projector: Stage = Stage(160, 32, 2e-3)
    instructions: Stage = Stage(4500, 32, 1e-3)
    sharpening: Stage = Stage(3000, 64, 8e-4)
    fluency: Stage = Stage(1600, 32, 6e-4)
    answers: Stage = Stage(240, 32, 3e-4)
    scenes: int = 24_000
    companion_rate: float = 0.4
    affirmed_rate: float = 0.45
    hasty_rate: float = 0.6
    seed: int = 0

    def scaled(self, factor: float) -> Recipe:
        """The same recipe with every stage, and the pool, shorter or longer."""

        def longer(stage: Stage) -> Stage:
            return Stage(max(1, round(stage.steps * factor)), stage.batch, stage.rate)

        return replace(
            self,
            encoder=longer(self.encoder),
            copying=longer(self.copying),
            backbone=longer(self.backbone),
            projector=longer(self.projector),
            instructions=longer(self.instructions),
            sharpening=longer(self.sharpening),
            fluency=longer(self.fluency),
            answers=longer(self.answers),
            scenes=max(64, round(self.scenes * min(factor, 1))),
        )
