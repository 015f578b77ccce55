import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.datasets.amber import Annotations, read_annotations
from halluc.errors import InputError
from halluc.language.words.lemmas import Words
from halluc.language.words.nouns import wordnet_nouns
from halluc.language.words.similarity import similarity
from halluc.records import Sample, TrueObject, Truth
from metrics.amber import amber, count_pictures
from metrics.amber_captions import CaptionReader
from metrics.amber_counts import AmberCounts, compute, parse_exact, total

FIGURES = ("accuracy", "precision", "recall", "F1")
GROUPS = {
    "all": ("existence", "state", "number", "action", "relation"),
    "existence": ("existence",),
    "attribute": ("state", "number", "action"),
    **{each: (each,) for each in ("state", "number", "action", "relation")},
}


def reference_answers(rows):
    """The published script, literally: counters of each type that begin at .001 or 0."""
    begun = {"n": 0.001, "right": 0, "no": 0.001, "no_right": 0, "said": 0.001, "said_right": 0}
    counters = {group: dict(begun) for group in ("all", *GROUPS["all"])}
    for dimension, truth, response in rows:
        for counter in (counters["all"], counters[dimension]):
            counter["n"] += 1
            if truth == "yes":
                counter["right"] += response == "Yes"
            else:
                counter["no"] += 1
                counter["right"] += response == "No"
                counter["no_right"] += response == "No"
            if response == "No":
                counter["said"] += 1
                counter["said_right"] += truth == "no"
    counters["attribute"] = {
        key: sum(counters[each][key] for each in GROUPS["attribute"]) for key in begun
    }
    figures = {}
    for group in GROUPS:
        c = counters[group]
        accuracy = round(c["right"] / c["n"] * 100, 1)
        precision = round(c["said_right"] / c["said"] * 100, 1)
        recall = round(c["no_right"] / c["no"] * 100, 1)
        more = 0.001 if group == "existence" else 0.0001
        f1 = 2 * (precision / 100) * (recall / 100) / ((precision / 100) + (recall / 100) + more)
        figures[group] = dict(
            zip(FIGURES, (accuracy, precision, recall, round(f1 * 100, 1)), strict=True)
        )
    return figures


def reference_scene(names, association):
    """The published script's two lists: words, and beside each a place or, at the end, a mark."""
    words, places = [], []
    for place, name in enumerate(names):
        words += association[name]
        places += [place] * len(association[name])
    return words + names, places + [0] * len(names), len(places)


def mark(scene, fits):
    words, places, first = scene
    for j, word in enumerate(words):
        if fits(word):
            places[places[j] + first if j < first else j] = 1
            return True
    return False


def reference_captions(rows, known, similar):
    """The published script, literally, on captions whose nouns are known already."""
    sums = dict.fromkeys(("chair", "cover", "cog", "fine"), 0)
    numbers = dict.fromkeys(sums, 0.001)
    association = known.associations
    vocabulary = [*association, *(word for words in association.values() for word in words)]
    for id, nouns in rows:
        truth, hallu = [each.name for each in known.samples[id].truth.objects], known.likely[id]
        safe, ha = (reference_scene(list(names), association) for names in (truth, hallu))
        kept = [noun for noun in nouns if noun in vocabulary]
        flags = [0] * len(kept)
        for i, noun in enumerate(kept):
            if noun in known.safe or mark(safe, lambda word, noun=noun: word == noun):
                continue
            mark(ha, lambda word, noun=noun: word == noun)
            mark(ha, lambda word, noun=noun: similar(noun, word))
            if not mark(safe, lambda word, noun=noun: similar(noun, word)):
                flags[i] = 1
        parts = {"chair": flags, "cover": safe[1][-len(truth) :], "cog": ha[1][-len(hallu) :]}
        for name, part in (parts | {"fine": [not sum(flags)]}).items():
            sums[name] += sum(part)
            numbers[name] += len(part)
    ratios = {name: sums[name] / numbers[name] * 100 for name in sums}
    return {
        "CHAIR": round(ratios["chair"], 1),
        "Cover": round(ratios["cover"], 1),
        "Hal": round(100 - ratios["fine"], 1),
        "Cog": round(ratios["cog"], 1),
    }


def values(result, split):
    return {each.name: each.value for each in result.scores if each.split == split}


@pytest.fixture(scope="module")
def known(shared):
    return read_annotations(shared / "amber")


@pytest.fixture(scope="module")
def questions(known):
    return [each for each in known.samples.values() if each.split != "generative"]


@pytest.fixture(scope="module")
def captions(known):
    return [each for each in known.samples.values() if each.split == "generative"]


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_published_rule_on_14_216_generated_answers(seed, questions, known):
    rng = random.Random(seed)
    kinds = {"yes": ["Yes"] * 6 + ["No", "no", "Yes."], "no": ["No"] * 5 + ["Yes", "yes", "NO", ""]}
    answers = {each.id: rng.choice(kinds[each.truth.label]) for each in questions}
    result = amber(questions, answers, known)
    rows = [(each.split, each.truth.label, answers[each.id]) for each in questions]
    assert len(rows) == 14_216
    for group, expected in reference_answers(rows).items():
        found = values(result, group)
        assert {name: found[f"published {name}"] for name in FIGURES} == expected
        for name in ("accuracy", "precision", "recall"):
            assert 100 * found[name] == pytest.approx(expected[name], abs=0.051)
        # Made of rounded parts and of smoothed ones, so up to .05 + .05 (existence) lower.
        assert -0.06 < 100 * found["F1"] - expected["F1"] < 0.16
    assert values(result, "existence")["precision"] == 1


@pytest.mark.parametrize(
    ("dimension", "counts", "published"),
    [
        ("existence", (4924, 3984, 4924, 3984, 3984), (80.9, 100.0, 80.9, 89.4)),
        ("relation", (1664, 942, 689, 1310, 638), (56.6, 48.7, 92.6, 63.8)),
    ],
)
def test_figures_of_instructblip(dimension, counts, published):
    """As the published script gave them, from counts that fit: its F1 is made of rounded parts."""
    names = ("questions", "right", "no", "said no", "right no")
    by = {(dimension, name): number for name, number in zip(names, counts, strict=True)}
    found = {each.name: each.value for each in compute(AmberCounts(Counter(by)))}
    assert tuple(found[f"published {name}"] for name in FIGURES) == published


def written(rng, sample, known, vocabulary):
    """A caption of true objects, likely hallucinations and words of the vocabulary."""
    names = [
        *rng.sample([each.name for each in sample.truth.objects], 2),
        *rng.sample(known.likely[sample.id], rng.randrange(3)),
        *rng.sample(vocabulary, rng.randrange(6)),
    ]
    rng.shuffle(names)
    forms = ("There is a {}.", "I see two {}s in front!", "The {} is red, and a big thing.", "{}s.")
    return " ".join(rng.choice(forms).format(name) for name in names)


@pytest.mark.parametrize("way", ["exact", "wordnet"])
def test_agrees_with_the_published_rule_on_generated_captions(way, captions, known, nltk_data):
    rng = random.Random(0)
    read = CaptionReader(wordnet_nouns(nltk_data), similarity(way, nltk_data))
    some, vocabulary = rng.sample(captions, 500), sorted(known.vocabulary)
    answers = {each.id: written(rng, each, known, vocabulary) for each in some}
    result = amber(some, answers, known, read=read)
    rows = [(each.id, read.nouns(answers[each.id]).forms) for each in some]
    found = values(result, "generative")
    expected = reference_captions(rows, known, read.similar)
    assert {name: found[f"published {name}"] for name in expected} == expected
    for name, percent in expected.items():
        assert 100 * found[name] == pytest.approx(percent, abs=0.06)
    assert len(result.findings) == sum(
        each.by["generative", "named"] for each in result.counts.values()
    )


def test_the_rule_with_any_similarity(captions, known):
    """A similarity that holds for many pairs reaches every branch of the rule."""
    rng = random.Random(1)
    vocabulary = sorted(known.vocabulary)

    def similar(one, other):
        return one == other or (len(one) * 7 + len(other) + ord(one[0])) % 11 == 0

    def nouns(text):
        forms = text.split()
        return Words(forms, [(0, 1)] * len(forms))

    some = rng.sample(captions, 400)
    answers = {each.id: " ".join(rng.choices(vocabulary, k=rng.randrange(9))) for each in some}
    found = values(amber(some, answers, known, read=CaptionReader(nouns, similar)), "generative")
    rows = [(each.id, answers[each.id].split()) for each in some]
    expected = reference_captions(rows, known, similar)
    assert {name: found[f"published {name}"] for name in expected} == expected


@pytest.fixture
def small():
    """One picture: a man and a person, likely taken for having a dog and a bike."""
    truth = Truth(objects=(TrueObject(name="person"), TrueObject(name="man")))
    samples = {
        "1": Sample(id="1", split="generative", truth=truth),
        "2": Sample(id="2", split="relation", truth=Truth(label="yes")),
    }
    associations = {"person": ("man", "woman"), "man": (), "dog": (), "bike": ("tire",), "sofa": ()}
    return Annotations(samples, {"1": ("dog", "bike")}, associations, frozenset({"tire"}), [])


def read_words(text):
    spans, end = [], 0
    for word in text.split():
        start = text.index(word, end)
        end = start + len(word)
        spans.append((start, end))
    return Words(text.split(), spans)


def judged(known, text, similar=str.__eq__):
    read = CaptionReader(read_words, similar)
    samples = [each for each in known.samples.values() if each.split == "generative"]
    return amber(samples, {"1": text}, known, read=read)


def test_findings_and_counts_of_a_caption(small):
    text = "man dog cat sofa tire"
    result = judged(small, text)
    spans = [text[each.claim.start : each.claim.end] for each in result.findings]
    assert spans == ["man", "dog", "sofa", "tire"]
    assert [(each.verdict, each.rule) for each in result.findings] == [
        # "man" stands for the first object that it goes with, so the man himself is not covered.
        ("supported", "goes with the truth"),
        ("hallucinated", "not in the truth"),
        ("hallucinated", "not in the truth"),
        ("unverifiable", "safe word"),
    ]
    assert result.findings[0].evidence == "person"
    assert result.findings[1].evidence == "the truth has man, person"
    found = values(result, "generative")
    assert (found["CHAIR"], found["Cover"], found["Hal"], found["Cog"]) == (0.5, 0.5, 1, 0.5)
    assert (found["published CHAIR"], found["published Hal"]) == (50.0, 100.0)


def test_a_likely_hallucination_that_is_like_the_truth(small):
    result = judged(small, "dog", similar=lambda one, other: (one, other) == ("dog", "woman"))
    (finding,) = result.findings
    assert (finding.verdict, finding.evidence) == ("supported", "woman")
    found = values(result, "generative")
    assert (found["CHAIR"], found["Cover"], found["Cog"]) == (0, 0.5, 0.5)


def test_what_was_not_asked_has_no_figures(small):
    assert {each.split for each in judged(small, "man").scores} == {"generative"}
    (question,) = [each for each in small.samples.values() if each.split == "relation"]
    found = amber([question], {"2": "Yes"}, small)
    assert {each.split for each in found.scores} == {"relation"}
    assert values(found, "relation")["accuracy"] == 1
    # Nothing is no and nothing was said to be, where the script prints 0.
    assert [values(found, "relation")[f"published {name}"] for name in FIGURES] == [99.9] + [
        None
    ] * 3
    silent = values(judged(small, "grass"), "generative")
    assert (silent["CHAIR"], silent["published CHAIR"], silent["Hal"]) == (None, None, 0)
    assert compute(AmberCounts()) == []


def test_the_amber_score(questions, captions, known):
    rng = random.Random(2)
    read = CaptionReader(read_words, str.__eq__)
    answers = {each.id: rng.choice(["Yes", "No"]) for each in questions}
    answers |= {each.id: "sky dog person" for each in captions}
    result = amber([*captions, *questions], answers, known, read=read)
    chair = values(result, "generative")["published CHAIR"]
    f1 = values(result, "all")["published F1"]
    assert values(result, "") == {"AMBER score": (100 - chair + f1) / 2}


some_counts = st.dictionaries(
    st.tuples(
        st.sampled_from(["state", "relation"]), st.sampled_from(["questions", "right", "no"])
    ),
    st.integers(1, 9),
).map(lambda numbers: AmberCounts(Counter(numbers)))


@given(some_counts, some_counts)
def test_counts_add_up(one, other):
    assert (one + other).by == total([one, other]).by == total([other, one]).by


@pytest.mark.parametrize("text", ["yes", "No.", " No", "No\n", "Yes, it is", ""])
def test_the_exact_parser_reads_nothing_else(text):
    assert parse_exact(text) is None


def test_what_is_no_query_of_amber(small):
    with pytest.raises(InputError, match="'9' is no query of AMBER"):
        amber([Sample(id="9", split="relation", truth=Truth(label="yes"))], {"9": "Yes"}, small)


def test_pictures_add_up_to_the_figures(questions, known):
    """Also where no picture alone was asked for all dimensions."""
    some = questions[::37]
    answers = {each.id: "No" if number % 3 else "Yes" for number, each in enumerate(some)}
    result = amber(some, answers, known)
    counted = count_pictures(result, {each.id: str(int(each.id) % 50) for each in some})
    assert len(counted.parts) == 50
    sums = Counter()
    for part in counted.parts.values():
        for each in part:
            if each.denominator is not None:
                sums[each.split, each.name, "above"] += each.numerator
                sums[each.split, each.name, "below"] += each.denominator
    for each in result.scores:
        if each.denominator is not None:
            assert sums[each.split, each.name, "above"] == each.numerator
            assert sums[each.split, each.name, "below"] == each.denominator
