"""Which published gains survive equal length? Released captions of both systems, compared.

    python benchmarks/survives.py CAPTIONS TRUTH

CAPTIONS holds the files by the names in `FILES`, fetched from `PUBLISHED`; TRUTH is the objects of
COCO's pictures, as `--truth` takes them. Prints the table of docs/survives.md. Each pair is
compared by itself, so the intervals are not simultaneous over the pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.workflows.compare import ComparedRuns, compare
from app.workflows.compare.differences import Compared

# File → what wrote the captions.
FILES = {
    "less-is-more/r1-llava1.5-7b.jsonl": "LLaVA-1.5-7B",
    "less-is-more/r2-vcd.jsonl": "VCD",
    "less-is-more/r3-opera.jsonl": "OPERA",
    "less-is-more/r4-opera-fast.jsonl": "OPERA, fast",
    "less-is-more/r6-ours-cap.jsonl": "selective EOS",
    "deco/regular_chair.jsonl": "OPERA",  # called regular, and caption by caption OPERA's output
    "deco/deco_chair.jsonl": "DeCo",
    "deco/vcd_chair.jsonl": "VCD",
}
# Folder of the files → repository and folder there.
PUBLISHED = {
    "less-is-more": ("yuezih/less-is-more", "CHAIR-eval/data/Table1-results"),
    "deco": ("Areebol/vlm-decoding-hal", "re_log/llava-1.5"),
}
PAIRS = (
    ("less-is-more/r1-llava1.5-7b.jsonl", "less-is-more/r2-vcd.jsonl"),
    ("less-is-more/r1-llava1.5-7b.jsonl", "less-is-more/r3-opera.jsonl"),
    ("less-is-more/r1-llava1.5-7b.jsonl", "less-is-more/r4-opera-fast.jsonl"),
    ("less-is-more/r1-llava1.5-7b.jsonl", "less-is-more/r6-ours-cap.jsonl"),
    ("deco/regular_chair.jsonl", "deco/deco_chair.jsonl"),
    ("deco/regular_chair.jsonl", "deco/vcd_chair.jsonl"),
)
FIGURES = ("CHAIRs", "CHAIRi", "Recall")


def main(captions: Path, truth: str) -> None:
    """Print the table."""
    whole = [f"Δ {name}" for name in FIGURES]
    print("| method – base |", " | ".join(["words", *whole, *(f"equal length: {w}" for w in whole),
          "ratio of CHAIRi, length in the model"]), "|")  # fmt: skip
    print("| --- |", " | ".join(["---:"] * 8), "|")
    for base, method in PAIRS:
        runs = {"base": captions / base, "method": captions / method}
        found = compare(runs, truth=truth, metrics=["chair"], equal_length=True)
        name = f"{FILES[method]} – {FILES[base]} ({PUBLISHED[base.split('/')[0]][0]})"
        print(f"| {name} |", " | ".join(cells(found)), "|", flush=True)


def cells(found: ComparedRuns) -> list[str]:
    """Words of both, the differences of the whole texts and at equal length, and the ratio."""
    (words,) = (row for row in found.rows if (row.metric, row.name) == ("text", "words"))
    lengths = f"{words.one_value or 0:.0f} → {words.other_value or 0:.0f}"
    whole = {row.name: row for row in found.rows if row.metric == "chair"}
    equal = {row.name: row for row in found.equal}
    rows = [*(whole[name] for name in FIGURES), *(equal[name] for name in FIGURES)]
    (fit,) = found.adjusted.values()
    ratio = f"{fit.ratio:.2f} ({fit.low:.2f}..{fit.high:.2f})"
    if not fit.low <= 1 <= fit.high:
        ratio = f"**{ratio}**"
    return [lengths, *map(interval, rows), ratio]


def interval(row: Compared) -> str:
    """In points; bold where it misses 0."""
    text = f"{100 * (row.low or 0):.1f}..{100 * (row.high or 0):.1f}".replace("-", "−")
    return f"**{text}**" if row.clear else text


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
