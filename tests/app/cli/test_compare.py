import csv
import io
import json
import sys
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from app.cli import cli, main
from halluc.records import Response, Sample, Token, TrueObject, TrueRelation, Truth
from halluc.runs import open_run

CLOSE = 1e-9
SPLITS = ("random", "popular", "adversarial")
# accuracy and F1 in percent, as published with the answers
FIGURES = {
    "greedy": {"random": (87.00, 85.50), "popular": (85.90, 84.47), "adversarial": (83.33, 82.12)},
    "sampled": {"random": (83.63, 81.67), "popular": (81.73, 79.69), "adversarial": (79.83, 78.64)},
}


def call(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["halluc", "compare", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()


@pytest.fixture
def compare(monkeypatch, capsys, tmp_path):
    """Run the command in an empty folder: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: call(capsys, monkeypatch, *arguments)


def released(shared):
    """Arguments that compare LLaVA-1.5-7B's released answers."""
    answers = shared / "pope_answers" / "llava-v1.5-7b"
    sides = [
        f"{name}=" + ",".join(str(answers / f"llava-7b-coco-{s}-{file}.jsonl") for s in SPLITS)
        for name, file in (("greedy", "greedy"), ("sampled", "sample"))
    ]
    truths = [("--truth", shared / "pope" / "coco" / f"coco_pope_{split}.json") for split in SPLITS]
    return [*sides, *(each for pair in truths for each in pair)]


def reread(shared):
    """The released answers, read anew: split, picture, label and both readings of each question."""
    rows = []
    for split in SPLITS:
        folder = shared / "pope_answers" / "llava-v1.5-7b"
        truth = shared / "pope" / "coco" / f"coco_pope_{split}.json"
        questions = [json.loads(line) for line in truth.read_text().splitlines()]
        told = []
        for kind in ("greedy", "sample"):
            file = folder / f"llava-7b-coco-{split}-{kind}.jsonl"
            parsed = map(json.loads, file.read_text().splitlines())
            told.append({each["question_id"]: each["text"] for each in parsed})
        for each in questions:
            # The original parser: the first sentence, commas left out, split at spaces.
            words = [t[each["question_id"]].split(".")[0].replace(",", "").split(" ") for t in told]
            said = [not {"No", "not", "no"} & set(word) for word in words]
            rows.append((split, each["image"], each["label"] == "yes", *said))
    return rows


def cells(rows, split, run):
    """(tp, fp, tn, fn) of each picture, in the order of their names: (4, pictures)."""
    pictures = sorted({row[1] for row in rows})
    counts = np.zeros((4, len(pictures)), int)
    for row in rows:
        if row[0] == split:
            label, said = row[2], row[3 + run]
            place = (0 if label else 1) if said else (3 if label else 2)
            counts[place, pictures.index(row[1])] += 1
    return counts


@pytest.fixture(scope="module")
def llava(shared):
    result = CliRunner().invoke(cli, ["compare", *map(str, released(shared)), "--json"])
    return json.loads(result.stdout), reread(shared)


def scores_of(document, run):
    (found,) = [each["scores"] for each in document["runs"] if each["name"] == run]
    return {(s.get("split", ""), s["name"]): s for s in found if s["metric"] == "pope"}


def difference(document, split, name):
    (row,) = [
        row for row in document["differences"] if (row["split"], row["name"]) == (split, name)
    ]
    return row


def test_released_answers_have_their_published_figures(llava):
    document, _ = llava
    for run, split in product(FIGURES, SPLITS):
        scores = scores_of(document, run)
        found = [round(100 * scores[split, name]["value"], 2) for name in ("accuracy", "F1")]
        assert tuple(found) == FIGURES[run][split]


def test_the_document_tells_what_was_compared(llava):
    document, _ = llava
    assert document["how"]["parser"] == "pope"
    assert document["how"]["truth"].startswith("coco_pope_random.json (sha256 ")
    assert document["how"]["answers"] == "9,000 on 500 pictures, the same in all runs"
    files = [(file["file"], file["rows"]) for file in document["runs"][1]["files"]]
    assert files[0] == ("llava-7b-coco-random-sample.jsonl", 3000)


def test_mcnemar_of_released_answers_is_statsmodels(llava):
    document, rows = llava
    for split in (*SPLITS, ""):
        right = [(label == one, label == two) for s, _, label, one, two in rows if split in ("", s)]
        lost, gained = right.count((True, False)), right.count((False, True))
        table = [[right.count((True, True)), lost], [gained, right.count((False, False))]]
        exact, chi = mcnemar(table, exact=True), mcnemar(table, exact=False, correction=True)
        row = difference(document, split, "accuracy" if split else "mean accuracy")
        assert (row["gained"], row["lost"]) == (gained, lost)
        assert row["mcnemar_p"] == pytest.approx(exact.pvalue, abs=CLOSE)
        assert row["mcnemar_p"] == pytest.approx(
            stats.binomtest(lost, lost + gained).pvalue, abs=CLOSE
        )
        assert row["chi_square"] == pytest.approx(chi.statistic, abs=CLOSE)
        assert row["chi_square_p"] == pytest.approx(chi.pvalue, abs=CLOSE)


def test_intervals_of_released_answers_are_scipys(llava):
    document, rows = llava

    def interval(data, statistic, level=0.95):
        found = stats.bootstrap(
            data, statistic, paired=True, method="percentile", n_resamples=10_000, batch=2000,
            confidence_level=level, rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        return pytest.approx(tuple(found), abs=CLOSE)

    def f1(tp, fp, fn, axis=-1):
        return 2 * tp.sum(axis) / (2 * tp.sum(axis) + fp.sum(axis) + fn.sum(axis))

    def influence(tp, fp, fn):
        above, below = 2 * tp, 2 * tp + fp + fn
        return (above - f1(tp, fp, fn) * below) / below.sum()

    one, two = (cells(rows, "adversarial", run)[[0, 1, 3]] for run in (0, 1))
    for name, counts in (("greedy", one), ("sampled", two)):
        score = scores_of(document, name)["adversarial", "F1"]
        assert score["interval"] == "bootstrap"
        assert (score["low"], score["high"]) == interval(tuple(counts), f1)
    row = difference(document, "adversarial", "F1")
    # Differences are expanded as Student's t is wider than the normal distribution.
    moved = np.subtract(*(influence(*counts) for counts in (two, one)))
    freedom = min(499, 2 * 500 / (stats.kurtosis(moved, fisher=False) - 1))
    level = 1 - 2 * stats.norm.cdf(stats.t.ppf(0.025, freedom) * (500 / 499) ** 0.5)
    assert (row["low"], row["high"]) == interval(
        (*one, *two),
        lambda a, b, c, d, e, f, axis=-1: f1(d, e, f, axis) - f1(a, b, c, axis),
        level,
    )


def test_released_answers_in_words(shared, compare):
    code, out, err = compare(*released(shared))
    assert (code, err) == (0, "")
    said = " ".join(out.split())
    assert (
        "sampled does worse than greedy in mean accuracy, lower by 3.7 points (95 % CI 2.9 to 4.4, "
        "p = .0002; 597 questions right only in greedy, 266 only in sampled); lower mean F1 by 4.0 "
        "points (95 % CI 3.2 to 4.9, p = .0002); mean yes ratio unchanged within the error (+0.01 "
        "points" in said
    )
    assert max(map(len, out.splitlines())) <= 80


def card(**decoding):
    return {
        "model": {"name": "m", "hash": "1"},
        "task": "caption",
        "prompt": "Describe.",
        "decoding": {"do_sample": False, "seed": 0, **decoding},
        "data": {"name": "coco:x", "sha256": "2"},
    }


DOG_AND_CUP = Truth(objects=(TrueObject(name="dog"), TrueObject(name="cup")), complete=True)


def caption_run(folder, texts, tokens=True, truth=DOG_AND_CUP, **changed):
    truths = truth if isinstance(truth, list) else [truth] * len(texts)
    samples = [Sample(id=f"s{n:02}", image=f"{n:02}.jpg", truth=t) for n, t in enumerate(truths)]
    run = open_run(folder, card() | changed, samples)
    run.append(
        Response(id=s.id, text=t, prompt="Describe.", tokens=(Token(0, 1, -0.1),) * 7 * tokens)
        for s, t in zip(samples, texts, strict=True)
    )
    run.finish()


WORDY = ["A dog, a cup and a bus."] * 30 + ["A dog and a cup."] * 10
SHORT = ["A dog."] * 35 + ["A dog and a bus."] * 5
EXACT = ["A dog and a cup in the sun."] * 38 + ["A dog and a bus in the sun."] * 2


@pytest.fixture
def runs(tmp_path):
    caption_run(tmp_path / "greedy", WORDY)
    caption_run(tmp_path / "short", SHORT, prompt="Be brief.")
    caption_run(tmp_path / "exact", EXACT, decoding={"do_sample": True, "seed": 3})
    return tmp_path


def test_runs_tell_how_they_were_made(runs, compare):
    code, out, err = compare("greedy", "exact")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Verdict"
    assert lines[1].startswith("  • exact hallucinates less than greedy in CHAIRi, lower by")
    made = lines.index("How greedy and exact were made differently")
    assert lines[made + 1 : made + 3] == [
        "  decoding do_sample False → True",
        "  decoding seed 0 → 3",
    ]
    assert "also says less" not in out
    assert {row.split()[0] for row in out.splitlines() if row.startswith(("words", "tok"))} == {
        *("words", "tokens")
    }
    assert "seconds" in out


def test_who_says_less_is_told_so(runs, compare):
    _, out, _ = compare("greedy", "short")
    said = " ".join(out.split())
    assert "short hallucinates less than greedy in CHAIRi, lower by" in said
    assert "But short also says less (" in said
    assert "points of Recall), and who says less hallucinates less" in said
    _, out, _ = compare("greedy", "short", "--control", "greedy", "--json")
    last = json.loads(out)["verdicts"][-1]
    assert last.startswith("short beats its control greedy in CHAIRi, and pays with Recall (−")


def test_controls_and_simultaneous_intervals(runs, compare):
    arguments = ("greedy", "exact", "short", "--control", "greedy", "--control", "short")
    code, out, _ = compare(*arguments, "--json")
    document = json.loads(out)
    assert code == 0
    pairs = [(each["one"], each["other"]) for each in document["made differently"]]
    assert pairs == [("greedy", "exact"), ("greedy", "short"), ("short", "exact")]
    assert [run["control"] for run in document["runs"]] == [True, False, True]
    _, out, _ = compare("greedy", "exact", "--json")
    alone = {row["name"]: row for row in json.loads(out)["differences"]}
    for row in document["differences"]:
        if (row["one"], row["other"]) == ("greedy", "exact") and row["low"] != row["high"]:
            assert row["low"] <= alone[row["name"]]["low"]
            assert row["high"] >= alone[row["name"]]["high"]
            assert row["p"] >= alone[row["name"]]["p"]
    assert "exact beats its control greedy in CHAIRi." in document["verdicts"]
    (last,) = [each for each in document["verdicts"] if "its control short" in each]
    assert last == "exact beats its control short in CHAIRi."


def test_a_verdict_names_its_figure_and_never_contradicts_itself(runs, compare):
    """Fewer captions with an error, and as many errors: neither is the other's headline."""
    caption_run(runs / "few", ["A dog, a bus, a van, a car and a cup."] * 10 + ["A dog."] * 30)
    caption_run(runs / "many", ["A dog and a bus."] * 24 + ["A dog and a cup."] * 16)
    _, out, _ = compare("few", "many", "--json")
    document = json.loads(out)
    rows = {row["name"]: row for row in document["differences"] if row["metric"] == "chair"}
    for row in rows.values():
        if row.get("low") is not None:
            assert (row["p"] < 0.05) == (not row["low"] <= 0 <= row["high"])
    first = document["verdicts"][0]
    assert first.startswith("many and few do not differ beyond the error in CHAIRi (")
    assert "; higher CHAIRs by 35.0 points (95 % CI" in first
    last = document["verdicts"][-1]
    assert last.startswith("40 pictures show a difference in CHAIRi of ")
    assert last.endswith("pictures.") and "in 80 % of cases; to see " in last


def test_brief_is_ten_lines(runs, compare):
    _, out, _ = compare("greedy", "short", "exact", "--control", "greedy", "--brief")
    lines = out.splitlines()
    assert lines[0].startswith("short hallucinates less than greedy: CHAIRi −")
    assert lines[1].startswith("  but short also says less (−")
    names = [f"s{number}" for number in range(12)]
    for name in names:
        caption_run(runs / name, SHORT)
    _, out, _ = compare("greedy", *names, "--brief")
    assert len(out.splitlines()) == 10
    assert out.splitlines()[-1] == "… and 15 more lines; leave out --brief"


def test_a_method_that_gains_nothing_does_not_beat_its_control(runs, compare):
    caption_run(runs / "same", WORDY)
    _, out, _ = compare("same", "greedy", "--control", "greedy", "--json")
    document = json.loads(out)
    assert document["made differently"] == [{"one": "greedy", "other": "same", "differences": []}]
    assert (
        "same does not beat its control greedy in CHAIRi: they differ within the error."
        in document["verdicts"]
    )
    _, out, _ = compare("short", "greedy", "--control", "short", "--json")
    assert "greedy does worse than its control short in CHAIRi." in json.loads(out)["verdicts"]


def test_equal_length_says_how_much_of_a_gain_is_length(runs, compare):
    """The end of the longer text is wrong: cut, the two are alike."""
    caption_run(runs / "long", ["A dog sits here. There is a bus and a van."] * 40)
    caption_run(runs / "cut", ["A dog sits here."] * 38 + ["A bus sits here."] * 2)
    _, out, _ = compare("long", "cut", "--equal-length", "--json")
    document = json.loads(out)
    said = " ".join(document["verdicts"])
    assert "Of 95.0 points of CHAIRs 95.0 are length; nothing remains." in said
    rows = {row["name"]: row for row in document["at equal length"]}
    assert (rows["CHAIRs"]["one_value"], rows["CHAIRs"]["other_value"]) == (0, 0.05)
    assert rows["Len"]["difference"] == 0
    _, out, _ = compare("long", "cut", "--equal-length")
    assert "CHAIR at equal length, both texts cut to the words of the shorter" in out
    assert "cut vs long" in out


def test_published_captions_at_equal_length(shared, compare):
    """Most of selective EOS's gain in CHAIRs is length; the reference's own figures."""
    folder = shared / "captions" / "less-is-more"
    _, out, _ = compare(
        f"base={folder}/r1-llava1.5-7b.jsonl",
        f"ours={folder}/r6-ours-cap.jsonl",
        *("--truth", shared / "coco" / "coco_gt_objects_wordnet.json.gz"),
        *("--equal-length", "--json"),
    )
    rows = {row["name"]: row for row in json.loads(out)["at equal length"]}
    (fit,) = json.loads(out)["length-adjusted"]
    assert fit["low"] < 1 < fit["high"] < 1.2
    for name, low, high in (("CHAIRs", -6.6, 1.0), ("CHAIRi", -3.2, -0.6), ("Recall", -0.9, 2.0)):
        found = 100 * rows[name]["low"], 100 * rows[name]["high"]
        assert found == pytest.approx((low, high), abs=0.21)


def test_seeds_of_an_arm_are_pooled_and_their_spread_is_told(runs, compare):
    """Over three seeds the arm is no better than its spread; one seed alone would look so."""
    for seed, wrong in enumerate((2, 38, 20)):
        texts = ["A dog and a bus."] * wrong + ["A dog and a cup."] * (40 - wrong)
        caption_run(runs / f"s{seed}", texts, decoding={"do_sample": True, "seed": seed})
    caption_run(runs / "plain", ["A dog and a bus."] * 34 + ["A dog and a cup."] * 6)
    _, out, _ = compare("plain", "arm=s0,s1,s2", "--json")
    document = json.loads(out)
    rows = {row["name"]: row for row in document["differences"]}
    assert rows["CHAIRi"]["other_value"] == pytest.approx(60 / 240)
    assert rows["CHAIRi"]["low"] < rows["CHAIRi"]["difference"] < rows["CHAIRi"]["high"]
    assert len(document["runs"][1]["seeds"]) == 3
    said = " ".join(document["verdicts"])
    assert "arm hallucinates less than plain in CHAIRi" in said
    assert (
        "But another seed changes as much: the difference of CHAIRi is 17.5 points, the standard "
        "deviation between seeds 22.5." in said
    )
    _, out, _ = compare("plain", "arm=s0,s1,s2")
    assert (
        "arm, 3 seeds: CHAIRi 2.5, 47.5, 25.0; standard deviation between seeds 22.5"
        in " ".join(out.split())
    )
    caption_run(runs / "less", ["A dog."] * 39)
    assert "not in arm (less)" in compare("plain", "arm=s0,less")[2]
    assert "name one seed of each arm" in compare("plain", "arm=s0,s1", "--equal-length")[2]


def parts_of(document):
    (found,) = document["where they differ"]
    return found, {(part["by"], part["group"]): part for part in found["parts"]}


def test_where_captions_differ(tmp_path, compare):
    """A bus that one run alone sees, a van that both do, and a cup that one run alone finds."""
    there = ["A bus and a dog."] * 9 + ["A dog."] * 21
    caption_run(tmp_path / "a", [f"{text} A train." for text in there])
    caption_run(tmp_path / "b", ["A train. A cup and a pizza."] + ["A train. A cup."] * 29)
    _, out, _ = compare("a", "b", "--json")
    found, parts = parts_of(json.loads(out))
    assert (found["one"], found["other"], found["metric"]) == ("a", "b", "CHAIR")
    whole = parts["all", "all"]
    assert whole["changes"] == {
        "both_wrong": 30, "dropped": 9, "added": 1, "lost": 30, "gained": 30,
    }  # fmt: skip
    assert whole["change"] == pytest.approx(100 * (1 - 9) / 30)
    change = np.array([0] + [-1] * 8 + [0] * 21)
    reach = stats.t.ppf(0.975, 29) * stats.sem(change)
    bounds = [100 * (change.mean() - reach), 100 * (change.mean() + reach)]
    assert [whole["low"], whole["high"]] == pytest.approx(bounds)
    assert parts["object", "bus"]["changes"] == {"dropped": 9}
    assert parts["object", "pizza"]["changes"] == {"added": 1}
    assert ("object", "dog") not in parts  # nobody is wrong about it
    assert parts["position", "first third"]["changes"]["dropped"] == 9
    assert parts["position", "last third"]["changes"] == {"added": 1, "both_wrong": 9}
    for by in ("kind", "companion", "position"):
        some = sum(part["change"] for (each, _), part in parts.items() if each == by)
        assert some == pytest.approx(whole["change"])
    assert len(found["answers"]) == 9
    assert found["answers"][0] == {
        "id": "s01", "picture": "01.jpg", "change": -1, "dropped": ["bus"],
    }  # fmt: skip
    _, out, _ = compare("a", "b")
    assert "Where a and b differ: CHAIR" in out
    said = " ".join(out.split())
    assert "right claims: 30 in a alone, 30 in b alone" in said
    assert "wrong claims came or went in 9 answers; 4 of them carry half of it" in said
    assert "s01: dropped bus" in said
    _, out, _ = compare("a", "b", "--markdown")
    assert "| object | bus | 0 | 0 | 9 | 0 | 0 |" in out


def test_attributes_and_relations_are_fixed_and_broken(tmp_path, compare):
    truth = Truth(
        objects=(TrueObject(name="cup", attributes={"color": "red"}), TrueObject(name="fork")),
        relations=(TrueRelation(subject=0, predicate="left of", object=1),),
        complete=True,
    )
    data = {"data": {"name": "tabletop:broken", "sha256": "1"}}
    wrong, right = "A blue cup is right of a fork.", "A red cup is left of a fork."
    for name, texts in (("a", [wrong] * 6 + [right]), ("b", [right] * 5 + [wrong] * 2)):
        caption_run(tmp_path / name, texts, truth=truth, **data)
    _, out, _ = compare("a", "b", "--json")
    found, parts = parts_of(json.loads(out))
    for kind in ("attribute", "relation"):
        assert parts["kind", kind]["changes"] == {"fixed": 5, "broken": 1, "both_wrong": 1}
    assert ("kind", "object") not in parts  # both name the same, rightly
    assert found["answers"][0]["fixed"] == ["blue cup", "cup right of fork"]


def test_a_companion_is_one_that_usually_comes_with_an_object(tmp_path, compare):
    """In half of the pictures with a cup there is a fork, and nearly nowhere else."""
    table, street = (
        Truth(objects=tuple(TrueObject(name=name) for name in names), complete=True)
        for names in (("cup", "fork"), ("bus", "car"))
    )
    alone = Truth(objects=(TrueObject(name="cup"),), complete=True)
    truths = [table] * 4 + [alone] * 3 + [street] * 13
    texts = ["A cup."] * 7 + ["A bus."] * 13
    caption_run(tmp_path / "a", texts, truth=truths)
    caption_run(tmp_path / "b", ["A fork."] * 20, truth=truths)
    _, out, _ = compare("a", "b", "--json")
    _, parts = parts_of(json.loads(out))
    assert parts["companion", "companion there"]["changes"] == {"added": 3}
    assert parts["companion", "no companion"]["changes"] == {"added": 13}


def test_other_forms(runs, compare):
    _, out, _ = compare("greedy", "exact", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    (row,) = [row for row in rows if row["name"] == "CHAIRs"]
    assert (row["one"], row["other"], row["one_value"], row["other_value"]) == (
        *("greedy", "exact", "0.75", "0.05"),
    )
    assert float(row["difference"]) == pytest.approx(-0.7)
    _, out, _ = compare("greedy", "exact", "--markdown")
    assert "| figure | run | value, 95 % interval | difference | p |" in out
    assert "| --- | --- | ---: | ---: | ---: |" in out
    assert "- exact hallucinates less than greedy" in out


def test_kinds_stand_beside_chair_on_the_embedded_world(tmp_path, compare):
    data = {"data": {"name": "tabletop:broken", "sha256": "1"}}
    caption_run(tmp_path / "a", ["A cup and a dog."] * 8, **data)
    caption_run(tmp_path / "b", ["A cup and a fork."] * 8, **data)
    _, out, _ = compare("a", "b", "--json")
    names = {row["name"] for row in json.loads(out)["differences"]}
    assert {"CHAIRi", "object hallucination rate"} <= names


def test_what_is_no_answer_is_told_of_each_side(files, compare):
    rows = [{"question_id": n, "text": text} for n, text in enumerate(["", " ", "Yes", "No"])]
    write(files / "mute.jsonl", rows)
    _, out, _ = compare("a.jsonl", "mute.jsonl", "--truth", "random.json")
    assert "No answer\n  a: none\n  mute: 2 of 4 (2 empty)\n" in out
    _, out, _ = compare("a.jsonl", "mute.jsonl", "--truth", "random.json", "--json")
    assert [each["no answer"] for each in json.loads(out)["runs"]] == [{}, {"empty": 2}]
    _, out, _ = compare("a.jsonl", "b.jsonl", "--truth", "random.json")
    assert "No answer" not in out


def test_mme_of_a_folder_and_a_file(shared, compare):
    answers = shared / "mme" / "answers-llava-v1.5-13b.jsonl"
    lavin = shared / "mme" / "LaVIN"
    code, out, err = compare(f"lavin={lavin}", f"llava={answers}", "--truth", lavin)
    assert (code, err) == (0, "")
    # Perception and cognition as published with both sets of answers.
    for figures in ("963.6 ", "249.6 ", "1531.3 ", "295.4 "):
        assert figures in out
    assert "llava does better than lavin in hallucination score, higher by" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_amber_of_files(shared, compare, tmp_path):
    folder = shared / "amber"
    asked = json.loads((folder / "query" / "query_discriminative-relation.json").read_text())
    for name, reply in (("yes", "Yes"), ("no", "No")):
        rows = [{"id": each["id"], "response": reply} for each in asked]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    code, out, _ = compare("yes.json", "no.json", "--truth", folder, "--json")
    assert code == 0
    rows = {row["name"]: row for row in json.loads(out)["differences"]}
    # 975 relations hold and 689 do not.
    assert (rows["accuracy"]["lost"], rows["accuracy"]["gained"]) == (975, 689)
    exact = stats.binomtest(689, 1664).pvalue
    assert rows["accuracy"]["mcnemar_p"] == pytest.approx(exact, abs=CLOSE)


def test_undefined_is_said(tmp_path, compare):
    caption_run(tmp_path / "a", ["Nothing."] * 5)
    caption_run(tmp_path / "b", ["A cup."] * 5, tokens=False)
    code, out, _ = compare("a", "b")
    assert code == 0
    assert "b and a cannot be compared in CHAIRi: CHAIRi is undefined; " in out
    assert " tokens" not in out


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def files(tmp_path):
    names = ["dog", "bus", "cup", "hat"]
    write(
        tmp_path / "random.json",
        [
            {"question_id": n, "image": f"{n}.jpg", "text": f"Is there a {name}?", "label": "yes"}
            for n, name in enumerate(names)
        ],
    )
    write(tmp_path / "a.jsonl", [{"question_id": n, "text": "Yes"} for n in range(4)])
    write(tmp_path / "b.jsonl", [{"question_id": n, "text": "No"} for n in range(4)])
    write(tmp_path / "less.jsonl", [{"question_id": n, "text": "No"} for n in range(3)])
    write(tmp_path / "c.json", [{"image_id": 1, "caption": "A dog."}])
    write(tmp_path / "d.json", [{"image_id": 2, "caption": "A dog."}])
    (tmp_path / "objects.json").write_text('{"1": ["dog"], "2": ["dog"]}')
    return tmp_path


def test_files_and_runs_of_one_question_a_picture(files, compare):
    code, out, _ = compare("a.jsonl", "b.jsonl", "--truth", "random.json")
    assert code == 0
    assert "a, b: not known for files of answers" in " ".join(out.split())
    said = " ".join(out.split())
    assert (
        "b and a do not differ beyond the error in random accuracy (−100.0 points, on fewer than 6 "
        "pictures, which prove nothing)" in said
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.jsonl",), "give at least two runs to compare"),
        (("a.jsonl", "./a.jsonl"), "two runs are called 'a'; name them: NAME=./a.jsonl"),
        (("a.jsonl", "b.jsonl"), "a.jsonl: files of answers need their --truth"),
        (("a.jsonl", "none.jsonl", "--truth", "random.json"), "none.jsonl: No such file"),
        (("a.jsonl", "less.jsonl", "--truth", "random.json"), "1 of 4 questions have no answer"),
        (("a.jsonl", "b.jsonl", "--control", "x"), "--control x: the runs are a, b"),
        (
            ("a.jsonl", "b.jsonl", "--control", "a", "--control", "b"),
            "every run is a control; leave one out, the method",
        ),
        (
            ("c.json", "d.json", "--truth", "objects.json"),
            "1 answers are in c and not in d (1); runs are compared on the same ids only",
        ),
        (
            ("a.jsonl", "b.jsonl", "--truth", "random.json", "--equal-length"),
            "--equal-length is for captions; answers of one word have no length",
        ),
        (("c.json", "x=c.json", "--truth", "none.json"), "none.json: No such file"),
        (("c.json", "objects.json", "--truth", "objects.json"), "objects.json"),
    ],
)
def test_bad_input_is_one_line(arguments, message, files, compare):
    code, out, err = compare(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_runs_that_do_not_fit(runs, compare, tmp_path):
    caption_run(tmp_path / "fewer", WORDY[:39])
    assert "1 answers are in greedy and not in fewer (s39)" in compare("greedy", "fewer")[2]
    other = open_run(tmp_path / "asked", card() | {"task": "pope"}, [Sample(id="a")])
    other.append([Response(id="a", text="Yes")])
    other.finish()
    assert "asked is of the task pope, greedy of caption" in compare("greedy", "asked")[2]
    open_run(tmp_path / "empty", card(), []).finish()
    assert "empty: this run has no answers" in compare("empty", "greedy")[2]
    odd = open_run(tmp_path / "odd", card() | {"task": "sing"}, [Sample(id="a")])
    odd.append([Response(id="a", text="La")])
    odd.finish()
    assert "runs of the task sing cannot be compared" in compare("odd", "odd2=odd")[2]
    samples = [Sample(id=f"s{n:02}", image=f"{n:02}.jpg", truth=Truth()) for n in range(40)]
    bare = open_run(tmp_path / "bare", card(), samples)
    bare.append(Response(id=s.id, text="A dog.") for s in samples)
    bare.finish()
    assert "s00 has another truth in greedy than in bare" in compare("greedy", "bare")[2]
