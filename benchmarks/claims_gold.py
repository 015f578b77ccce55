"""How near claims and verdicts come to those marked by hand, with all errors.

    python benchmarks/claims_gold.py ../shared/data [--half tuned] [--readings]

Four parts: claims of texts that were marked by hand; verdicts on objects of published captions
against COCO's truth; verdicts on attributes and relations of captions of pictures that were thought
up; written sentences, each true of its picture and once with a planted error.
`tests/support/gold.py`, `marked_verdicts.py`, `scenes.py` and `written.py` say how each is matched.
Then how verdicts change with the limit below which a reading is unsure. Rules may be tuned on the
half "tuned"; the other is there to be measured on.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

import scenes
from gold import FOLDER, KINDS, Figures, Miss, compare, read_gold
from marked_verdicts import Told, agreement, rates, read_marks, verdicts_on
from written import Sentence, called_wrong, findings_of, tally, written

from halluc.language.claims.doubt import SURE
from halluc.language.claims.verdicts import LEAST_SURE, VERY_SURE

LIMITS = {"--eager": 0.0, "default": LEAST_SURE, "--strict": VERY_SURE}


def describe(miss: Miss) -> str:
    """An error in one line, with the words around it."""
    claim, text = miss.claim, miss.text
    said = text[claim.start : claim.end]
    about = claim.subject + (f" > {claim.object}" if claim.object else "")
    around = text[max(0, claim.start - 70) : claim.end + 50].replace("\n", " ")
    return f"{miss.key} {miss.what} {claim.kind}: {said!r} ({about}) in …{around}…"


def show_claims(half: str, shared: Path) -> None:
    """Claims of the texts of a half: figures and errors."""
    rows = read_gold(FOLDER / f"{half}.jsonl", shared)
    figures = compare(rows)
    for miss in figures.misses:
        print(describe(miss))
    print(f"\nclaims, {half}: {len(rows)} texts")
    print("kind       precision  recall     F1  claims  same stance")
    for kind in KINDS:
        right = figures.right[kind]
        print(
            f"{kind:10} {figures.precision(kind):9.3f} {figures.recall(kind):7.3f} "
            f"{figures.f1(kind):6.3f} {right + figures.missing[kind]:7} "
            f"{figures.same_stance[kind] / max(1, right):12.3f}"
        )


def show_verdicts(half: str, shared: Path) -> None:
    """Verdicts on objects of published captions: figures and errors."""
    told = verdicts_on(half, shared)
    for each in told:
        if each.verdict != each.right:
            print(describe_verdict(each))
    same, kappa = agreement(read_marks("tuned") + read_marks("held"))
    print(f"\nverdicts, {half}: {len(told)} words; marks agree on {same:.3f}, kappa {kappa:.3f}")
    print("verdict       precision  recall")
    for verdict in ("hallucinated", "supported"):
        precision, recall = rates(told, verdict)
        print(f"{verdict:13} {precision:9.3f} {recall:7.3f}")


def show_scenes(half: str) -> None:
    """Verdicts on attributes and relations of thought-up pictures: figures and errors."""
    told = list(scenes.judged(half))
    for each in told:
        if each.verdict != each.right and (each.right or each.verdict != "unverifiable"):
            said, text = each.text[slice(*each.said)], each.text
            right = each.right or "stated"
            print(f"{each.verdict or 'no claim'}, not {right}: {said!r} ({each.about}) in {text}")
    print(f"\nattributes and relations of thought-up pictures, {half}")
    print("kind       marked  hallucinated: precision  recall  supported: precision  recall")
    for kind in ("attribute", "relation"):
        same = [each for each in told if each.kind == kind]
        wrong, right = scenes.rates(same, "hallucinated"), scenes.rates(same, "supported")
        marked = sum(each.right != "" for each in same)
        print(
            f"{kind:10} {marked:6} {wrong[0]:24.3f} {wrong[1]:7.3f} "
            f"{right[0]:21.3f} {right[1]:7.3f}"
        )


def describe_verdict(told: Told) -> str:
    """A wrong verdict in one line."""
    mark, text = told.mark, told.text
    around = text[max(0, mark.start - 70) : mark.end + 50].replace("\n", " ")
    said = text[mark.start : mark.end]
    return (
        f"{told.verdict or 'no claim'}, not {told.right}: {said!r} ({mark.subject}) in …{around}…"
    )


def show_written(half: str) -> None:
    """Written sentences: figures and errors, and how they change with the limit."""
    sentences = written(half)
    for limit in (LEAST_SURE,):
        for sentence, findings in findings_of(sentences, limit):
            for line in errors(sentence, findings):
                print(line)
    print(f"\nwritten sentences, {half}: {len(sentences) // 2} true, as many with an error")
    counts = called_wrong(findings_of(sentences))
    for kind in KINDS:
        right, called = counts[kind, True], counts[kind, True] + counts[kind, False]
        print(f"{kind:10} called hallucinated rightly: {right} of {called}")
    print("limit      wrong of claims, of true sentences  errors found")
    for name, limit in LIMITS.items():
        counts = tally(findings_of(sentences, limit))
        print(
            f"{name:10} {counts['false']:5} of {counts['claims']:5} = "
            f"{counts['false'] / counts['claims']:5.3f}"
            f"{counts['found']:14} of {counts['planted']} = "
            f"{counts['found'] / counts['planted']:5.3f}"
        )


def errors(sentence: Sentence, findings: list) -> list[str]:
    """What is wrong in the verdicts on a sentence, a line each."""
    text = sentence.text.replace("\n", " ")
    wrong = [each.claim for each in findings if each.verdict == "hallucinated"]
    if sentence.planted is None:
        return [
            f"[{sentence.construction}] wrongly hallucinated: "
            f"{sentence.text[each.start : each.end]!r} of {each.subject} in {text}"
            for each in wrong
        ]
    start, end = sentence.planted
    if any(each.start < end and start < each.end for each in wrong):
        return []
    return [f"[{sentence.construction}] not found: {sentence.text[start:end]!r} in {text}"]


def show_limits(half: str, shared: Path) -> None:
    """Precision and recall of verdicts on published captions along the limit."""
    print(f"\nverdicts on published captions along the limit, {half}")
    print("limit      hallucinated: precision  recall  supported: precision  recall")
    for name, limit in LIMITS.items():
        told = verdicts_on(half, shared, limit)
        wrong, right = rates(told, "hallucinated"), rates(told, "supported")
        print(f"{name:10} {wrong[0]:23.3f} {wrong[1]:7.3f} {right[0]:21.3f} {right[1]:7.3f}")


def show_readings(figures: list[Figures], half: str) -> None:
    """How often each kind of reading is right, on marked claims and on true written sentences."""
    names = {(kind, sure): reading for (kind, reading), sure in SURE.items()}
    counts: Counter[tuple[str, str, bool]] = Counter()
    for each in figures:
        for claim, right in each.read:
            counts[claim.kind, names.get((claim.kind, claim.sure), ""), right] += 1
    for sentence, findings in findings_of(written(half), 0.0):
        for finding in findings:
            if sentence.planted is None and finding.verdict != "unverifiable":
                claim = finding.claim
                reading = names.get((claim.kind, claim.sure), "")
                counts[claim.kind, reading, finding.verdict == "supported"] += 1
    print(f"\nreadings that are right, {half}")
    for kind, reading in SURE:
        right, wrong = counts[kind, reading, True], counts[kind, reading, False]
        total = right + wrong
        print(f"{kind:10} {reading:8} {right:5} of {total:5} {right / max(1, total):6.3f}")


def main() -> None:
    """Print figures and errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("shared", type=Path, help="folder of the published data")
    parser.add_argument("--half", choices=["tuned", "held", "both"], default="both")
    parser.add_argument("--readings", action="store_true", help="how often each reading is right")
    arguments = parser.parse_args()
    halves = ["tuned", "held"] if arguments.half == "both" else [arguments.half]
    for half in halves:
        if arguments.readings:
            rows = read_gold(FOLDER / f"{half}.jsonl", arguments.shared)
            show_readings([compare(rows)], half)
            continue
        show_claims(half, arguments.shared)
        show_verdicts(half, arguments.shared)
        show_limits(half, arguments.shared)
        show_scenes(half)
        show_written(half)


if __name__ == "__main__":
    main()
