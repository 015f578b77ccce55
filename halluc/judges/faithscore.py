"""FaithScore's last stage: a model that sees the picture is asked whether each fact is right.

Source: Jing et al. 2024 (arXiv:2311.01477); its prompt asks the same in other words. The facts are
those of `halluc.judges.facts`.
"""

from __future__ import annotations

from pathlib import Path

from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.errors import InputError
from halluc.judges.facts import facts_of
from halluc.judges.texts import answer_of, opener, read_texts, shown
from halluc.language.claims.reader import read_claims
from halluc.records import Sample

PROMPT = "Statement: {} Does the image show that this statement is right? Answer yes or no."
"""What a judge is asked."""


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The prompts on what captions state.

    Args:
        path: a run of captions, or a file of them.
        images: folder of the pictures; default: that of the run's data, or of the file.

    Returns:
        Samples with ids such as "391895/3", the third fact of the caption of 391895; their split is
        the category of the fact.

    Raises:
        RunError: the folder is no run.
        InputError: the captions cannot be read, or state nothing that can be judged.
    """
    path = Path(path)
    run, texts = read_texts([str(path)])
    read = read_claims(answer_of(answer) for _, answer in texts)
    samples: list[Sample] = []
    originals: dict[str, Sample] = {}
    for (original, answer), claims in zip(texts, read, strict=True):
        for number, fact in enumerate(facts_of(answer_of(answer), claims), 1):
            id = fact_id(original.id, number)
            originals[id] = original
            image = original.image or original.id
            samples.append(
                Sample(id=id, image=image, prompt=prompt_of(fact.statement), split=fact.category)
            )
    if not samples:
        raise InputError("no caption states anything that can be judged", path)
    file = run.path / "responses.jsonl" if run else path
    card = {"files": [file_card(file, len(texts))]}
    return Dataset(
        f"faithscore-judge:{path}", samples, shown(originals, opener(run, path, images)), card
    )


def fact_id(caption: str, number: int) -> str:
    """The id of the prompt on a fact of a caption, from 1."""
    return f"{caption}/{number}"


def prompt_of(statement: str) -> str:
    """What the judge is asked about a statement."""
    return PROMPT.format(statement)
