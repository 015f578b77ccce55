"""Speed and distance of CHAIR's default path from the published one, in one run.

    python benchmarks/chair.py ../shared

Three ways to the same figures, timed on the same captions: the published procedure step by step
(tokenize, ``nltk.pos_tag``, ``WordNetLemmatizer`` for each token, as ``chair.py`` of
https://github.com/shikiw/OPERA does), the same words from `--compat wordnet`, and `--compat
offline`, the default. Each goes once over the captions of DeCo's three files, of
less-is-more's six, and over all, in processor time after NLTK's data is loaded, from words and
mentions to counts, findings and figures. Then, for each file of captions, the figures of the last
two.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

from halluc.answers.files import read_captions
from halluc.answers.truths import read_truths
from halluc.language.words.lemmas import Lemmas, Lemmatizer
from halluc.language.words.offline import offline_words
from halluc.language.words.wordnet import wordnet_lemmatizer
from halluc.records import Truth
from metrics.chair import chair
from metrics.chair_counts import ChairCounts
from metrics.protocol import Result

Chair = Result[ChairCounts]

Given = tuple[dict[str, str], dict[str, Truth]]

FILES = [
    *("deco/regular_chair", "deco/deco_chair", "deco/vcd_chair"),
    *("less-is-more/r1-llava1.5-7b", "less-is-more/r2-vcd", "less-is-more/r3-opera"),
    *("less-is-more/r4-opera-fast", "less-is-more/r5-ours-inst", "less-is-more/r6-ours-cap"),
]
PARTS = {"J": "a", "V": "v", "N": "n", "R": "r"}


def published(text: str) -> Lemmas:
    """Words as the published script makes them; only punkt's sentences are cut by a pattern."""
    import nltk
    from nltk.stem import WordNetLemmatizer
    from nltk.tokenize import NLTKWordTokenizer

    sentences = re.split(r"(?<=[.!?])\s+", text.lower())
    tokens = [token for each in sentences for token in NLTKWordTokenizer().tokenize(each)]
    lemmatizer = WordNetLemmatizer()
    forms = [
        lemmatizer.lemmatize(token, PARTS.get(tag[:1], "n")) for token, tag in nltk.pos_tag(tokens)
    ]
    return Lemmas(forms, dict.fromkeys(range(len(forms)), (0, 0)))


def score(given: list[Given], words: Lemmatizer) -> tuple[float, list[Chair]]:
    """Seconds of processor time for all captions, and what came out."""
    start = time.process_time()
    results = [chair(captions, truths, words) for captions, truths in given]
    return time.process_time() - start, results


def time_all(title: str, given: list[Given], ways: dict[str, Lemmatizer]) -> dict[str, list[Chair]]:
    """Print how fast each way is, and give what came out."""
    total = sum(len(captions) for captions, _ in given)
    print(f"{f'{total} {title}':46}{'ms a caption':>14}{'captions/s':>12}{'offline is':>16}")
    runs = {name: score(given, way) for name, way in ways.items()}
    for name, (spent, _) in runs.items():
        times = f"{spent / runs['offline'][0]:.1f} x as fast"
        print(f"{name:46}{1000 * spent / total:14.3f}{total / spent:12.0f}{times:>16}")
    print()
    return {name: results for name, (_, results) in runs.items()}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="folder with data/ and nltk_data/")
    shared = parser.parse_args().shared
    wordnet = wordnet_lemmatizer(str((shared / "nltk_data").resolve()))
    gold = str(shared / "data" / "coco" / "coco_gt_objects_wordnet.json.gz")
    given: list[Given] = []
    for name in FILES:
        rows = read_captions(shared / "data" / "captions" / f"{name}.jsonl")
        captions = {str(row.id): row.text for row in rows}
        given.append((captions, read_truths(gold, captions, offline_words)))
    published("Dogs.")  # loads NLTK's
    chair({"": "A dog."}, {"": Truth()})

    ways = {"published procedure": published, "--compat wordnet": wordnet, "offline": offline_words}
    time_all("captions of DeCo's files", given[:3], ways)
    time_all("captions of less-is-more's", given[3:], ways)
    results = time_all("captions in all", given, ways)

    print(f"{'':30}{'CHAIRs':>16}{'CHAIRi':>18}{'same objects':>16}")
    print(f"{'':30}{'wordnet':>9}{'offline':>9}{'wordnet':>9}{'offline':>9}")
    pairs = zip(results["--compat wordnet"], results["offline"], strict=True)
    for name, (exact, near) in zip(FILES, pairs, strict=True):
        figures = [
            100 * (score.value or 0)
            for both in zip(exact.scores[:2], near.scores[:2], strict=True)
            for score in both
        ]
        lists, others = objects(exact), objects(near)
        same = sum(lists[id] == others[id] for id in lists)
        row = "".join(f"{value:9.2f}" for value in figures)
        print(f"{name:30}{row}{same:9} of {len(lists)}")


def objects(result: Chair) -> dict[str, list[str]]:
    """The objects that each caption mentions, in order."""
    lists: dict[str, list[str]] = {id: [] for id in result.counts}
    for finding in result.findings:
        lists[finding.id].append(finding.claim.subject)
    return lists


if __name__ == "__main__":
    main()
