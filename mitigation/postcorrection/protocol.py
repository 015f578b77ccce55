"""What a reviser brings; `halluc revise`, its options and the docs are made from it.

A reviser is one subclass of `Reviser`, found by the entry point ``halluc.revisers``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from halluc.errors import InputError
from halluc.language.claims.things import Things
from halluc.options import check_options
from halluc.runs import Run
from mitigation.postcorrection.revisions import Revise


@dataclass(frozen=True)
class Prepared:
    """A reviser made ready for a run.

    Attributes:
        revise: revises captions of one batch, with their pictures, a model and the vocabulary.
        card: what a result card says of it.
    """

    revise: Revise
    card: dict[str, Any]


class Reviser(msgspec.Struct, frozen=True, kw_only=True):
    """A method of post-correction, with its options as fields (see `halluc.options`).

    Attributes:
        name: as ``halluc revise`` calls it; also the name of its entry point.
        title, summary, paper: what it is called, what it does in a line, where it is published.

    Raises:
        InputError: an option is out of its range.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    paper: ClassVar[str] = ""

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def in_one_process(self) -> bool:
        """Whether it cannot be spread over machines."""
        return False

    def asks(self, original: Run) -> str:
        """The name of the model that is asked about a run's pictures.

        Raises:
            InputError: it is not known.
        """
        return model_of(original)

    def prepare(
        self, original: Run, things: Things, *, dtype: str = "auto", device: str = "auto"
    ) -> Prepared:
        """Make ready for a run.

        Args:
            original: what is revised.
            things: the vocabulary.
            dtype: of models that are loaded here; see `halluc.mllm.load_model`.
            device: likewise.

        Raises:
            InputError: a file cannot be read, or options do not go together.
            ModelError: a model cannot be loaded.
        """
        raise NotImplementedError


def model_of(original: Run) -> str:
    """The model that wrote a run's captions.

    Raises:
        InputError: the card names none.
    """
    model = original.card.get("model")
    name = str(model.get("name", "")) if isinstance(model, dict) else ""
    if not name:
        what = "its card names no model; give the --model to ask"
        raise InputError(what, original.path)
    return name
