"""Tasks: what an MM-LLM is asked for a metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from halluc.errors import InputError
from halluc.records import Sample


@dataclass(frozen=True)
class Task:
    """What an MM-LLM is asked, as ``generate --task`` names it.

    Attributes:
        name: of the task.
        asks: what there must be in the data, in words.
        fits: whether a sample can be asked about.
        prompt: the instruction where neither user nor data set gives one; None: the samples' own.
        answers: short answers whose probabilities are kept with each response.
        bare: a question without the instruction that the data set puts at its end, for a user's
            prompt with its own.
    """

    name: str
    asks: str
    fits: Callable[[Sample], bool] = lambda sample: True
    prompt: str | None = None
    answers: tuple[str, ...] = ()
    bare: Callable[[str], str] = str

    def ask(self, prompt: str | None) -> Callable[[Sample], str]:
        """What to ask about a sample.

        Args:
            prompt: what the user asks; with questions, {question} stands for the question.

        Raises:
            InputError: the prompt of a task of questions has no place for the question, or the
                terminal gave it in another encoding.
        """
        if prompt is not None and any("\ud800" <= each <= "\udfff" for each in prompt):
            raise InputError(f"--prompt is no text in UTF-8: {prompt!r}")
        if self.prompt is not None:
            return partial(_described, prompt, self.prompt)
        if prompt is not None and "{question}" not in prompt:
            raise InputError(
                f"--prompt with --task {self.name} must hold {{question}}, unlike {prompt!r}"
            )
        return partial(_question, prompt, self.bare)


def _described(prompt: str | None, usual: str, sample: Sample) -> str:
    return prompt or sample.prompt or usual


def _question(prompt: str | None, bare: Callable[[str], str], sample: Sample) -> str:
    if prompt is None:
        return sample.prompt or ""
    return prompt.replace("{question}", bare(sample.prompt or ""))


def has_label(sample: Sample) -> bool:
    """Whether a sample is a yes/no question whose right answer is known."""
    return bool(sample.prompt and sample.truth and sample.truth.label)


CAPTION = Task("caption", "samples", prompt="Describe this image in detail.")
"""Describe the picture."""
