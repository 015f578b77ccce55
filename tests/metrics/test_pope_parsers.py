"""Each parser against a literal re-statement of its published script, on nasty answers."""

import random
import re

import pytest

from halluc.records import Sample, Truth
from metrics.pope_counts import Tally
from metrics.pope_parsers import PARSERS

WORDS = (
    *(
        "Yes",
        "yes",
        "YES",
        "No",
        "no",
        "NO",
        "not",
        "Not",
        "isn't",
        "Isn't",
        "n't",
        "can't",
        "nope",
    ),
    *("know", "snow", "yesterday", "eyes", "there", "is", "a", "cat", "1,000", "3.5", "2,5", "nö"),
    *("ｎｏ", "none", "cannot", "don’t", "İ", "ß", "yes/no", "no-one", "yes;", "(no)", "[Yes]", ""),
)
ENDS = (
    "",
    ".",
    ",",
    "!",
    "?",
    ". ",
    ", ",
    "..",
    "...",
    "\n",
    "\t",
    " ",
    "  ",
    "?!",
    "; ",
    '"',
    " .",
)
SEPARATORS = (" ", " ", " ", ". ", ", ", ".", ",", "\n", "  ", "-", "/", "_", "\u00a0", "\u3000")


def nasty(number, seed=0):
    """Answers with every kind of yes, no, punctuation and white space."""
    rng = random.Random(seed)
    for _ in range(number):
        text = ""
        for place in range(rng.choice((0, 1, 1, 1, 2, 3, 5, 8))):
            text += (rng.choice(SEPARATORS) if place else "") + rng.choice(WORDS)
        text += rng.choice(ENDS) * rng.choice((1, 1, 1, 40))
        yield rng.choice(("", "", " ")) + text, rng.choice(("yes", "no"))


def by_first_sentence(rows, drop_unknown):
    """RUCAIBox/POPE and LLaVA; with drop_unknown p1k0pan/ICD."""
    predictions = []
    for text, _ in rows:
        sentence = text
        if sentence.find(".") != -1:
            sentence = sentence.split(".")[0]
        words = sentence.replace(",", "").split(" ")
        if "No" in words or "not" in words or "no" in words:
            predictions.append(0)
        elif not drop_unknown or "Yes" in words or "yes" in words:
            predictions.append(1)
        else:
            predictions.append(-1)
    return predictions


def of_predictions(rows, predictions):
    tp = fp = tn = fn = 0
    for prediction, (_, label) in zip(predictions, rows, strict=True):
        tp += prediction == 1 and label == "yes"
        fp += prediction == 1 and label == "no"
        tn += prediction == 0 and label == "no"
        fn += prediction == 0 and label == "yes"
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    return {
        "accuracy": (tp + tn) / (tp + tn + fp + fn),
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / (precision + recall),
        "yes ratio": predictions.count(1) / len(predictions),
        **{"TP": tp, "FP": fp, "TN": tn, "FN": fn, "unknown": predictions.count(-1)},
    }


def pope(rows):
    return of_predictions(rows, by_first_sentence(rows, drop_unknown=False))


def icd(rows):
    return of_predictions(rows, by_first_sentence(rows, drop_unknown=True))


def opera(rows):
    predictions = []
    for text, _ in rows:
        words = text.replace(".", "").replace(",", "").split(" ")
        no = any(w in ["No", "not", "no", "NO"] for w in words)
        predictions.append(0 if no or any(w.endswith("n't") for w in words) else 1)
    return of_predictions(rows, predictions)


def vcd(rows):
    tp = tn = fp = fn = yes = 0
    for text, label in rows:
        answer = text.lower().strip()
        if label == "yes":
            if "yes" in answer:
                tp, yes = tp + 1, yes + 1
            else:
                fn += 1
        elif "no" in answer:
            tn += 1
        else:
            fp, yes = fp + 1, yes + 1
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    return {
        "accuracy": (tp + tn) / len(rows),
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / (precision + recall),
        "yes ratio": yes / len(rows),
        **{"TP": tp, "FP": fp, "TN": tn, "FN": fn, "unknown": 0},
    }


def lmms_eval(rows):
    results = []
    for text, label in rows:
        prediction = text.lower().strip()
        results.append((prediction, label, 1.0 if prediction == label else 0.0))
    tp = sum(t == "yes" and p == "yes" for p, t, _ in results)
    fp = sum(t == "no" and p == "yes" for p, t, _ in results)
    fn = sum(t == "yes" and p == "no" for p, t, _ in results)
    precision = tp / (tp + fp) if tp + fp > 0 else 0
    recall = tp / (tp + fn) if tp + fn > 0 else 0
    return {
        "accuracy": sum(score for _, _, score in results) / len(results),
        "precision": precision,
        "recall": recall,
        "F1": 2 * (precision * recall) / (precision + recall) if precision + recall > 0 else 0,
        "yes ratio": sum(t == "yes" for _, t, _ in results) / len(results),
        "unknown": sum(p not in ("yes", "no") for p, _, _ in results),
    }


def vlmevalkit(rows):
    def processed(text):
        out = text
        marks = [";", "/", "[", "]", '"', "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<"]
        for mark in [*marks, "@", "`", ",", "?", "!"]:
            spaced = mark + " " in text or " " + mark in text
            if spaced or re.search("(\\d)(,)(\\d)", text) is not None:
                out = out.replace(mark, "")
            else:
                out = out.replace(mark, " ")
        return re.compile("(?!<=\\d)(\\.)(?!\\d)").sub("", out, count=32)  # as re.UNICODE is 32

    extracted = []
    for text, _ in rows:
        words = processed(text.lower()).split()
        if "yes" in words and "no" not in words:
            extracted.append("Yes")
        elif "yes" not in words and "no" in words:
            extracted.append("No")
        else:
            extracted.append("Unknown")
    answers = [label.capitalize() for _, label in rows]
    truth = [int(answer == "Yes") for answer in answers]
    guess = [int(each == "Yes") for each in extracted]
    pairs = list(zip(truth, guess, strict=True))
    tp, fp, fn = pairs.count((1, 1)), pairs.count((0, 1)), pairs.count((1, 0))
    precision = tp / (tp + fp) if tp + fp != 0 else 0
    recall = tp / (tp + fn) if tp + fn != 0 else 0
    right = [answer == each for answer, each in zip(answers, extracted, strict=True)]
    return {
        "accuracy": sum(right) / len(right),
        "precision": precision,
        "recall": recall,
        "F1": 2 * (precision * recall) / (precision + recall) if precision + recall != 0 else 0,
        "yes ratio": sum(guess) / len(guess),
        "unknown": extracted.count("Unknown"),
    }


LITERAL = {
    "pope": pope,
    "opera": opera,
    "vcd": vcd,
    "icd": icd,
    "lmms-eval": lmms_eval,
    "vlmevalkit": vlmevalkit,
}


def figures(parser, rows):
    tally = Tally([parser])
    tally.update(
        (Sample(id=str(number), truth=Truth(label=label)), text)
        for number, (text, label) in enumerate(rows)
    )
    return {score.name: score.value for score in tally.scores(parser)}


@pytest.mark.parametrize("name", PARSERS)
def test_agrees_with_the_published_script_on_10_000_answers(name):
    rows = list(nasty(10_000))
    assert len(set(rows)) > 5_000
    found, literal = figures(PARSERS[name], rows), LITERAL[name](rows)
    for figure, value in literal.items():
        assert found[figure] == pytest.approx(value, rel=1e-14, abs=0)


@pytest.mark.parametrize("name", PARSERS)
def test_agrees_on_each_few_of_them(name):
    """So few at once that no two mistakes hide each other; fixed ones keep the ratios defined."""
    fixed = [("Yes", "yes"), ("Yes", "no"), ("No", "no"), ("No", "yes")]
    rows = list(nasty(10_000))
    for start in range(0, len(rows), 5):
        few = [*fixed, *rows[start : start + 5]]
        found, literal = figures(PARSERS[name], few), LITERAL[name](few)
        for figure, value in literal.items():
            assert found[figure] == pytest.approx(value, rel=1e-14, abs=0), (few, figure)


@pytest.mark.parametrize(
    ("text", "label", "readings"),
    [
        # pope, opera, vcd, icd, lmms-eval, vlmevalkit
        ("Yes", "yes", "yes yes yes yes yes yes"),
        ("No", "yes", "no no no no no no"),
        ("Yes.", "yes", "yes yes yes yes unknown yes"),
        ("NO", "no", "yes no no unknown no no"),
        ("There isn't", "no", "yes no yes unknown unknown unknown"),
        ("I do not know", "no", "no no no no unknown unknown"),
        ("A cat in the snow", "no", "yes yes no unknown unknown unknown"),
        ("", "no", "yes yes yes unknown unknown unknown"),
        ("Yes, no", "no", "no no no no unknown unknown"),
        ("Yes, no", "yes", "no no yes no unknown unknown"),
        ("No. Yes.", "yes", "no no yes no unknown unknown"),
        ("no!", "no", "yes yes no unknown unknown no"),
        ("yes\n", "yes", "yes yes yes unknown yes yes"),
        ("yes" + "." * 33, "yes", "yes yes yes yes unknown unknown"),
        ("yes" + "." * 32, "yes", "yes yes yes yes unknown yes"),
    ],
)
def test_quirks(text, label, readings):
    assert [parser.read(text, label) for parser in PARSERS.values()] == readings.split()


def test_whole_sentences_are_disputed(shared):
    """LaVIN's answers to MME, as in docs/metrics/pope.md."""
    rows = [
        (answer, label.lower())
        for file in sorted((shared / "mme" / "LaVIN").glob("*.txt"))
        for _, _, label, answer in (line.split("\t") for line in file.read_text().splitlines())
    ]
    found = {name: figures(parser, rows) for name, parser in PARSERS.items()}
    assert len(rows) == 2374
    assert {name: (round(f["accuracy"], 4), f["unknown"]) for name, f in found.items()} == {
        "pope": (0.6099, 0),
        "opera": (0.6095, 0),
        "vcd": (0.6142, 0),
        "icd": (0.6102, 6),
        "lmms-eval": (0, 2374),
        "vlmevalkit": (0.6070, 12),
    }
    assert found["lmms-eval"]["F1"] is None
