"""Small answers for each metric, and the tables that `halluc score` prints of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import readers

SAID: dict[str, Any] = {
    "amber_d.json": [{"id": 2, "response": "No"}, {"id": 3, "response": "No"}],
    "beaf_d.json": [
        {"id": each["id"], "answer": text}
        for each, text in zip(readers.BEAF, ("No.", "Yes.", "No.", "Yes."), strict=True)
    ],
    "dash_d.json": [
        each | {"response": text}
        for each, text in zip(readers.DASH, ("Yes.", "No.", "No.", "Yes."), strict=True)
    ],
    "humble.jsonl": [
        {"label": label, "question": "Which? A. a cup", "type": type, "question_id": n,
         "image": {"bytes": None, "path": f"{n}.jpg"}, "prediction": text}
        for n, (label, type, text) in enumerate([
            ("A", "Object", "A. a cup"), ("E", "Object", "A or E"), ("E", "Relation", "B")])
    ],
    "second.jsonl": [
        {"question_id": n, "image": "2.jpg", "text": "What?\nA. dog", "label": label}
        for n, label in ((0, "A"), (1, "D"))
    ],
    "mcq_d.jsonl": [
        {"question_id": n % 2, "prompt": f"{'Which' if n < 2 else 'What'}?\nA. dog", "text": text}
        for n, text in enumerate(("A. dog", "B", "C", "E"))
    ],
    "YESNO_d.jsonl": readers.REEFKNOT,
    "pope_d.jsonl": [
        {"question_id": n, "text": text}
        for n, text in enumerate(("Yes", "Maybe", "There is not", "No"), 1)
    ],
    "long.jsonl": [{"question_id": n, "image": "1.jpg", "text": "Is there a dog in the image?",
                    "label": "no"} for n in range(1, 23)],
    "long_d.jsonl": [{"question_id": n, "text": "It is not clear" if n % 2 else "Maybe"}
                     for n in range(1, 23)],
    "labels.jsonl": [
        {"instruction": f"reference captions:\nA dog.\nour caption:\nA {name}.\n\nIs our "
                        "caption accurate?\n", "output": label}
        for name, label in (("dog", "yes"), ("cat", "no"), ("bus", "no"))
    ],
    "verdicts.jsonl": [
        {"id": f"{n}", "text": text} for n, text in enumerate(("yes", "no", "yes"), 1)
    ],
    "german.jsonl": [{"question_id": n, "text": "Ja, ein Hund."} for n in range(1, 23)],
}  # fmt: skip
HAELM = ("generate", "--model", "replay:replies.jsonl", "--data", "haelm:haelm.jsonl", "--task",
         "haelm", "-o", "haelm")  # fmt: skip
LABELS = ("generate", "--model", "replay:verdicts.jsonl", "--data", "haelm:labels.jsonl", "--task",
          "haelm", "-o", "labels")  # fmt: skip
MMHAL = ("generate", "--model", "replay:replies0.jsonl", "--data", "mmhal:mmhal.json", "--task",
         "mmhal", "-o", "mmhal")  # fmt: skip
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("score", "amber", "amber_d.json", "--truth", "AMBER", "--evaluation-type", "d"),
    ("score", "beaf", "beaf_d.json", "--truth", "beaf.json"),
    ("score", "chair", "captions.jsonl", "--truth", "objects.json", "--show", "2"),
    ("score", "dash-b", "dash_d.json"),
    ("score", "finegrained", "captions.jsonl", "--truth", "truths.jsonl"),
    HAELM,
    ("score", "haelm", "haelm"),
    LABELS,
    ("score", "haelm", "labels"),
    ("score", "hallusionbench", "hallusion.json"),
    ("score", "humblebench", "humble.jsonl"),
    ("score", "mcq-pope", "mcq_d.jsonl", "--truth", "mcq.jsonl", "--truth", "second.jsonl"),
    ("score", "mme", "mme"),
    MMHAL,
    ("score", "mmhal", "mmhal"),
    ("score", "pope", "pope_d.jsonl", "--truth", "questions.jsonl"),
    ("score", "pope", "pope_d.jsonl", "--truth", "questions.jsonl", "--parser", "all"),
    ("score", "pope", "long_d.jsonl", "--truth", "long.jsonl", "--parser", "all"),
    ("score", "pope", "long_d.jsonl", "--truth", "long.jsonl", "--parser", "lmms-eval"),
    ("score", "pope", "german.jsonl", "--truth", "long.jsonl"),
    ("score", "reefknot", "YESNO_d.jsonl"),
)


def write(folder: Path) -> None:
    """Write what the commands read."""
    readers.write(folder)
    for name, rows in SAID.items():
        lines = name.endswith("l")
        (folder / name).write_bytes(readers.lines(rows) if lines else json.dumps(rows).encode())


def printed(run: Callable[..., tuple[int, str, str]]) -> str:
    """Each command with what it prints, without the result card.

    Args:
        run: runs a command and gives exit code, stdout and stderr.
    """
    shown = []
    for command in COMMANDS:
        code, out, err = run(*command)
        assert code == 0, err
        if command[0] != "score":
            continue
        table, _, rest = out.partition("\nmetric: ")  # the result card
        below = rest.partition("\nversions: ")[2].partition("\n")[2]
        lines = (line.rstrip() for line in f"{table}{below}".splitlines())
        shown += [f"$ halluc {' '.join(command)}", *lines, ""]
    return "\n".join(shown)
