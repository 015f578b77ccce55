"""What a file or folder is that somebody gave for something else, and where it belongs.

Asked once something could not be read or joined, so that the message says what was given and which
command wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from halluc.datasets.files import read_rows
from halluc.datasets.keys import ANSWERS, IDS
from halluc.datasets.mme import TASKS, has_results
from halluc.errors import InputError

_LOOKED_AT = 50
_CHOICE = re.compile(r"\W*[A-E]\b\W*", re.ASCII)
_YES_OR_NO = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


def answers_hint(source: str, metric: str, *, captions: bool) -> str:
    """What a file of answers is and who scores it; empty where it may well be what is wanted.

    Args:
        source: the file or folder.
        metric: the metric that could not use it.
        captions: whether that one wants captions.
    """
    path = Path(source)
    what, right = answers_kind(path)
    if not what or metric in right or (captions and "captions" in right):
        return ""
    if not captions and "questions" in right:
        return ""
    commands = {"captions": "chair", "questions": "pope"}
    name = commands.get(right[0], right[0]) if right else ""
    return f"{source} holds {what}" + (f": halluc score {name} {source}" if name else "")


def truth_hint(source: str, metric: str) -> str:
    """What a ground truth is and how it is named; empty where it may well be what is wanted."""
    named = source
    if ":" in source and not Path(source).exists():
        source = source.partition(":")[2]
    path = Path(source)
    what, right, how = _truth(path)
    told = metric in right or how == f"write {named}"
    return f"{source} is {what}: {how}" if what and not told else ""


def answers_kind(path: Path) -> tuple[str, tuple[str, ...]]:
    """What a file of answers holds, and the metrics, or "captions" or "questions", for it.

    Both are empty where it cannot be seen.
    """
    if path.is_dir():
        return ("MME's answers", ("mme",)) if has_results(path) else ("", ())
    rows = _rows(path)
    keys = rows[0].keys() if rows else set[str]()
    ids = [str(row.get("question_id", row.get("id", ""))) for row in rows]
    texts = [text for row in rows if (text := _text(row)) is not None]
    kinds = (
        (
            {"category_id", "bbox"} <= keys,
            "COCO's annotations, no answers",
            (),
        ),
        (
            {"gt_answer_details", "gt_answer"} <= keys,
            "HallusionBench's questions and answers",
            ("hallusionbench",),
        ),
        (
            {"question_type", "question_topic"} <= keys,
            "MMHal-Bench's questions and answers",
            ("mmhal",),
        ),
        ({"img_id", "object_name", "gt"} <= keys, "DASH-B's answers", ("dash-b",)),
        ({"query_prompt", "relation_type"} <= keys, "Reefknot's questions", ("reefknot",)),
        ({"orig_img", "edited_img"} <= keys, "MERLIM's questions, no answers", ()),
        ("orig_img" in keys and not texts, "BEAF's questions, no answers", ()),
        ({"yes_question", "no_question"} <= keys, "PhD's questions, no answers", ()),
        (
            {"question", "label", "prediction"} <= keys and str(rows[0]["label"]) in "ABCDE",
            "HumbleBench's results",
            ("humblebench",),
        ),
        ("stage 2" in keys, "FaithScore's facts with verdicts", ("faithscore",)),
        (
            {"instruction", "output"} == keys or "reference caption" in keys,
            "captions for HaELM's judge, to be named by --data haelm:FILE for halluc generate",
            (),
        ),
        ("choices" in keys, "a judge's replies to MMHal-Bench", ("mmhal",)),
        (bool(ids) and {id.partition("/")[0] for id in ids} <= {*TASKS}, "MME's answers", ("mme",)),
        (bool(rows) and not texts and "label" in keys, "questions, no answers", ()),
        (_most(texts, _YES_OR_NO.match), "yes/no answers", ("questions",)),
        (
            _most(texts, _CHOICE.fullmatch),
            "answers to questions of choice",
            ("mcq-pope", "reefknot"),
        ),
        (
            _most(texts, lambda text: len(text.split()) > 3),
            "captions",
            ("captions", "amber", "mmhal", "hallusionbench"),
        ),
    )
    return next(((what, right) for holds, what, right in kinds if holds), ("", ()))


def _most(texts: Sequence[str], holds: Callable[[str], object]) -> bool:
    return 5 * sum(bool(holds(text)) for text in texts) > 4 * len(texts)


def _truth(path: Path) -> tuple[str, tuple[str, ...], str]:
    """What a truth is, the metrics that take it so, and how it is named right."""
    about = "it tells what is in pictures, for halluc score chair or finegrained"
    captioned = ("chair", "finegrained")
    kinds: tuple[tuple[bool, str, tuple[str, ...], str], ...]
    if path.is_dir():
        amber = (path / "annotations.json").is_file() and (path / "relation.json").is_file()
        coco = any(path.glob("instances_*.json")) or (path / "annotations").is_dir()
        mme = any((path / task).is_dir() for task in TASKS) or has_results(path)
        kinds = (
            (coco, "a folder of COCO annotations", captioned, about),
            (amber, "AMBER's folder", ("amber",), f"halluc score amber … --truth {path}"),
            ((path / "objects.json").is_file(), "a Visual Genome folder", (), f"write vg:{path}"),
            (mme, "a folder of MME", ("mme",), f"halluc score mme … --truth {path}"),
            (
                any(path.glob("*pope*.json*")),
                "a folder of POPE's questions",
                (),
                "name the files in it, each by a --truth of its own",
            ),
        )
    else:
        rows = _rows(path)
        row: Mapping[str, Any] = rows[0] if rows else {}
        asked = {"label", "text", "question_id"} <= row.keys()
        choice = asked and str(row["label"]) in "ABCDE"
        table = bool(row) and not row.keys() & {*IDS}
        what = "a file of questions with right answers"
        kinds = (
            (
                {"category_id", "bbox"} <= row.keys(),
                "one of COCO's annotation files",
                captioned,
                "name the folder that it lies in, for halluc score chair or finegrained",
            ),
            (
                {"orig_img", "edited_img"} <= row.keys(),
                "MERLIM's questions",
                ("merlim",),
                "halluc score merlim … --truth",
            ),
            ("orig_img" in row, "BEAF's questions", ("beaf",), "halluc score beaf … --truth"),
            (
                {"yes_question", "no_question"} <= row.keys(),
                "PhD's questions",
                ("phd",),
                "halluc score phd … --truth",
            ),
            (
                {"query_prompt", "relation_type"} <= row.keys(),
                "Reefknot's questions",
                ("reefknot",),
                "halluc score reefknot … --truth",
            ),
            (choice, what, ("mcq-pope", "reefknot"), "halluc score mcq-pope … --truth"),
            (asked, what, ("pope",), "halluc score pope … --truth"),
            (
                table and all(isinstance(each, list) for each in row.values()),
                "a table of objects by picture",
                captioned,
                about,
            ),
        )
    found = ((what, right, how) for holds, what, right, how in kinds if holds)
    return next(found, ("", (), ""))


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        return [row for _, row in islice(read_rows(path, dict[str, Any]), _LOOKED_AT)]
    except InputError:
        return []


def _text(row: Mapping[str, Any]) -> str | None:
    """What a row's model said; a "text" beside a label is what was asked."""
    told = next((row[name] for name in ANSWERS if isinstance(row.get(name), str)), None)
    if told is None and "label" not in row and isinstance(row.get("text"), str):
        return str(row["text"])
    return told
