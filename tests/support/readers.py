"""A folder with a small good file of every form that is read, and the command that reads each."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAMES = ("dog", "bus", "cup", "bench")
ASKED = [
    {"question_id": n, "image": f"{n % 2}.jpg", "text": f"Is there a {name}?",
     "label": ("yes", "no")[n % 2]}
    for n, name in enumerate(NAMES, 1)
]  # fmt: skip
SAID = [{"question_id": n, "text": ("Yes", "No, none")[n % 2]} for n in range(1, 5)]
CAPTIONS = [{"image_id": n, "caption": f"A dog and {n} cups – on a bench."} for n in (1, 2, 3)]
OBJECTS = {"1": ["dog", "cup"], "2": ["dog"], "3": ["bench"]}
TRUTHS = [
    {"id": "1", "truth": {"objects": [
        {"name": "dog", "box": [1, 2, 30, 40], "attributes": {"color": "red"}},
        {"name": "cup", "box": [5, 6, 7, 8]}],
        "relations": [{"subject": 1, "predicate": "on", "object": 0}], "complete": True}},
    {"id": "2", "truth": {"objects": [{"name": "dog"}], "exhaustive": "coco"}},
    {"id": "3", "objects": ["bench"]},
]  # fmt: skip
GENOME: dict[str, list[dict[str, Any]]] = {
    "objects": [{"image_id": n, "objects": [
        {"object_id": 10 * n + k, "x": 1, "y": 2, "w": 3, "h": 4, "names": [name]}
        for k, name in enumerate(NAMES[:2])]} for n in (1, 2, 3)],
    "attributes": [{"image_id": 1, "attributes": [
        {"object_id": 10, "x": 1, "y": 2, "w": 3, "h": 4, "names": ["dog"],
         "attributes": ["red"]}]}],
    "relationships": [{"image_id": 1, "relationships": [
        {"predicate": "on",
         "subject": {"object_id": 10, "x": 1, "y": 2, "w": 3, "h": 4, "name": "dog"},
         "object": {"object_id": 11, "x": 1, "y": 2, "w": 3, "h": 4, "name": "bus"}}]}],
    "image_data": [{"image_id": n, "coco_id": None, "width": 9, "height": 9,
                    "url": f"https://x/VG_100K/{n}.jpg"} for n in (1, 2, 3)],
}  # fmt: skip
COCO: dict[str, dict[str, Any]] = {
    "instances_val2014": {
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 9, "height": 9} for n in (1, 2, 3)],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cup"}],
        "annotations": [{"id": n, "image_id": n, "category_id": 1 + n % 2, "bbox": [0, 0, 1, 1]}
                        for n in (1, 2, 3)],
    },
    "captions_val2014": {"annotations": [{"image_id": 1, "id": 1, "caption": "A bench."}]},
}  # fmt: skip
MME = [f"{n // 2}.jpg\tIs there {n}?\t{('Yes', 'No')[n % 2]}\tYes" for n in range(4)]
AMBER: dict[str, Any] = {
    "annotations.json": [
        {"id": 1, "type": "generative", "truth": ["man", "sofa"], "hallu": ["dog"]},
        {"id": 2, "type": "discriminative-attribute-state", "truth": "yes"},
        {"id": 3, "type": "discriminative-hallucination", "truth": "no"},
    ],
    "relation.json": {"man": ["person"], "sofa": [], "dog": [], "light": []},
    "query/query_all.json": [
        {"id": n, "image": f"AMBER_{n}.jpg", "query": "Is there a bus?"} for n in (1, 2, 3)
    ],
}
BEAF = [
    {"id": n, "image": image, "question": f"Is there a {name}?", "orig_img": original,
     "removed_q": removed, "gt": truth}
    for n, (image, name, original, removed, truth) in enumerate([
        ("1.jpg", "dog", True, False, "yes"), ("1.jpg", "cup", True, False, "yes"),
        ("1_01.png", "dog", False, True, "no"), ("1_01.png", "cup", False, False, "yes"),
    ])
]  # fmt: skip
DASH = [
    {"img_id": f"{n}.png", "object_name": "bed", "gt": gt, "response": "Yes.", "answer": None}
    for gt in ("no", "yes")
    for n in (0, 1)
]
HALLUSION = [
    {"category": "VS", "subcategory": "map", "visual_input": str(visual), "set_id": "0",
     "figure_id": str(visual), "question_id": "0", "question": "Is A north of B?",
     "gt_answer": "1", "filename": f"./VS/map/0_{visual}.png", "model_prediction": "Yes."}
    for visual in range(3)
]  # fmt: skip
MCQ = [{"question_id": n, "image": "1.jpg", "text": "Which?\nA. dog", "label": "A"} for n in (0, 1)]
REEFKNOT = [
    {"image_id": 100 + n, "query_prompt": "Is it on it?", "label": label, "type": "Yes/No",
     "response": "Yes.", "relation_type": "perception"}
    for n, label in enumerate(("yes", "no"))
]  # fmt: skip
HAELM = [{"image": "1.jpg", "reference caption": ["A dog."], "output": "A cat."}]
MMHAL = [
    {"question_type": "attribute", "question": "Which?", "gt_answer": "red",
     "image_content": ["cup"], "model_answer": "blue"}
]  # fmt: skip
THINGS = {"lamp": ["lamp"], "tree": ["tree", "oak"]}
CARD: dict[str, Any] = {
    "rows": 3, "task": "caption", "model": {"name": "m"}, "prompt": "Describe.",
    "data": {"name": "jsonl:d"}, "decoding": {"do_sample": False}, "state": "finished",
    "versions": {"halluc": "0.1.0"},
}  # fmt: skip
RESPONSES = [
    {"id": str(n), "text": f"A dog and {n} cups.", "image": f"{n}.jpg", "prompt": "Describe.",
     "tokens": [[0, 1, -0.5], [2, 5, -0.25]], "finish": "stop"}
    for n in (1, 2, 3)
]  # fmt: skip
FINDING = {
    "id": "1", "metric": "finegrained", "verdict": "hallucinated", "rule": "absent",
    "claim": {"kind": "object", "start": 2, "end": 5, "subject": "dog"},
}  # fmt: skip
SCORES = {
    "chair": {
        "how": {"compat": "offline"},
        "scores": [
            {"metric": "chair", "name": "CHAIRi", "value": 0.5, "numerator": 1, "denominator": 2}
        ],
    }
}


def lines(rows: Sequence[Any]) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table(rows: Sequence[Mapping[str, Any]], mark: str) -> bytes:
    """CSV or TSV."""
    cells = [[*rows[0]], *([str(each) for each in row.values()] for row in rows)]
    return "".join(mark.join(row) + "\n" for row in cells).encode()


def xlsx(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A workbook."""
    import openpyxl

    book, file = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in ([*rows[0]], *([*each.values()] for each in rows)):
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A table of Parquet."""
    import pyarrow
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
    return file.getvalue()


def _document(rows: Any) -> bytes:
    return json.dumps(rows, indent=1).encode() + b"\n"


CHAIR = ("score", "chair", "captions.jsonl", "--truth")
POPE = ("score", "pope", "answers.jsonl", "--truth", "questions.jsonl")
KINDS = ("score", "finegrained", "captions.jsonl", "--truth")
VG = (*KINDS, "vg:vg")
COCOS = (*CHAIR, "coco:coco")
AMBERS = ("score", "amber", "amber.json", "--truth", "AMBER", "--evaluation-type", "d")
RUN = ("score", "finegrained", "run")
FORMS = {"csv": lambda: table(SAID_ONLY, ","), "tsv": lambda: table(SAID_ONLY, "\t"),
         "xlsx": lambda: xlsx(SAID_ONLY), "parquet": lambda: parquet(SAID_ONLY),
         "jsonl.gz": lambda: gzip.compress(lines(SAID), mtime=0)}  # fmt: skip
SAID_ONLY = [{"question_id": each["question_id"], "answer": "Yes"} for each in SAID]

# File → what is in it, and the command that reads it.
FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "answers.jsonl": (lines(SAID), POPE),
    "questions.jsonl": (lines(ASKED), POPE),
    "captions.jsonl": (lines(CAPTIONS), (*CHAIR, "objects.json")),
    "objects.json": (_document(OBJECTS), (*CHAIR, "objects.json")),
    "truths.jsonl": (lines(TRUTHS), (*KINDS, "truths.jsonl")),
    "things.json": (_document(THINGS), (*KINDS, "truths.jsonl", "--vocabulary", "things.json")),
    "pictures.jsonl": (lines(TRUTHS), ("data", "pope", "build", "--data", "jsonl:pictures.jsonl")),
    **{f"vg/{name}.json": (_document(rows), VG) for name, rows in GENOME.items()},
    **{f"coco/{name}.json": (_document(rows), COCOS) for name, rows in COCO.items()},
    **{f"answers.{form}": (make(), ("score", "pope", f"answers.{form}", *POPE[3:]))
       for form, make in FORMS.items()},
    "mme/existence.txt": ("\n".join(MME).encode() + b"\n", ("score", "mme", "mme")),
    **{f"AMBER/{name}": (_document(rows), AMBERS) for name, rows in AMBER.items()},
    "AMBER/safe_words.txt": (b"light\n", AMBERS),
    "amber.json": (_document([{"id": 2, "response": "Yes"}, {"id": 3, "response": "No"}]), AMBERS),
    "beaf.json": (_document(BEAF), ("score", "beaf", "beaf_said.json", "--truth", "beaf.json")),
    "beaf_said.json": (_document([{"id": each["id"], "answer": "Yes"} for each in BEAF]),
                       ("score", "beaf", "beaf_said.json", "--truth", "beaf.json")),
    "dash.json": (_document(DASH), ("score", "dash-b", "dash.json")),
    "dash/dash_benchmark_neg.json": (_document({"web": {"bed": ["0.png", "1.png"]}}),
                                     ("score", "dash-b", "dash.json", "--truth", "dash")),
    "dash/dash_benchmark_pos.json": (_document({"web": {"bed": ["0.png", "1.png"]}}),
                                     ("score", "dash-b", "dash.json", "--truth", "dash")),
    "hallusion.json": (_document(HALLUSION), ("score", "hallusionbench", "hallusion.json")),
    "mcq.jsonl": (lines(MCQ), ("score", "mcq-pope", "mcq_said.jsonl", "--truth", "mcq.jsonl")),
    "mcq_said.jsonl": (lines([{"question_id": n, "text": "A. dog"} for n in (0, 1)]),
                       ("score", "mcq-pope", "mcq_said.jsonl", "--truth", "mcq.jsonl")),
    "YESNO.jsonl": (lines(REEFKNOT), ("score", "reefknot", "YESNO.jsonl")),
    "haelm.jsonl": (lines(HAELM), ("generate", "--model", "replay:replies.jsonl", "--data",
                                   "haelm:haelm.jsonl", "--task", "haelm")),
    "mmhal.json": (_document(MMHAL), ("generate", "--model", "replay:replies0.jsonl", "--data",
                                      "mmhal:mmhal.json", "--task", "mmhal")),
    "replies.jsonl": (lines([{"id": "1", "text": "yes"}]),
                      ("generate", "--model", "replay:replies.jsonl", "--data",
                       "haelm:haelm.jsonl", "--task", "haelm")),
    "replies0.jsonl": (lines([{"id": "0", "text": "Rating: 4"}]),
                       ("generate", "--model", "replay:replies0.jsonl", "--data",
                        "mmhal:mmhal.json", "--task", "mmhal")),
    "run/run.json": (_document(CARD), ("compare", "a=run", "b=run2")),
    "run/samples.jsonl": (lines([{**each, "image": f"{n}.jpg"} if "truth" in each else
                                 {"id": "3", "image": "3.jpg", "truth": {"complete": True}}
                                 for n, each in enumerate(TRUTHS, 1)]), RUN),
    "run/responses.jsonl": (lines(RESPONSES), RUN),
    "run/times.jsonl": (lines([{"what": "created", "at": "2026-01-01T00:00:00+00:00"}]),
                        ("report", "run")),
    "run/scores.json": (_document(SCORES), ("report", "run")),
    "run/findings.jsonl": (lines([FINDING]), ("report", "run")),
}  # fmt: skip


def write(folder: Path) -> None:
    """Write all files; ``run2`` is a copy of ``run``."""
    for name, (content, _) in FILES.items():
        for each in [name, name.replace("run/", "run2/")]:
            (folder / each).parent.mkdir(parents=True, exist_ok=True)
            (folder / each).write_bytes(content)
