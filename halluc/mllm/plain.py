"""Prompt forms of families whose processors come without a chat template, as their authors ask."""

from __future__ import annotations

from typing import Any

from halluc.errors import ModelError

# PaliGemma takes the instruction alone, its processor adds what stands around it; LLaVA 1.5 was
# tuned on dialogues; BLIP-2 and Kosmos-2 (arXiv:2301.12597, 2306.14824) were asked as here,
# InstructBLIP (2305.06500) takes the instruction as it is, Fuyu (its model card) with a new line,
# Chameleon (2405.09818) a picture and a text, whose turn its processor ends. GIT (2205.14100) goes
# on from the question behind its [CLS]; BLIP (2201.12086) goes on from the beginning of a caption.
FORMS = {
    "paligemma": "<image>{}",
    "llava": "USER: <image>\n{} ASSISTANT:",
    "blip-2": "Question: {} Answer:",
    "instructblip": "{}",
    "blip": "{}",
    "git": "[CLS]{}",
    "kosmos-2": "Question: {} Answer:",
    "fuyu": "{}\n",
    "chameleon": "<image>{}",
}
"""By type of model; ``<image>`` is where the picture comes, if that is told at all."""


def check_form(model_type: str, name: str) -> None:
    """See that a family without a chat template has a form.

    Raises:
        ModelError: it has none.
    """
    if model_type not in FORMS:
        raise ModelError(
            f"{name}: no chat template comes with it, and no plain form of prompt is known for "
            f"{model_type!r} models; give a template with --chat-template FILE"
        )


def as_asked(model_type: str, prompt: str, *, picture: bool) -> str:
    r"""A prompt in its family's form.

    >>> as_asked("llava", "Is there a dog?", picture=True)
    'USER: <image>\nIs there a dog? ASSISTANT:'
    """
    form = FORMS[model_type]
    if not picture:
        form = form.replace("<image>\n", "").replace("<image>", "")
    return form.replace("{}", prompt)


def as_answered(model_type: str, text: str) -> str:
    """An answer as it stands behind a prompt of that form."""
    return f" {text}" if FORMS[model_type].endswith(":") else text


def tokenized(model_type: str) -> dict[str, Any]:
    """How a family's processor is to tokenize its form."""
    # A question that GIT goes on from has no [SEP] behind it.
    return {"add_special_tokens": False} if model_type == "git" else {}
