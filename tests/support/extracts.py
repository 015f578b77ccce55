"""Facts of published answers, enough for their figures: counts, ids, classes, readings; no texts.

``python tests/support/extracts.py ../shared/data`` writes tests/golden/published.json again.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "golden" / "published.json"
POPE_13B = ("random_2910", "popular", "adversarial")
SPLITS = ("random", "popular", "adversarial")
CAPTIONS = ("r1-llava1.5-7b", "r2-vcd", "r3-opera")
DECODINGS = ("regular", "deco", "vcd")
VERDICTS = (
    "category", "subcategory", "visual_input", "set_id", "figure_id", "question_id", "gt_answer",
)  # fmt: skip


def extract(shared: Path) -> dict[str, Any]:
    """All facts, from the folder of the published files."""
    return {
        "pope": _pope(shared),
        "mme": _mme(shared),
        "chair": _chair(shared),
        "hallusionbench": _hallusionbench(shared),
    }


def _pope(shared: Path) -> dict[str, dict[str, dict[str, int]]]:
    """Answers of one word, by split and label: how often each was given."""
    from halluc.answers.alignment import align
    from halluc.answers.files import read_answers
    from halluc.datasets.pope import load_files

    coco, told = shared / "pope" / "coco", shared / "pope_answers"
    parts = {"13b": (POPE_13B, [told / "llava-v1.5-13b.jsonl"])}
    for way in ("greedy", "sample"):
        files = [told / "llava-v1.5-7b" / f"llava-7b-coco-{each}-{way}.jsonl" for each in SPLITS]
        parts[f"7b {way}"] = (SPLITS, files)
    found: dict[str, dict[str, dict[str, int]]] = {}
    for name, (splits, files) in parts.items():
        samples = load_files([coco / f"coco_pope_{each}.json" for each in splits]).samples
        answers = align([each for file in files for each in read_answers(file)], samples)
        counts: dict[str, Counter[str]] = {}
        for sample in samples:
            said = answers[sample.id].text.strip()
            assert said in ("Yes", "No"), said
            assert sample.truth is not None
            counts.setdefault(sample.split, Counter())[f"{sample.truth.label} {said}"] += 1
        found[name] = {split: dict(sorted(each.items())) for split, each in counts.items()}
    return found


def _mme(shared: Path) -> dict[str, dict[str, str]]:
    """Right answer and reading of each question, by model and task, in the order of pictures."""
    from halluc.answers.alignment import align
    from halluc.answers.files import read_answers
    from halluc.datasets.mme import read_results, with_sample_ids
    from metrics.mme_counts import parse_answer

    samples, lavin = read_results(shared / "mme" / "LaVIN")
    llava = read_answers(shared / "mme" / "answers-llava-v1.5-13b.jsonl")
    texts = {
        "LaVIN": {str(each.id): each.text for each in lavin},
        "LLaVA-1.5-13B": {
            id: each.text for id, each in align(with_sample_ids(llava, samples), samples).items()
        },
    }
    found: dict[str, dict[str, str]] = {}
    for model, answers in texts.items():
        tasks: dict[str, str] = {}
        for each in sorted(samples, key=lambda each: (each.split, each.image or "", each.id)):
            assert each.truth is not None and each.truth.label is not None
            read = parse_answer(answers[each.id])
            tasks[each.split] = tasks.get(each.split, "") + each.truth.label[0] + read[0]
        found[model] = tasks
    return found


def _chair(shared: Path) -> dict[str, dict[str, Any]]:
    """Of each caption: the classes named and those there (numbers of a list), and its words."""
    from halluc.answers.files import read_captions
    from halluc.answers.truths import read_truths
    from halluc.language.words.lemmatizer import lemmatizer
    from metrics.chair import chair

    words = lemmatizer("wordnet", str(shared.parent / "nltk_data"))
    files = {name: shared / "captions" / "deco" / f"{name}_chair.jsonl" for name in DECODINGS}
    files |= {name: shared / "captions" / "less-is-more" / f"{name}.jsonl" for name in CAPTIONS}
    gold = str(shared / "coco" / "coco_gt_objects_wordnet.json.gz")
    found: dict[str, dict[str, Any]] = {}
    for name, file in files.items():
        captions = {each.id: each.text for each in read_captions(file)}
        truths = read_truths(gold, captions, words)
        named: dict[str, list[str]] = {id: [] for id in captions}
        for each in chair(captions, truths, words).findings:
            named[each.id].append(each.claim.subject)
        classes = sorted({one for each in named.values() for one in each}.union(
            *(truths[id].names for id in captions)
        ))  # fmt: skip
        number = {each: at for at, each in enumerate(classes)}
        rows = {
            id: " ".join(str(number[each]) for each in named[id])
            + "|"
            + " ".join(str(number[each]) for each in sorted(truths[id].names))
            for id in captions
        }
        found[name] = {"classes": classes, "captions": rows}
    return found


def _hallusionbench(shared: Path) -> dict[str, list[list[str]]]:
    """Where each question stands, its right answer, and what people said of GPT-4V's answer."""
    found = {}
    for file in sorted((shared / "hallusionbench").glob("gpt4v_answers_human_*.json")):
        edition = file.stem.removeprefix("gpt4v_answers_human_")
        rows = json.loads(file.read_text("utf-8"))
        verdict = "gpt4v_output_human_check"
        found[edition] = [[str(row[name]) for name in (*VERDICTS, verdict)] for row in rows]
        assert all(len(each) == len(VERDICTS) + 1 for each in found[edition])
    return found


def write(shared: Path) -> None:
    """Write the facts, a line for each part of them."""
    lines = [
        f' {json.dumps(name)}: {{\n  ' + ",\n  ".join(
            f"{json.dumps(key)}: {json.dumps(each, separators=(',', ':'))}"
            for key, each in part.items()
        ) + "\n }"
        for name, part in extract(shared).items()
    ]  # fmt: skip
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
