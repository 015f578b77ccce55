import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import POPE_7B, POPE_13B

from halluc.answers.alignment import align
from halluc.answers.files import read_answers
from halluc.datasets.pope import load_files
from halluc.errors import InputError
from halluc.records import Sample, Truth
from metrics.pope import pope
from metrics.pope_counts import Tally, compute, count
from metrics.pope_parsers import PARSERS, PopeCounts, read_pope


def reference(answers, labels):
    """The original script, literally: lists of 1 and 0 joined by place."""
    predicted = []
    for text in answers:
        first = text.split(".")[0] if text.find(".") != -1 else text
        words = first.replace(",", "").split(" ")
        predicted.append(0 if "No" in words or "not" in words or "no" in words else 1)
    tp = fp = tn = fn = 0
    for guess, label in zip(predicted, labels, strict=True):
        tp += guess == 1 and label == "yes"
        fp += guess == 1 and label == "no"
        tn += guess == 0 and label == "no"
        fn += guess == 0 and label == "yes"
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    return {
        "accuracy": (tp + tn) / (tp + tn + fp + fn),
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / (precision + recall),
        "yes ratio": predicted.count(1) / len(predicted),
        **{"TP": tp, "FP": fp, "TN": tn, "FN": fn},
    }


def table(scores):
    return {(score.split, score.name): score.value for score in scores}


def score_files(answers, truths):
    samples = load_files(truths).samples
    joined = align([each for path in answers for each in read_answers(path)], samples)
    return samples, joined, table(pope(samples, {id: each.text for id, each in joined.items()}))


def test_llava_13b_official_answers(shared):
    truths = [
        shared / "pope" / "coco" / f"coco_pope_{name}.json"
        for name in ("random_2910", "popular", "adversarial")
    ]
    samples, joined, found = score_files([shared / "pope_answers" / "llava-v1.5-13b.jsonl"], truths)
    for split, counts in POPE_13B.items():
        assert tuple(found[split, name] for name in ("TP", "FP", "TN", "FN")) == counts
        rows = [(joined[s.id].text, s.truth.label) for s in samples if s.split == split]
        literal = reference(*zip(*rows, strict=True))
        assert {name: found[split, name] for name in literal} == pytest.approx(literal, rel=1e-15)
    assert round(found["", "mean F1"], 4) == 0.8595


@pytest.mark.parametrize("decoding", ["greedy", "sample"])
def test_llava_7b_answers(decoding, shared):
    splits = ("random", "popular", "adversarial")
    folder = shared / "pope_answers" / "llava-v1.5-7b"
    _, _, found = score_files(
        [folder / f"llava-7b-coco-{split}-{decoding}.jsonl" for split in splits],
        [shared / "pope" / "coco" / f"coco_pope_{split}.json" for split in reversed(splits)],
    )
    for split in splits:
        shown = tuple(round(100 * found[split, name], 2) for name in ("accuracy", "F1"))
        assert shown == POPE_7B[decoding, split]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("No", "no"),
        ("There is not, I think.", "no"),
        ("no, none", "no"),
        ("Yes. But no cat.", "yes"),
        ("Yes, no", "no"),
        ("NO", "yes"),
        ("no!", "yes"),
        ("No\n", "yes"),
        ("It isn't", "yes"),
        ("", "yes"),
    ],
)
def test_the_original_parser_and_its_quirks(text, label):
    assert read_pope(text, "no") == label


labels = st.sampled_from(["yes", "no"])


rows = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.sampled_from(["a.jpg", "b.jpg"]),
        labels,
        st.sampled_from(["Yes", "No", "No.", "not so", "maybe"]),
    )
)


def asked(row, number):
    split, image, label, _ = row
    return Sample(id=f"{split}/{number}", image=image, split=split, truth=Truth(label=label))


@given(rows, rows, st.sampled_from(list(PARSERS.values())))
def test_shards_add_up_and_order_does_not_matter(one, other, parser):
    pairs = [(asked(row, number), row[3]) for number, row in enumerate(one + other)]
    whole, parts = Tally([parser], ["one"]), Tally([parser], ["one"])
    whole.update(reversed(pairs))
    parts.update(pairs[: len(one)])
    parts.update(pairs[len(one) :])
    assert whole.scores(parser) == parts.scores(parser)


@given(rows, st.sampled_from(list(PARSERS.values())))
def test_pictures_add_up_to_the_figures(rows, parser):
    tally = Tally([parser])
    tally.update((asked(row, number), row[3]) for number, row in enumerate(rows))
    counted = tally.counted(parser)
    for score in counted.scores:
        if score.denominator is not None:
            key = score.split, score.name
            parts = [s for part in counted.parts.values() for s in part if (s.split, s.name) == key]
            assert sum(s.numerator for s in parts) == score.numerator
            assert sum(s.denominator for s in parts) == score.denominator


@given(st.lists(st.tuples(st.sampled_from(["Yes", "No", "No.", "not so", "maybe"]), labels)))
def test_agrees_with_the_original_where_that_is_defined(rows):
    pairs = Counter((read_pope(text, label), label) for text, label in rows)
    found = {score.name: score.value for score in compute(count(pairs))}
    if found["TP"] and found["TN"] + found["FP"]:
        literal = reference(*zip(*rows, strict=True))
        assert {name: found[name] for name in literal} == pytest.approx(literal, rel=1e-12)


def test_undefined_is_none():
    nothing = {score.name: score.value for score in compute(PopeCounts())}
    assert {nothing[name] for name in ("accuracy", "precision", "recall", "F1")} == {None}
    never = {score.name: score.value for score in compute(PopeCounts(tn=1, fn=1))}
    assert (never["precision"], never["recall"], never["F1"]) == (None, 0, 0)


def test_mean_is_undefined_if_a_part_is():
    samples = [
        Sample(id="a", split="one", truth=Truth(label="yes")),
        Sample(id="b", split="two", truth=Truth(label="no")),
    ]
    found = table(pope(samples, {"a": "yes", "b": "no"}))
    assert found["", "mean precision"] is None
    assert found["", "mean accuracy"] == 1


def test_a_sample_without_label():
    with pytest.raises(InputError, match="'a' has no yes/no label"):
        pope([Sample(id="a")], {"a": "yes"})


def test_every_score_is_json():
    import msgspec

    assert json.loads(msgspec.json.encode(compute(PopeCounts(1, 1, 1, 1))))[0]["value"] == 0.5
