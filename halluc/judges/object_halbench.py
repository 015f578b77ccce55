"""Object HalBench's extraction: a language model lists the objects that a text says are there.

Source: Yu et al. 2024, "RLHF-V" (arXiv:2312.00849), ``eval_gpt_obj_halbench.py`` of
https://github.com/RLHF-V/RLHF-V. Its judge, gpt-3.5-turbo-0613, is retired; the prompt here asks
the same in other words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.judges.texts import answer_of, read_texts
from halluc.records import Sample

PROMPT = """\
Here is a text that describes a picture. List every kind of object, person and animal that the \
text says is in the picture, as nouns of one or two words in singular, with commas between them. \
Leave out what the text only supposes, asks for, or says is missing. If there is nothing, \
write "none".

Text: {}
Objects:"""
"""What a judge is asked."""

_PARTING = re.compile(r"[,;\n\[\]]+")
_AROUND = " \t\r'\"`*-•.:()0123456789"


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The prompts on captions.

    Args:
        path: a run of captions, or a file of them.
        images: not needed: the judge sees no picture.

    Returns:
        Samples with the captions' ids.

    Raises:
        RunError: the folder is no run.
        InputError: the captions cannot be read.
    """
    path = Path(path)
    run, texts = read_texts([str(path)])
    samples = [Sample(id=each.id, prompt=prompt_of(answer_of(answer))) for each, answer in texts]
    file = run.path / "responses.jsonl" if run else path
    card = {"files": [file_card(file, len(texts))]}
    return Dataset(f"object-halbench-judge:{path}", samples, _no_picture, card)


def prompt_of(text: str) -> str:
    """What the judge is asked about a caption."""
    return PROMPT.format(" ".join(text.split()))


def read_listed(reply: str) -> list[str]:
    """The things that a reply lists, in lower case: by commas, by lines, or as a list of JSON.

    >>> read_listed('["Dog", "wine glass"]'), read_listed("1. dog, 2. cup"), read_listed("None.")
    (['dog', 'wine glass'], ['dog', 'cup'], [])
    """
    parts = (each.strip(_AROUND).lower() for each in _PARTING.split(reply))
    return [each for each in parts if each and each not in ("none", "json", "no objects")]


def _no_picture(sample: Sample) -> Any:
    raise InputError(f"sample {sample.id!r} has no picture: this judge sees none")
