"""HallusionBench: answers as prompts to a judge, who is told the right answer in a sentence.

Source: Guan et al. 2024 (arXiv:2310.14566); ``utils.py`` of
https://github.com/tianyi-lab/HallusionBench. The prompt asks for the same verdicts as the published
one, in other words, so figures of it are not those of the paper. The judge sees no picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from halluc.datasets import Dataset
from halluc.datasets.files import file_card
from halluc.datasets.haelm import no_picture
from halluc.datasets.hallusionbench import Recorded, read_recorded
from halluc.datasets.questions import answered_run
from halluc.errors import InputError
from halluc.records import Sample, Truth

FORM = "hallusionbench-judge"
"""Of the data: ``hallusionbench-judge:ANSWERS``."""

PROMPT = """\
Does this answer to a question agree with the right answer? You do not see the picture that the \
question is about, and need not.

Question: {question}
Right answer: {right}
Answer: {answer}

Reply with one word:
correct, if the answer says the same as the right answer in what was asked;
incorrect, if it says something else or contradicts the right answer;
unclear, if it says neither, or that nobody can tell."""
"""What a judge is asked."""


def load(path: str | Path, images: Path | None = None) -> Dataset:
    """The prompts on the answers of a file in HallusionBench's form, or of a run.

    Args:
        path: the file, or the folder of the run.
        images: not needed: the judge sees no picture.

    Returns:
        Samples with the questions' ids and categories, without pictures; their label says whether
        people took the answer for right, where the file has their verdicts ("no": wrong or
        unclear).

    Raises:
        RunError, InputError: file or run cannot be read, or lacks answers or right answers.
    """
    source = Path(path)
    card: dict[str, Any]
    if (source / "run.json").is_file():
        run, file = answered_run(source, "hallusionbench")
        texts = {each.id: each.text for each in run.responses}
        rows = [
            each._replace(text=texts[each.sample.id], verdict=None)
            for each in read_recorded(file)
            if each.sample.id in texts
        ]
        card = {"answers of": {"model": run.card.get("model"), "samples": run.card.get("samples")}}
    else:
        file, rows, card = source, read_recorded(source), {}
    samples = [_prompt(each, file) for each in rows]
    card |= {"files": [file_card(file, len(samples))]}
    return Dataset(f"{FORM}:{path}", samples, no_picture, card)


def _prompt(row: Recorded, file: Path) -> Sample:
    if row.text is None:
        what = f'{row.sample.id} has no answer: give it as "model_prediction"'
        raise InputError(what, file, row.line)
    if not row.details:
        what = f'{row.sample.id} has no "gt_answer_details", which the judge is told'
        raise InputError(what, file, row.line)
    return Sample(
        id=row.sample.id,
        prompt=PROMPT.format(question=row.sample.prompt, right=row.details, answer=row.text),
        split=row.sample.split,
        truth=None if row.verdict is None else Truth(label="yes" if row.verdict == 1 else "no"),
    )
