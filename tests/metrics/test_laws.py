"""What holds for every metric, over one table of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halluc.answers.given import picture_of
from halluc.datasets.amber import Annotations
from halluc.datasets.beaf import scene_of
from halluc.datasets.mme import TASKS
from halluc.datasets.mmhal import TYPES
from halluc.language.claims.things import load_things
from halluc.language.words.lemmas import Words
from halluc.language.words.lemmatizer import lemmatizer
from halluc.language.words.vocabulary import coco_vocabulary
from halluc.records import Sample, Score, TrueObject, Truth
from halluc.tabletop.world import COLORS
from metrics import (
    amber_counts,
    beaf,
    chair_counts,
    dash_b,
    faithscore,
    finegrained_counts,
    haelm,
    hallucinogen,
    hallusionbench,
    haloquest,
    humblebench,
    mcq_pope,
    merlim,
    mme_counts,
    mmhal,
    object_halbench,
    phd,
    pope_counts,
    r_bench,
    reefknot,
)
from metrics.amber import amber
from metrics.amber_captions import CaptionReader
from metrics.chair import chair
from metrics.finegrained import finegrained
from metrics.mme import mme
from metrics.pope import pope
from metrics.pope_parsers import PARSERS
from metrics.protocol import Result

Records = list[tuple[Sample, str]]


class Metric(NamedTuple):
    """A metric as the laws see it.

    Attributes:
        records: draws questions with their answers.
        score: the figures of records.
        merge: the figures of shards of records, each counted on its own.
        worse: a text with one more hallucinated object, where the metric looks at captions; then
            the figures that must not fall.
        picture: what keeps records together.
    """

    records: st.SearchStrategy[Records]
    score: Callable[[Records], list[Score]]
    merge: Callable[[list[Records]], list[Score]]
    worse: Callable[[Sample, str], str] | None = None
    rising: tuple[str, ...] = ()
    picture: Callable[[Sample], str] = picture_of


def parts(records: Records) -> tuple[list[Sample], dict[str, str]]:
    return [sample for sample, _ in records], {sample.id: text for sample, text in records}


def joined(samples: list[Sample], texts: dict[str, str]) -> Records:
    return [(sample, texts[sample.id]) for sample in samples]


def truths(records: Records) -> dict[str, Truth]:
    return {sample.id: sample.truth for sample, _ in records if sample.truth is not None}


def drawn(
    sample: st.SearchStrategy[dict[str, Any]], text: st.SearchStrategy[str]
) -> st.SearchStrategy[Records]:
    """Records with ids of their own."""
    rows = st.lists(st.tuples(sample, text), min_size=1, max_size=12)
    return rows.map(
        lambda rows: [(Sample(id=f"q{n}", **each), text) for n, (each, text) in enumerate(rows)]
    )


# Captions of COCO's objects.
CLASSES = coco_vocabulary().classes
WORDS = st.sampled_from(
    [
        *("dog", "dogs", "men", "seated", "a", "the", ",", ".", "hot", "baby", "wine", "glasses"),
        *("bus", "toilet", "seat", "skiing", "vases", "sports", "ball", "umbrellas", "and", "park"),
        *("parking", "meter"),
    ]
)


def scene(names: list[str]) -> st.SearchStrategy[Truth]:
    chosen = st.lists(st.sampled_from(names), max_size=4, unique=True)
    return chosen.map(lambda some: Truth(objects=tuple(TrueObject(name=name) for name in some)))


def coco_captions() -> st.SearchStrategy[Records]:
    texts = st.lists(WORDS | st.sampled_from(CLASSES), max_size=12).map(" ".join)
    return drawn(st.fixed_dictionaries({"truth": scene(CLASSES)}), texts)


def one_more(sample: Sample, text: str) -> str:
    """A class that is not there; no toilet, since beside one a hallucinated seat is none."""
    there = {*(sample.truth.names if sample.truth else ()), "toilet"}
    absent = next(name for name in reversed(CLASSES) if name not in there)
    return f"{text}. A {absent}."


def of_chair(compat: str) -> Metric:
    words = lemmatizer(compat)

    def count(records: Records) -> chair_counts.ChairCounts:
        _, texts = parts(records)
        return chair_counts.total(chair(texts, truths(records), words).counts.values())

    return Metric(
        coco_captions(),
        lambda records: chair(parts(records)[1], truths(records), words).scores,
        lambda shards: chair_counts.compute(sum(map(count, shards), chair_counts.ChairCounts())),
        one_more,
        ("CHAIRs", "CHAIRi"),
    )


# Yes/no questions.
ANSWERS = st.sampled_from(
    ["Yes", "No", "yes.", "no", "NO", "No, it is not.", "There isn't any.", "I know.", "", "Maybe"]
)
LABELS = st.sampled_from(["yes", "no"]).map(lambda label: Truth(label=label))
IMAGES = st.sampled_from(["a.jpg", "b.jpg", "c.jpg", "d.jpg"])


def of_pope(parser: str) -> Metric:
    splits = st.sampled_from(["random", "popular", "adversarial"])
    question = {"truth": LABELS, "image": IMAGES, "split": splits}

    def merge(shards: list[Records]) -> list[Score]:
        tally = pope_counts.Tally([PARSERS[parser]])
        for shard in shards:
            tally.update(shard)
        return list(tally.counted(PARSERS[parser]).scores)

    return Metric(
        drawn(st.fixed_dictionaries(question), ANSWERS),
        lambda records: pope(*parts(records), PARSERS[parser]),
        merge,
    )


def of_mme() -> Metric:
    question = {"truth": LABELS, "image": IMAGES, "split": st.sampled_from(TASKS)}

    def merge(shards: list[Records]) -> list[Score]:
        counts = [each for shard in shards for each in mme(*parts(shard)).counts.values()]
        return mme_counts.compute(sum(counts, mme_counts.MmeCounts()))

    return Metric(
        drawn(st.fixed_dictionaries(question), ANSWERS),
        lambda records: mme(*parts(records)).scores,
        merge,
    )


# AMBER with four objects, exact words, and one safe word.
ASSOCIATIONS = {"person": ("man", "woman"), "dog": ("tail",), "bike": ("tire",), "sofa": ()}


def of_amber() -> Metric:
    captions = st.fixed_dictionaries(
        {"truth": scene(list(ASSOCIATIONS)[:3]), "split": st.just("generative")}
    )
    dimensions = st.sampled_from(["existence", "state", "number", "action", "relation"])
    questions = st.fixed_dictionaries({"truth": LABELS, "split": dimensions})
    words = st.sampled_from(["man", "dog", "tail", "tire", "sofa", "sky", "person"])
    texts = st.lists(words, max_size=6).map(" ".join)

    def nouns(text: str) -> Words:
        return Words(text.split(), [(0, 1)] * len(text.split()))

    def run(records: Records) -> Result[amber_counts.AmberCounts]:
        samples, answers = parts(records)
        known = {each.id: each for each in samples}
        likely = dict.fromkeys(known, ("sofa", "dog"))
        annotations = Annotations(known, likely, ASSOCIATIONS, frozenset({"tire"}), [])
        read = CaptionReader(nouns, str.__eq__)
        return amber(samples, answers, annotations, read=read)

    def merge(shards: list[Records]) -> list[Score]:
        counts = [each for shard in shards for each in run(shard).counts.values()]
        return amber_counts.compute(amber_counts.total(counts))

    return Metric(
        st.tuples(drawn(captions, texts), drawn(questions, ANSWERS)).map(
            lambda both: [*both[0], *((replaced(sample), text) for sample, text in both[1])]
        ),
        lambda records: run(records).scores,
        merge,
        lambda sample, text: f"{text} sofa" if sample.split == "generative" else text,
        ("CHAIR", "Hal", "published CHAIR", "published Hal"),
    )


def replaced(sample: Sample) -> Sample:
    return Sample(id=f"yes-no {sample.id}", split=sample.split, truth=sample.truth)


def of_finegrained() -> Metric:
    names = ["cup", "fork", "spoon"]
    phrase = st.tuples(st.sampled_from(sorted(COLORS)), st.sampled_from(names)).map(" ".join)
    texts = st.lists(phrase, min_size=1, max_size=4).map(
        lambda some: " ".join(f"There is a {each}." for each in some)
    )
    scenes = scene(names).map(lambda truth: Truth(objects=truth.objects, complete=True))

    things = load_things(None)

    def run(records: Records) -> Result[finegrained_counts.Counts]:
        return finegrained(parts(records)[1], truths(records), things)

    def count(records: Records) -> finegrained_counts.Counts:
        return sum(run(records).counts.values(), finegrained_counts.Counts())

    return Metric(
        drawn(st.fixed_dictionaries({"truth": scenes}), texts),
        lambda records: run(records).scores,
        lambda shards: finegrained_counts.compute(
            sum(map(count, shards), finegrained_counts.Counts())
        ),
        lambda sample, text: f"{text} There is a red bowl.",
        ("object hallucination rate",),
    )


def of_object_halbench() -> Metric:
    texts = st.lists(st.sampled_from(CLASSES[:6]), min_size=1, max_size=4).map(
        lambda some: " ".join(f"There is one {each} here." for each in some)
    )
    things = load_things(None)

    def count(records: Records) -> Counter[str]:
        # What a judge lists takes no parser, and is counted alike.
        each = (
            object_halbench.update(
                object_halbench.listed(text, text, things), s.truth or Truth(), things
            )
            for s, text in records
        )
        return sum(each, Counter())

    return Metric(
        drawn(st.fixed_dictionaries({"truth": scene(CLASSES[:8])}), texts),
        lambda records: object_halbench.compute(count(records)),
        lambda shards: object_halbench.compute(sum(map(count, shards), Counter())),
        one_more,
        ("response-level", "mention-level"),
    )


def of_faithscore() -> Metric:
    verdict = st.tuples(
        st.sampled_from(["entity", "color"]),
        st.integers(0, 2),
        st.sampled_from([True, False, None]),
    )
    # The verdicts stand in the text, as those of a judge would.
    texts = st.lists(verdict, max_size=4).map(json.dumps)

    def count(records: Records) -> faithscore.Counts:
        facts = ([faithscore.Verdict(*each) for each in json.loads(text)] for _, text in records)
        return sum(map(faithscore.update, facts), Counter())

    return Metric(
        drawn(st.just({}), texts),
        lambda records: faithscore.compute(count(records)),
        lambda shards: faithscore.compute(sum(map(count, shards), Counter())),
    )


def of_hallusionbench() -> Metric:
    numbers = st.sampled_from("012")
    parts = st.tuples(st.sampled_from(["VD", "VS"]), st.just("map"), *[numbers] * 3, numbers)
    question = st.tuples(parts, LABELS, ANSWERS)

    def records(rows: list[Any]) -> Records:
        known = {"/".join(place): (truth, text) for place, truth, text in rows}
        # A set of questions is never parted, as a picture is not elsewhere.
        return [
            (Sample(id=id, image=id.rsplit("/", 3)[0], truth=truth), text)
            for id, (truth, text) in known.items()
        ]

    def count(records: Records) -> Any:
        read = hallusionbench.READINGS["vlmevalkit"]
        return hallusionbench.tally(
            (sample, read(text, sample.truth.label))
            for sample, text in records
            if sample.truth and sample.truth.label
        )

    return Metric(
        st.lists(question, min_size=1, max_size=12).map(records),
        lambda records: hallusionbench.compute(count(records)),
        lambda shards: hallusionbench.compute(sum(map(count, shards), Counter())),
    )


def of_mcq_pope(reader: str) -> Metric:
    letters = st.sampled_from(["A", "B", "C", "D"])
    texts = st.sampled_from(["A", "b", "C. couch", "(D)", "All of them", "None", ""])
    splits = st.sampled_from(["random", "popular", "adversarial"])
    # The right letter stands in the prompt, as a sample has no place of its own for it.
    question = {"prompt": letters, "image": IMAGES, "split": splits}

    def count(records: Records) -> Any:
        read = mcq_pope.READERS[reader]
        each = (mcq_pope.update(s.split, read(text), s.prompt) for s, text in records)
        return sum(each, Counter())

    return Metric(
        drawn(st.fixed_dictionaries(question), texts),
        lambda records: mcq_pope.compute(count(records)),
        lambda shards: mcq_pope.compute(sum(map(count, shards), Counter())),
    )


def of_dash_b() -> Metric:
    def count(records: Records) -> Counter[str]:
        each = (dash_b.update(s.truth.label, text) for s, text in records)
        return sum(each, Counter())

    return Metric(
        drawn(st.fixed_dictionaries({"truth": LABELS, "image": IMAGES}), ANSWERS),
        lambda records: dash_b.compute(count(records)),
        lambda shards: dash_b.compute(sum(map(count, shards), Counter())),
    )


def of_beaf() -> Metric:
    pictures = st.sampled_from(["a", "b", "c"])
    question = st.tuples(pictures, st.sampled_from(["original", "removed", "kept"]), ANSWERS)

    def records(rows: list[Any]) -> Records:
        found = {}
        for n, (picture, split, text) in enumerate(rows):
            name = f"{picture}.jpg" if split == "original" else f"{picture}_{n:02}.png"
            label = "no" if split == "removed" else "yes"
            sample = Sample(
                id=f"q{n}", image=name, prompt="Is there?", split=split, truth=Truth(label=label)
            )
            # One question on each original; all of a picture bear its name, to stay together.
            found[name] = (sample, text)
        return list(found.values())

    return Metric(
        st.lists(question, min_size=1, max_size=12).map(records),
        lambda records: beaf.beaf(*parts(records)),
        lambda shards: beaf.compute(sum(map(beaf.tally, shards), Counter())),
        picture=scene_of,
    )


def of_reefknot() -> Metric:
    right = st.sampled_from(["yes", "no", "A", "D"])
    kinds = st.sampled_from(["perception", "cognitive"])
    question = {"prompt": right, "image": IMAGES, "split": kinds}

    def count(records: Records) -> Any:
        each = (reefknot.update(s.split, text, s.prompt) for s, text in records)
        return sum(each, Counter())

    return Metric(
        drawn(st.fixed_dictionaries(question), ANSWERS | st.sampled_from(["a", "D.", "(A)"])),
        lambda records: reefknot.reefknot(*parts(records), {s.id: s.prompt for s, _ in records}),
        lambda shards: reefknot.compute(sum(map(count, shards), Counter())),
    )


def of_set(
    score: Callable[[list[Sample], dict[str, str]], list[Score]],
    tally: Callable[[Records], Any],
    compute: Callable[[Any], list[Score]],
    question: dict[str, Any],
    *,
    named: Callable[[Sample, int], dict[str, Any]] | None = None,
    picture: Callable[[Sample], str] = picture_of,
) -> Metric:
    """A set of yes/no questions, whose ids or pictures tell what belongs together."""

    def records(rows: Records) -> Records:
        if named is None:
            return rows
        found = {}
        for n, (sample, text) in enumerate(rows):
            each = msgspec.structs.replace(sample, **named(sample, n))
            found[each.id] = (each, text)
        return list(found.values())

    return Metric(
        drawn(st.fixed_dictionaries({"truth": LABELS, **question}), ANSWERS).map(records),
        lambda some: score(*parts(some)),
        lambda shards: compute(sum(map(tally, shards), Counter())),
        picture=picture,
    )


def of_hallucinogen() -> Metric:
    splits = st.sampled_from(["id-random", "loc-popular"])
    return of_set(
        hallucinogen.hallucinogen,
        hallucinogen.tally,
        hallucinogen.compute,
        {"split": splits},
        # Two questions in up to six wordings, which stay together.
        named=lambda sample, n: {"id": f"{sample.split}/{n % 2}/{n // 2}", "image": f"{n % 2}.jpg"},
    )


def of_merlim() -> Metric:
    splits = ["original", "edited", "original negated", "edited negated"]

    def named(sample: Sample, n: int) -> dict[str, Any]:
        name = f"{n % 2}.png" if sample.split.startswith("original") else f"{n % 2}_{n}.png"
        # One question on each original, and one on each copy.
        return {"id": f"{name}/{sample.split}", "image": name, "prompt": sample.split[-7:]}

    split = st.sampled_from(splits)
    question = {"split": split}
    return of_set(
        merlim.merlim, merlim.tally, merlim.compute, question, named=named, picture=merlim.scene_of
    )


def of_phd() -> Metric:
    splits = st.sampled_from(["base object", "icc object", "icc counting", "ccs all"])
    return of_set(phd.phd, phd.tally, phd.compute, {"split": splits, "image": IMAGES})


def of_r_bench() -> Metric:
    lists = {"list 1": frozenset({"q0", "q3", "q5"}), "list 2": frozenset({"q1", "q3"})}
    splits = st.sampled_from(["image", "instance"])
    return of_set(
        lambda *some: r_bench.compute(r_bench.tally(joined(*some), lists)),
        lambda records: r_bench.tally(records, lists),
        r_bench.compute,
        {"split": splits, "image": IMAGES},
    )


def of_humblebench() -> Metric:
    texts = st.sampled_from(["A", "e", "E", "E.", "A or B", "", "x"])
    # The right letter stands in the prompt, as a sample has no place of its own for it.
    question = {
        "prompt": st.sampled_from(["A", "B", "E"]),
        "image": IMAGES,
        "split": st.sampled_from(["Object", "Relation"]),
    }

    def count(records: Records) -> Any:
        each = (humblebench.update(s.split, text, s.prompt) for s, text in records)
        return sum(each, Counter())

    return Metric(
        drawn(st.fixed_dictionaries(question), texts),
        lambda records: humblebench.compute(count(records)),
        lambda shards: humblebench.compute(sum(map(count, shards), Counter())),
    )


def of_haloquest() -> Metric:
    types = st.sampled_from(["false premises", "visual challenge"])

    def count(records: Records) -> Any:
        return sum((haloquest.update(s, text) for s, text in records), Counter())

    return Metric(
        drawn(st.fixed_dictionaries({"image": IMAGES, "split": types}), ANSWERS),
        lambda records: haloquest.haloquest(*parts(records)),
        lambda shards: haloquest.compute(sum(map(count, shards), Counter())),
    )


def of_haelm() -> Metric:
    def count(records: Records) -> Counter[str]:
        return Counter(haelm.verdict_of([text]) for _, text in records)

    return Metric(
        drawn(st.just({}), ANSWERS),
        lambda records: haelm.compute(count(records)),
        lambda shards: haelm.compute(sum(map(count, shards), Counter())),
    )


def of_mmhal() -> Metric:
    replies = st.sampled_from(["Rating: 6", "rating: 3", "Rating: 0", "rating: 1 rating: 2", ""])

    def count(records: Records) -> Any:
        return sum((mmhal.update(s.split, text) for s, text in records), Counter())

    return Metric(
        drawn(st.fixed_dictionaries({"split": st.sampled_from(TYPES)}), replies),
        lambda records: mmhal.compute(count(records)),
        lambda shards: mmhal.compute(sum(map(count, shards), Counter())),
    )


METRICS = {
    "haelm": of_haelm(),
    "mmhal": of_mmhal(),
    "beaf": of_beaf(),
    "dash-b": of_dash_b(),
    "reefknot": of_reefknot(),
    "hallucinogen": of_hallucinogen(),
    "r-bench": of_r_bench(),
    "merlim": of_merlim(),
    "phd": of_phd(),
    "humblebench": of_humblebench(),
    "haloquest": of_haloquest(),
    **{f"chair {compat}": of_chair(compat) for compat in ("offline", "pattern")},
    **{f"pope {parser}": of_pope(parser) for parser in PARSERS},
    "hallusionbench": of_hallusionbench(),
    **{f"mcq-pope {reader}": of_mcq_pope(reader) for reader in mcq_pope.READERS},
    "mme": of_mme(),
    "amber": of_amber(),
    "finegrained": of_finegrained(),
    "faithscore": of_faithscore(),
    "object-halbench": of_object_halbench(),
}
CAPTIONS = [name for name, metric in METRICS.items() if metric.worse]
few = settings(max_examples=40, deadline=None)


def figures(scores: list[Score]) -> dict[tuple[str, str], float | None]:
    return {(score.split, score.name): score.value for score in scores}


@pytest.mark.parametrize("name", METRICS)
@few
@given(data=st.data())
def test_order_does_not_matter(name, data):
    metric = METRICS[name]
    records = data.draw(metric.records)
    shuffled = data.draw(st.permutations(records))
    assert figures(metric.score(shuffled)) == figures(metric.score(records))


@pytest.mark.parametrize("name", METRICS)
@few
@given(data=st.data())
def test_shards_merge_to_the_whole(name, data):
    metric = METRICS[name]
    records = data.draw(metric.records)
    # All records of a picture go to one shard, since MME takes them together.
    pictures = sorted({metric.picture(sample) for sample, _ in records})
    place = {picture: data.draw(st.integers(0, 2)) for picture in pictures}
    shards = [
        [record for record in records if place[metric.picture(record[0])] == shard]
        for shard in range(3)
    ]
    whole = metric.score(records)
    assert figures(metric.merge([shard for shard in shards if shard])) == figures(whole)


MOST = {"score": 200, "perception": 2000, "cognition": 800, "hallucination": 800}


def most(score: Score, records: Records) -> float:
    """The greatest value that a figure may have."""
    if score.name.startswith("Len"):
        return max(len(text) for _, text in records)
    if isinstance(score.value, int):  # a count
        return len(records)
    if score.metric == "mmhal" and score.unit:
        return 6
    percent = score.name.startswith(("published", "AMBER"))
    return MOST.get(score.name, 100 if percent else 1)


@pytest.mark.parametrize("name", METRICS)
@few
@given(data=st.data())
def test_values_are_in_range(name, data):
    metric = METRICS[name]
    records = data.draw(metric.records)
    scores = metric.score(records)
    assert len(figures(scores)) == len(scores), "a figure comes twice"
    for score in scores:
        if score.denominator == 0:
            assert score.value is None
        if score.value is not None:
            least = -1 if score.name.endswith("bias") else 0
            assert least <= score.value <= most(score, records)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "mme"])
@few
@given(data=st.data())
def test_questions_without_a_split_make_no_figure_twice(name, data):
    """MME alone refuses them: its splits are its tasks."""
    rows = enumerate(data.draw(METRICS[name].records))
    some = [(s if n % 2 else msgspec.structs.replace(s, split=""), text) for n, (s, text) in rows]
    keys = Counter((each.metric, each.split, each.name) for each in METRICS[name].score(some))
    assert not [key for key, times in keys.items() if times > 1]


@pytest.mark.parametrize("name", CAPTIONS)
@few
@given(data=st.data())
def test_one_more_hallucination_never_lowers_the_rate(name, data):
    metric = METRICS[name]
    records = data.draw(metric.records)
    place = data.draw(st.integers(0, len(records) - 1))
    sample, text = records[place]
    worse = [*records[:place], (sample, metric.worse(sample, text)), *records[place + 1 :]]
    before, after = figures(metric.score(records)), figures(metric.score(worse))
    for key, value in before.items():
        if key[1] in metric.rising and value is not None:
            assert after[key] >= value


# Files for the commands, small but with something of everything.
FILES = {
    "captions.jsonl": [
        {"image_id": n, "caption": f"Two men and {n} dogs are seated near a bus, a cup and a vase."}
        for n in range(1, 8)
    ],
    "questions_random.jsonl": [
        {"question_id": n, "image": f"{n // 3}.jpg", "text": f"Is there a {name}?", "label": label}
        for n, (name, label) in enumerate(zip(CLASSES[:12], ["yes", "no"] * 6, strict=True), 1)
    ],
    "answers.jsonl": [
        {"question_id": n, "text": ["Yes", "No.", "NO", "There isn't one", "cannot know"][n % 5]}
        for n in range(1, 13)
    ],
    "mcq_random.jsonl": [
        {"question_id": n, "image": f"{n // 3}.jpg", "text": "Which?", "label": "ABCD"[n % 4]}
        for n in range(1, 13)
    ],
    "dash.jsonl": [
        {"img_id": f"{n}.png", "object_name": "bed", "gt": ["yes", "no"][n % 2], "response": "Yes"}
        for n in range(9)
    ],
    "beaf.jsonl": [
        {
            **{"id": n, "image": f"{n // 3}.jpg" if n % 3 == 0 else f"{n // 3}_0{n % 3}.png"},
            **{"question": "Is it?", "orig_img": n % 3 == 0, "removed_q": n % 3 == 1, "gt": "no"},
        }
        for n in range(1, 13)
    ],
    "reefknot.jsonl": [
        {
            **{"image_id": n // 2, "query_prompt": "Is it on?", "label": ["yes", "no", "A"][n % 3]},
            **{"response": "A yes", "relation_type": ["perception", "cognitive"][n % 2]},
        }
        for n in range(9)
    ],
    "humble.jsonl": [
        {
            **{"question_id": n, "question": "Which?", "label": "ABCDE"[n % 5]},
            **{"type": ["Object", "Relation"][n % 2], "prediction": "EAB"[n % 3]},
        }
        for n in range(12)
    ],
    "merlim.jsonl": [
        {
            **{"orig_img": f"{n}.png", "edited_img": f"{n}_1.png", "question": "Is it on?"},
            **{"question_neg": "Is it not on?", "orig": ["yes", "no"][n % 2], "orig_neg": "no"},
            **{"edited": "no", "edited_neg": "yes"},
        }
        for n in range(4)
    ],
    "related.jsonl": [
        {"id": f"{n}{copy}.png/{k}", "text": ["Yes", "No", "NO", "A yes"][n]}
        for n in range(4)
        for copy in ("", "_1")
        for k in (1, 2)
    ],
    "id_POPE_adv.jsonl": [
        {
            **{"question_id": n, "image": f"{n}.jpg", "label": ["yes", "no"][n % 2]},
            **{f"query_{k}": f"Is it {k}?" for k in range(1, 6)},
        }
        for n in range(4)
    ],
    "worded.jsonl": [
        {"id": f"id-adversarial/{n}/{k}", "text": ["Yes", "No", "NO"][(n + k) % 3]}
        for n in range(4)
        for k in range(1, 6)
    ],
    "phd.jsonl": [
        {
            **{"image_id": n, "yes_question": "Is it?", "no_question": "Is it not?"},
            **{"task": ["object", "counting"][n % 2], "context": {"iac": "A.", "icc": "B."}},
        }
        for n in range(4)
    ],
    "paired.jsonl": [
        {"id": f"{mode}/{n}/{label}", "text": ["Yes", "No"][(n + len(mode)) % 2]}
        for mode in ("base", "iac", "icc")
        for n in range(1, 5)
        for label in ("yes", "no")
    ],
    "replies.jsonl": [{"id": n, "text": f"Rating: {n % 7}"} for n in range(96)],
    "objects.json": [{str(n): CLASSES[n : n + 20 : n] for n in range(1, 8)}],
}
COMMANDS = [
    ["score", "chair", "captions.jsonl", "--truth", "objects.json", "-o", "kept/chair"],
    ["score", "chair", "captions.jsonl", "--truth", "objects.json", "--json"],
    [
        *("score", "pope", "answers.jsonl", "--truth", "questions_random.jsonl"),
        *("--parser", "all", "--json", "-o", "kept/pope"),
    ],
    ["score", "mme", "mme", "--json", "-o", "kept/mme"],
    [
        *("score", "mcq-pope", "answers.jsonl", "--truth", "mcq_random.jsonl"),
        *("--json", "-o", "kept/mcq-pope"),
    ],
    ["score", "beaf", "answers.jsonl", "--truth", "beaf.jsonl", "--json", "-o", "kept/beaf"],
    ["score", "dash-b", "dash.jsonl", "--json", "-o", "kept/dash-b"],
    ["score", "reefknot", "reefknot.jsonl", "--json", "-o", "kept/reefknot"],
    ["score", "mmhal", "replies.jsonl", "--json", "-o", "kept/mmhal"],
    ["score", "humblebench", "humble.jsonl", "--json"],
    ["score", "merlim", "related.jsonl", "--truth", "merlim.jsonl", "--json"],
    ["score", "hallucinogen", "worded.jsonl", "--truth", "id_POPE_adv.jsonl", "--json"],
    ["score", "phd", "paired.jsonl", "--truth", "phd.jsonl", "--json"],
    ["score", "r-bench", "answers.jsonl", "--truth", "questions_random.jsonl", "--json"],
    ["score", "faithscore", "captions.jsonl", "--truth", "objects.json", "--json"],
    ["score", "object-halbench", "captions.jsonl", "--truth", "objects.json", "--json"],
]
SCRIPT = """
import json, sys
from app.cli import main
for command in json.loads(sys.argv[1]):
    sys.argv = ["halluc", *command]
    main()
"""


def test_the_same_bytes_for_any_hash_seed_and_number_of_threads(tmp_path):
    written = []
    for seed, threads in (("0", "1"), ("1", "2"), ("4242", "1")):
        folder = tmp_path / seed
        (folder / "mme").mkdir(parents=True)
        for name, rows in FILES.items():
            (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        for task in TASKS:
            lines = [f"{n // 2}.jpg\tIs it {n}?\t{'Yes' if n % 2 else 'No'}\tYes" for n in range(8)]
            (folder / "mme" / f"{task}.txt").write_text("\n".join(lines) + "\n")
        environment = {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads}
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(COMMANDS)],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            check=True,
        )
        files = sorted(file for file in (folder / "kept").rglob("*.json*") if file.stem != "times")
        assert {file.stem for file in files} >= {"findings", "responses", "run", "scores"}
        kept = [(str(file.relative_to(folder)), file.read_bytes()) for file in files]
        written.append((result.stdout, kept))
    assert written[0] == written[1] == written[2]
