"""The Python API: one line each, nothing heavy on import, shown in a notebook."""

import json
import subprocess
import sys

import pytest
from markdown_it import MarkdownIt

import halluc
from halluc.errors import InputError
from halluc.records import Response, Sample, TrueObject, Truth
from halluc.runs import open_run

NAMES = (
    *("load_model", "load_dataset", "generate", "score", "compare", "revise", "make_pairs"),
    *("read_run", "rewards", "load_pairs", "EvalCallback"),
)


@pytest.fixture
def run(tmp_path):
    """Make a run of two captions."""

    def make(name, *texts):
        truths = [
            Truth(objects=(TrueObject(name="dog"),)),
            Truth(objects=(TrueObject(name="cup"),)),
        ]
        samples = [Sample(id=str(n), truth=truth) for n, truth in enumerate(truths)]
        made = open_run(tmp_path / name, {"task": "caption"}, samples)
        made.append(Response(id=str(n), text=text) for n, text in enumerate(texts))
        made.finish()
        return made

    return make


def test_names_are_imported_when_they_are_used():
    code = (
        "import sys, halluc; heavy = {'torch', 'transformers', 'spacy', 'pandas', 'numpy', 'app'};"
        "print(heavy & set(sys.modules)); print(sorted(set(dir(halluc)) & set(halluc.__all__)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, names = done.stdout.splitlines()
    assert loaded == "set()"
    assert all(repr(name) in names for name in NAMES)
    assert all(getattr(halluc, name).__doc__ for name in NAMES)
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        halluc.scores  # noqa: B018


def test_a_file_of_answers_is_scored_in_one_line(tmp_path):
    rows = [
        {"question_id": n, "image": "a.jpg", "text": f"Is there a {name}?", "label": label}
        for n, (name, label) in enumerate([("dog", "yes"), ("cup", "no")], 1)
    ]
    truth, answers = tmp_path / "truth.json", tmp_path / "answers.jsonl"
    truth.write_text("".join(json.dumps(row) + "\n" for row in rows))
    answers.write_text('{"question_id": 1, "text": "Yes"}\n{"question_id": 2, "text": "<b>Yes"}\n')
    scored = halluc.score(answers, "pope", truth=truth, parser="vlmevalkit")
    assert scored.figure("accuracy", "truth") == 0.5
    assert scored.how["parser"] == "vlmevalkit"
    table = scored.to_pandas()
    assert list(table[table["name"] == "F1"]["value"]) == pytest.approx([2 / 3])
    assert "<td>truth</td>" in scored._repr_html_()
    with pytest.raises(KeyError, match="no figure 'F2'"):
        scored.figure("F2")


def test_an_option_that_a_metric_has_not_is_named(run):
    with pytest.raises(InputError, match="chair has no option 'parser'; its options are compat"):
        halluc.score(run("x", "A dog.", "A cup."), "chair", parser="pope")


def test_runs_are_compared_and_shown(run, tmp_path):
    run("one", "A dog and a fork.", "A <i>spoon</i>.")
    run("two", "A dog.", "A cup.")
    compared = halluc.compare({"one": tmp_path / "one", "two": tmp_path / "two"})
    table = compared.to_pandas()
    row = table[table["name"] == "CHAIRi"].iloc[0]
    assert (row["one"], row["other"], row["difference"]) == ("one", "two", -2 / 3)
    assert compared.verdicts[0].startswith("two and one do not differ beyond the error")
    assert "<table>" in compared._repr_html_() and "CHAIRi" in compared.to_markdown()
    names = ["![x](http://e.example) a|b", "<img src> `__c__` [d][e] # &#91; ~~f~~ \\\\]:"]
    pair = dict(zip(names, (tmp_path / "one", tmp_path / "two"), strict=True))
    told = MarkdownIt().enable("table").parse(halluc.compare(pair).to_markdown())
    parts = [part for each in told for part in each.children or [each]]
    acts = {"image", "link_open", "html_inline", "html_block", "code_inline", "em_open", "hr"}
    assert not acts & {part.type for part in parts}
    assert set(names) <= {each.content for each in parts if each.type == "text"} | {
        "".join(part.content for part in each.children or []) for each in told
    }
    read = halluc.read_run(tmp_path / "one")
    assert list(read.to_pandas()["text"]) == ["A dog and a fork.", "A <i>spoon</i>."]
    assert "&lt;i&gt;spoon" in read._repr_html_() and "<i>" not in read._repr_html_()


def test_a_run_is_made_and_revised_in_python(tmp_path):
    lines = [{"id": f"broken-{n:05d}", "text": "There is a cup."} for n in range(2)]
    recorded = tmp_path / "recorded.jsonl"
    recorded.write_text("".join(json.dumps(line) + "\n" for line in lines))
    seen = []
    run = halluc.generate(
        f"replay:{recorded}", "tabletop", tmp_path / "run", limit=2,
        progress=lambda *how: seen.append(how),
    )  # fmt: skip
    assert [each.text for each in run.responses] == ["There is a cup."] * 2
    assert seen[-1][:3] == ("caption", 2, 2)
    with pytest.raises(InputError, match="cannot answer new questions"):
        halluc.revise(run, "woodpecker", tmp_path / "revised")
