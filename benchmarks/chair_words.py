"""Trains the words of CHAIR's default path, and measures how near they come to NLTK's.

    python benchmarks/chair_words.py ../shared [--folds]

Writes `halluc/language/words/offline.json`: what WordNet makes of each form of CHAIR's words, and
for words whose lemma hangs on their tag ("skiing", "seating", "umbrellas") a linear model of NLTK's
tags (averaged perceptron, Collins 2002). The teacher is NLTK's tagger itself, on published
captions, on these with words exchanged for others, on the English Web Treebank and on made-up
phrases. With --folds nothing is
written: the model learns from two of three parts of the captions and is measured on the third.
"""

from __future__ import annotations

import argparse
import gzip
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from halluc.answers.files import read_captions
from halluc.jsonl import write_atomically
from halluc.language.words import tags
from halluc.language.words.lemmas import lower
from halluc.language.words.vocabulary import coco_vocabulary
from halluc.language.words.wordnet import WordNet, load_wordnet

PARTS = {"V": 1, "J": 2, "R": 2}
EXCHANGES = 7  # sentences made of each occurrence of an ambiguous word
PHRASES = 20  # made-up phrases of each word
BEFORE = (
    *(
        "the",
        "a",
        "two",
        "several",
        "some",
        "their",
        "his",
        "with",
        "of",
        "and",
        "there are four",
        "",
    ),
    *("many", "other", "ample", "a red", "the large", "both", "is", "are", "a man", "people", "on"),
    *("for", "in", "while", "enjoy", "there are two", "a pair of", "also", ", and", "from", "by"),
)
AFTER = (
    ".",
    ",",
    "and",
    "of",
    "on",
    "in the",
    "are",
    "is",
    "with",
    "for two",
    "",
    "area",
    "visible",
    "down",
)
SCALE = 8  # weights are kept as whole numbers
LEAST = 8  # of a weight that is kept


class Seen(NamedTuple):
    """An ambiguous word where it stands, and the teacher's tag."""

    words: list[str]
    place: int
    tag: int


def forms(word: str) -> set[str]:
    """How a word may be written as plural, participle or past, rightly or wrongly."""
    stems = {word, word[:-1], word + word[-1]}
    ends = ("s", "es", "ses", "ing", "ed", "d", "ies", "ied", "ves", "ying", "rs", "er")
    found = {stem + end for stem in stems for end in ends} | {word, word[:-2] + "ves"}
    for one, more in (("man", "men"), ("mouse", "mice"), ("goose", "geese"), ("ox", "oxen")):
        if word.endswith(one):
            found.add(word.removesuffix(one) + more)
    return found | ({word + "ren"} if word.endswith("child") else set())


def lemma_table(wordnet: WordNet) -> dict[str, tuple[str, str, str]]:
    """Forms of CHAIR's words with the lemma that WordNet gives them for each tag."""
    from nltk.corpus import wordnet as corpus

    known = coco_vocabulary().words
    candidates = {form for word in known for form in forms(word)}
    candidates |= {form for part in "nv" for form in corpus._exception_map[part]}
    table = {
        form: (wordnet.lemma(form, "n"), wordnet.lemma(form, "v"), wordnet.lemma(form, "a"))
        for form in sorted(candidates)
    }
    # Words that are the same for each tag need no place in it, nor do those that name nothing.
    return {
        form: lemmas
        for form, lemmas in table.items()
        if known & set(lemmas) and set(lemmas) != {form}
    }


def read_texts(shared: Path) -> tuple[list[str], list[list[str]]]:
    """Published captions, each once, and sentences of the treebank as words."""
    texts = {
        row.text: None
        for path in sorted((shared / "data" / "captions").rglob("*.jsonl"))
        for row in read_captions(path)
    }
    sentences: list[list[str]] = []
    for path in sorted((shared / "data" / "treebank").glob("*.gz")):
        words: list[str] = []
        for line in gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True):
            fields = line.split("\t")
            if len(fields) == 10 and fields[0].isdigit():
                words.append(fields[1].lower())
            elif not line.strip() and words:
                sentences.append(words)
                words = []
    return list(texts), sentences


def exchanged(
    seen: Seen,
    text_tags: list[str],
    pools: dict[str, list[str]],
    likely: list[str],
    chance: random.Random,
) -> Iterator[list[str]]:
    """The words around an occurrence, with it or its neighbours exchanged for others."""
    high = seen.place + 7
    for _ in range(EXCHANGES):
        # A text may begin anywhere before it.
        low = max(0, seen.place - chance.choice((0, 1, 2, 10, 10, 10, 10)))
        words = seen.words[low:high]
        place = seen.place - low
        if chance.random() < 0.5:
            words[place] = chance.choice(likely)
        for near in range(max(0, place - 3), min(len(words), place + 4)):
            if near != place and chance.random() < 0.3:
                words[near] = chance.choice(pools[text_tags[low + near]])
        yield words, place


class Teacher:
    """NLTK's tagger, and the occurrences of ambiguous words that it has tagged."""

    def __init__(self, wordnet: WordNet, ambiguous: Iterable[str]) -> None:
        from nltk.tag.perceptron import PerceptronTagger

        self.wordnet = wordnet
        self.tag = PerceptronTagger().tag
        self.ambiguous = set(ambiguous)
        endings: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(self.ambiguous):
            endings[word[-2:]].append(word)
        self.endings = endings

    def seen(self, words: list[str], given: list[str]) -> Iterator[Seen]:
        """The ambiguous words among tagged ones."""
        for place, word in enumerate(words):
            if word in self.ambiguous:
                yield Seen(words, place, PARTS.get(given[place][:1], 0))

    def captions(self, texts: list[str], chance: random.Random) -> tuple[list[Seen], list[Seen]]:
        """Occurrences in captions as they stand, and in those with words exchanged."""
        own: list[Seen] = []
        made: list[Seen] = []
        tagged = [self.wordnet.tag(lower(text)) for text in texts]
        pools: defaultdict[str, list[str]] = defaultdict(list)
        often: defaultdict[str, list[str]] = defaultdict(list)
        for text in tagged:
            for each in text:
                pools[each.tag].append(each.text)
                if each.text in self.ambiguous:
                    often[each.text[-2:]].append(each.text)
        for text in tagged:
            words, given = [each.text for each in text], [each.tag for each in text]
            for seen in self.seen(words, given):
                own.append(seen)
                end = words[seen.place][-2:]
                likely = [
                    *chance.choices(often[end], k=20),
                    *chance.choices(self.endings[end], k=20),
                ]
                for some, place in exchanged(seen, given, pools, likely, chance):
                    tag = self.tag(some)[place][1]
                    made.append(Seen(some, place, PARTS.get(tag[:1], 0)))
        return own, made

    def phrases(self, chance: random.Random) -> list[Seen]:
        """Occurrences in made-up phrases of a few words."""
        found: list[Seen] = []
        for word in sorted(self.ambiguous):
            some = [self.phrase(word, chance) for _ in range(PHRASES)]
            if len({each.tag for each in some}) > 1:  # more of those that are hard
                some += [self.phrase(word, chance) for _ in range(8 * PHRASES)]
            found += some
        return found

    def phrase(self, word: str, chance: random.Random) -> Seen:
        """A word in a made-up phrase."""
        before = chance.choice(BEFORE).split()
        words = [*before, word, *chance.choice(AFTER).split()]
        tag = self.tag(words)[len(before)][1]
        return Seen(words, len(before), PARTS.get(tag[:1], 0))

    def sentences(self, sentences: list[list[str]]) -> list[Seen]:
        """Occurrences in sentences of a treebank."""
        return [
            seen
            for words in sentences
            if not self.ambiguous.isdisjoint(words)
            for seen in self.seen(words, [tag for _, tag in self.tag(words)])
        ]


def train(
    rows: list[Seen], chance: random.Random, turns: int = 5
) -> dict[str, tuple[int, int, int]]:
    """Weights of an averaged perceptron, as whole numbers; small ones are left out."""
    given = [(tags.features(row.words, row.place), row.tag) for row in rows]
    weights: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * 3)
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * 3)
    step = 0
    for _ in range(turns):
        chance.shuffle(given)
        for looks, right in given:
            step += 1
            found = [weights[each] for each in looks if each in weights]
            score = [sum(each[tag] for each in found) for tag in range(3)]
            best = max(range(3), key=score.__getitem__)
            if best != right:
                for each in looks:
                    for tag, change in ((right, 1), (best, -1)):
                        weights[each][tag] += change
                        sums[each][tag] += change * step
    averaged = {
        each: tuple(round(SCALE * (w - sums[each][tag] / step)) for tag, w in enumerate(row))
        for each, row in weights.items()
    }
    return {each: row for each, row in averaged.items() if max(map(abs, row)) >= LEAST}


def wrong(lexicon: tags.Lexicon, rows: list[Seen]) -> int:
    """How many occurrences get a lemma that CHAIR reads otherwise than the teacher's."""
    known = coco_vocabulary().words
    found = 0
    for row in rows:
        lemma = tags.lemma_at(row.words, row.place, lexicon)
        right = lexicon.lemmas[row.words[row.place]][row.tag]
        found += (lemma if lemma in known else "") != (right if right in known else "")
    return found


def main() -> None:
    """Train, measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path, help="folder with data/ and nltk_data/")
    parser.add_argument("--folds", action="store_true", help="measure on captions left out")
    given = parser.parse_args()
    begun = time.process_time()
    chance = random.Random(0)
    wordnet = load_wordnet(str((given.shared / "nltk_data").resolve()), "")
    lemmas = lemma_table(wordnet)
    texts, sentences = read_texts(given.shared)
    teacher = Teacher(wordnet, lemmas)
    web = teacher.sentences(sentences) + teacher.phrases(chance)
    print(f"{len(lemmas)} words, {len(texts)} captions")
    if given.folds:
        chance.shuffle(texts)
        for fold in range(3):
            own, made = teacher.captions([t for n, t in enumerate(texts) if n % 3 != fold], chance)
            weights = train(own * 3 + made + web, chance)
            rest, _ = teacher.captions(texts[fold::3], random.Random(1))
            missed = wrong(tags.Lexicon(lemmas, weights), rest)
            captions = len(texts[fold::3])
            print(f"part {fold + 1}: {missed} of {len(rest)} words wrong, {captions} captions")
        return
    own, made = teacher.captions(texts, chance)
    weights = train(own * 3 + made + web, chance)
    lexicon = tags.Lexicon(lemmas, weights)
    for name, rows in (("captions", own), ("exchanged", made), ("treebank", web)):
        print(f"{name}: {wrong(lexicon, rows)} of {len(rows)} wrong")
    path = Path(tags.__file__).with_name("offline.json")
    rows = [msgspec.json.encode(list(lexicon)), b"\n"]
    write_atomically(path, rows)
    print(f"{path.name}: {path.stat().st_size} bytes, {time.process_time() - begun:.0f} s")


if __name__ == "__main__":
    main()
