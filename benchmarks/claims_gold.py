"""How near the claims that are read come to those marked by hand, with all errors.

    python benchmarks/claims_gold.py ../shared/data [--half tuned]

`tests/support/gold.py` says how claims are matched. Rules may be tuned on the half "tuned"; the
other is there to be measured on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from gold import FOLDER, KINDS, Miss, compare, read_gold


def describe(miss: Miss) -> str:
    """An error in one line, with the words around it."""
    claim, text = miss.claim, miss.text
    said = text[claim.start : claim.end]
    about = claim.subject + (f" > {claim.object}" if claim.object else "")
    around = text[max(0, claim.start - 70) : claim.end + 50].replace("\n", " ")
    return f"{miss.key} {miss.what} {claim.kind}: {said!r} ({about}) in …{around}…"


def main() -> None:
    """Print figures and errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("shared", type=Path, help="folder of the published data")
    parser.add_argument("--half", choices=["tuned", "held", "both"], default="both")
    parser.add_argument("--file", type=Path, help="another file of marked claims")
    arguments = parser.parse_args()
    halves = ["tuned", "held"] if arguments.half == "both" else [arguments.half]
    paths = [arguments.file] if arguments.file else [FOLDER / f"{half}.jsonl" for half in halves]
    for path in paths:
        rows = read_gold(path, arguments.shared)
        figures = compare(rows)
        for miss in figures.misses:
            print(describe(miss))
        print(f"\n{path.stem}: {len(rows)} texts")
        print("kind       precision  recall     F1  claims  same stance")
        for kind in KINDS:
            right = figures.right[kind]
            print(
                f"{kind:10} {figures.precision(kind):9.3f} {figures.recall(kind):7.3f} "
                f"{figures.f1(kind):6.3f} {right + figures.missing[kind]:7} "
                f"{figures.same_stance[kind] / max(1, right):12.3f}"
            )


if __name__ == "__main__":
    main()
