"""Every page of the app, as Streamlit's own test runs it."""

import contextlib
import re
import shutil
import sys
from html import escape
from pathlib import Path
from types import SimpleNamespace

from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

import app.inspector
from app import cli
from app.inspector.drawing import judging, tokens
from app.inspector.pages import files
from app.inspector.reading.columns import open_columns, read_scores
from app.inspector.reading.population import population
from app.inspector.reading.view import View
from app.inspector.settings import NAME, Settings
from halluc.reviews import Review, Reviews
from halluc.runs import read_run

MAIN = Path(app.inspector.__file__).with_name("pages") / "main.py"


def page(name, **query):
    """A page of the app."""
    code = (
        "from app.inspector.pages import common\n"
        f"from app.inspector.pages import {name}\n"
        f"common.show({name}.render)\n"
    )
    test = AppTest.from_string(code, default_timeout=60)
    test.query_params.update(query)
    return ran(test)


def ran(test):
    test.run()
    assert not test.exception, test.exception
    return test


def texts(test):
    return " ".join(each.proto.body for each in test.get("html"))


def test_overview(settings, runs):
    test = ran(AppTest.from_file(str(MAIN), default_timeout=60))
    assert not test.error
    assert [each.label for each in test.metric] == [
        "CHAIRi", "CHAIRs", "attributes", "relations", "objects",
    ]  # fmt: skip
    scores = {each.name: each.value for each in read_scores(runs[0])}
    assert test.metric[0].value == f"{scores['CHAIRi']:.1%}"
    for key in ("objects", "companions", "place", "surprise", "words"):
        test.segmented_control[0].set_value(key)
        ran(test)
        assert test.query_params["chart"] == key
        assert len(test.get("vega_lite_chart")) == 1


def test_overview_of_yes_no_answers(settings):
    test = page("overview", run="pope-greedy")
    assert next(each.label for each in test.metric) == "F1 random"
    assert len(test.get("vega_lite_chart")) == 1


def test_samples_are_filtered_by_the_link_and_the_link_by_the_filters(settings):
    test = page("samples", run="captions-sampled", kind="relation", verdict="hallucinated")
    run = read_run(settings.runs[0])
    wrong = {
        each.id
        for each in run.findings("finegrained")
        if (each.claim.kind, each.verdict) == ("relation", "hallucinated")
    }
    assert f">{len(wrong)} of 8 samples" in texts(test)
    kind = next(each for each in test.selectbox if each.label == "Kind")
    assert kind.value == "relation"
    kind.set_value("attribute")
    ran(test)
    assert test.query_params["kind"] == "attribute"
    next(each for each in test.text_input if each.label == "Text").set_value("no such words")
    ran(test)
    assert test.info[0].value == "Nothing passes these filters."
    next(each for each in test.button if each.label == "Clear the filters").click()
    ran(test)
    assert ">8 of 8 samples" in texts(test)


def test_a_sample_shows_the_wrong_word_its_box_and_takes_a_review(settings):
    run = read_run(settings.runs[0])
    wrong = next(
        each
        for each in run.findings("finegrained")
        if (each.claim.kind, each.verdict) == ("relation", "hallucinated")
    )
    query = {"run": "captions-sampled", "kind": "relation", "sample": wrong.id}
    test = page("samples", **query)
    assert "hx-hallucinated hx-relation" in texts(test)
    assert "hx-box hx-lit" in texts(test)
    assert "Ada &lt;" not in texts(test)
    next(each for each in test.text_input if each.label == "Your name").set_value("Ada <i>")
    test.radio[0].set_value("truth wrong")
    next(each for each in test.button if each.label == "File the review").click()
    ran(test)
    assert "Ada &lt;i&gt;" in texts(test)
    [filed] = Reviews(settings.reviews).of_run(open_columns(settings.runs[0]).key)
    assert (filed.reviewer, filed.judgement, filed.finding) == ("Ada <i>", "truth wrong", wrong)
    again = page("review", run="captions-sampled")
    assert ">1 review<" in texts(again)
    table = again.dataframe[0].value
    row = table[table["figure"] == "relation hallucination rate"].iloc[0]
    assert row["published"] != row["corrected"]


def test_a_claim_shows_what_else_was_likely_and_how_likely_it_is_without_the_picture(
    settings, tmp_path, monkeypatch
):
    run = tmp_path / "kept"
    kept = ["--top-logprobs", "4", "--without-picture", "--max-new-tokens", "24"]
    for command in (
        ["generate", "--limit", "2", "-o", str(run), *kept],
        ["score", "finegrained", str(run)],
    ):
        monkeypatch.setattr(sys, "argv", ["halluc", *command])
        with contextlib.suppress(SystemExit):
            cli.main()
    first = read_run(run).responses[0]
    assert {len(each) for each in first.top_logprobs} == {4}
    assert len(first.tokens) == len(first.top_logprobs) == len(first.without_picture) > 9
    for token, top in zip(first.tokens, first.top_logprobs, strict=True):
        assert top[0][1] == token.logprob == max(number for _, number in top)  # greedy
    # The picture is what tells the objects; articles are as likely without it.
    drops = [a.logprob - b for a, b in zip(first.tokens, first.without_picture, strict=True)]
    assert max(drops) > 1 and sum(abs(each) < 0.1 for each in drops) > 3

    monkeypatch.setenv(NAME, replace(settings, runs=(str(run),)).environment()[NAME])
    findings = open_columns(run).findings_of(0, "finegrained")
    claim = findings[0][1].claim
    number = next(n for n, each in enumerate(first.tokens) if each.end > claim.start)
    test = page("samples", sample=first.id, finding="0")
    panel = next(each.proto.body for each in test.get("html") if "hx-tokens" in each.proto.body)
    assert first.text[claim.start : claim.end] in panel
    best, chance = first.top_logprobs[number][1]
    assert f"<td>{best.strip()} {escape(tokens.chance(chance))}, " in panel
    blind = escape(tokens.chance(first.without_picture[number]))
    assert "<th>p without the picture</th>" in panel and f"<td>{blind}</td>" in panel
    assert f"without the picture {blind}, next best {best.strip()}" in texts(test)


def test_samples_of_yes_no_answers_stand_with_their_truth(settings):
    test = page("samples", run="pope-greedy", answer="wrong")
    assert "✗ wrong</b> the truth is" in texts(test)
    assert "✓ right" not in texts(test)


def test_compare(settings):
    test = page("compare", run="captions-sampled", other="captions-vcd", kind="relation",
                show="answers")  # fmt: skip
    options = test.radio[0].options
    assert sum(int(each.split("(")[1].rstrip(")")) for each in options) == 8
    assert "hx-diff" in texts(test)
    test = page("compare", run="captions-sampled", other="pope-greedy")
    assert "have no id in common" in test.code[0].value


def test_compare_shows_several_runs_and_what_was_masked(settings, revised, monkeypatch):
    more = replace(settings, runs=(*settings.runs, str(revised)))
    monkeypatch.setenv(NAME, more.environment()[NAME])
    test = page("compare", run="captions-sampled", show="answers")
    assert test.multiselect[0].value == ["captions-vcd", "captions-revised"]
    table = test.dataframe[0].value.set_index("run")
    assert list(table.index) == ["captions-vcd", "captions-revised"]
    assert (table[["fixed", "broken", "both wrong", "both right"]].sum(axis=1) == 8).all()
    assert texts(test).count('class="hx-text"') == 3
    others = ["captions-revised"]
    test = page(
        "compare", run="captions-sampled", other=others, outcome="both wrong", sample="broken-00000"
    )
    assert texts(test).count('class="hx-text"') == 2
    assert '<del><b class="hx-hallucinated">pink </b></del>' in texts(test)
    assert '<ins><b class="hx-supported">black </b></ins>bottle' in texts(test)
    assert "<del>a pink bottle</del><sup>1</sup><ins>a black bottle</ins>" in texts(test)
    next(each for each in test.button if each.label == "Next →").click()
    ran(test)
    assert test.query_params["sample"] != ["broken-00000"]
    test.multiselect[0].set_value(["captions-vcd", "captions-revised"])
    ran(test)
    assert test.query_params["other"] == ["captions-vcd", "captions-revised"]


def test_runs_are_compared_by_claim(settings, revised, monkeypatch):
    more = replace(settings, runs=(*settings.runs, str(revised)))
    monkeypatch.setenv(NAME, more.environment()[NAME])
    test = page("compare", run="captions-sampled", other="captions-vcd")
    table = test.dataframe[0].value.set_index("part")
    scores = [
        {each.name: each for each in read_scores(Path(folder))} for folder in settings.runs[:2]
    ]  # fmt: skip
    for kind in ("object", "attribute", "relation"):
        for name, side in zip(("captions-sampled", "captions-vcd"), scores, strict=True):
            known = side[f"{kind} hallucination rate"]
            expected = f"{known.numerator:.0f} of {known.denominator:.0f}"
            assert table.loc[kind, name] == expected
    assert len(test.get("vega_lite_chart")) == 1
    of_all = sum(int(each.split("(")[1].rstrip(")")) for each in test.radio[0].options)
    # A bar leads to the claims of its part alone.
    test = page("compare", run="captions-sampled", other="captions-vcd", group="attribute")
    assert 0 < sum(int(each.split("(")[1].rstrip(")")) for each in test.radio[0].options) < of_all
    assert "hx-sides" in texts(test) and "hx-diff" in texts(test)
    others = ["captions-vcd", "captions-revised"]
    test = page("compare", run="captions-sampled", other=others, show="matrix")
    table = test.dataframe[0].value
    assert list(table.columns) == ["sample", "claim", "captions-sampled", *others]
    signs = set(table[["captions-sampled", *others]].to_numpy().ravel())
    assert signs == {"✓ right", "✗ wrong", "not said"}


def test_pairs_are_made_on_the_page(settings, runs):
    store = Reviews(settings.reviews)
    run = open_columns(runs[0])
    store.file(run.key, Review(read_run(runs[0]).findings("finegrained")[0], "Ada", "rule wrong"))
    test = page("review", run="captions-sampled")
    next(each for each in test.button if each.label == "Make preference pairs").click()
    ran(test)
    assert "corrected: " in test.code[0].value
    assert [each.label for each in test.get("download_button")][1:] == ["Download the pairs"]


def test_review_shows_how_far_reviewers_agree(settings):
    run = open_columns(settings.runs[0])
    findings = read_run(settings.runs[0]).findings("finegrained")
    store = Reviews(settings.reviews)
    for reviewer, said in (("Ada", "right right truth"), ("Bo", "right rule truth")):
        for finding, each in zip(findings, said.split(), strict=False):
            judgement = each if each == "right" else f"{each} wrong"
            store.file(run.key, Review(finding, reviewer, judgement))
    test = page("review", run="captions-sampled")
    # Krippendorff: 1 − (n − 1) · disagreeing / Σ n_c (n − n_c).
    labels = ["right", "right", "truth", "right", "rule", "truth"]
    expected = 1 - 5 * 2 / sum(
        labels.count(each) * (6 - labels.count(each)) for each in set(labels)
    )
    assert test.metric[0].value == f"{expected:.3f}"
    assert ">6 reviews<" in texts(test)
    assert list(test.dataframe[1].value["findings"]) == [3]


def test_answers_to_questions_are_reviewed_too(settings):
    run = open_columns(settings.runs[2])
    claims = population(run, View())
    store = Reviews(settings.reviews)
    for place in claims.order("random")[:12]:
        finding = claims.finding(place)
        said = judging.judgement_of(finding, "false")  # somebody who thinks that all is wrong
        store.file(run.key, Review(finding, "Ada", said))
    test = page("review", run="pope-greedy")
    assert ">12 reviews<" in texts(test)
    table = test.dataframe[0].value.set_index("figure")
    assert (table["published"] != "undefined").all()
    assert float(table.loc["wrong answers, all", "estimated"].rstrip("%")) > 80


def test_live_asks_the_embedded_model_and_shows_the_noise(settings):
    test = page("live")
    assert len(test.get("image")) == 1  # nothing that needs the model has begun
    test.toggle[0].set_value(True)
    ran(test)
    assert len(test.get("image")) == 2
    noised = test.get("image")[1].proto.imgs[0].url
    next(each for each in test.number_input if each.label == "Seed").set_value(1)
    ran(test)
    assert test.get("image")[1].proto.imgs[0].url != noised  # VCD draws its noise with the seed
    assert [each.label for each in test.slider][2] == "Noise step"
    test.slider[2].set_value(900)
    ran(test)
    next(each for each in test.button if each.label == "Ask the model").click()
    ran(test)
    assert "hx-text" in texts(test)


def test_a_link_of_nonsense_shows_the_page(settings):
    test = page("samples", run="no such", kind="x", page="-9", sample="<script>", finding="99")
    assert ">8 of 8 samples" in texts(test)


def test_names_act_in_no_label(runs, tmp_path, monkeypatch):
    """Streamlit reads labels as Markdown: a picture in one is fetched from wherever it says."""
    evil = [tmp_path / f"![{n}](http:&#47;&#47;e.example&#47;{n})" for n in range(3)]
    for each, run in zip(evil, (*runs[:2], runs[1]), strict=True):
        shutil.copytree(run, each)
    monkeypatch.setenv(NAME, Settings(tuple(map(str, evil))).environment()[NAME])
    for show in ("claims", "answers"):
        test = page("compare", show=show)
        labels = [each.label for each in test.button]
        labels += [each for control in test.segmented_control for each in control.options]
        assert len([each for each in labels if "e_example" in each or "e.example" in each]) >= 4
        assert not [each for each in labels if "](" in each]


def test_two_uploads_of_one_name_are_two_files(tmp_path):
    kept = [
        files._keep(SimpleNamespace(name="../q.json", getbuffer=lambda n=n: b"%d" % n), tmp_path)
        for n in range(3)
    ]
    assert [each.read_bytes() for each in kept] == [b"0", b"1", b"2"]
    assert all(each.is_relative_to(tmp_path) and each.name == "q.json" for each in kept)


def test_every_page_links_to_the_others_with_its_view(settings):
    test = AppTest.from_file(str(MAIN), default_timeout=60)
    test.query_params.update(run="captions-vcd", kind="relation")
    ran(test)
    links = [each.proto.query_string for each in test.get("page_link")]
    assert len(links) >= 6
    assert {"run=captions-vcd&kind=relation"} == set(links)


def test_a_filter_that_a_run_does_not_know_is_said_and_left_out(settings):
    test = page("samples", run="pope-greedy", kind="relation", split="popular", subject="x<b>")
    assert test.info[0].value.endswith("kind relation; subject x_b_")
    run = read_run(settings.runs[2])
    popular = sum(each.split == "popular" for each in run.samples)
    assert f">{popular} of {len(run.samples)} samples" in texts(test)
    next(each for each in test.button if each.label.startswith("Kind: ")).click()
    ran(test)
    assert "kind" not in test.query_params


def test_samples_are_sorted_and_found_by_name(settings):
    test = page("samples", run="captions-sampled", sort="wrong")
    wrong = [int(each) for each in re.findall(r"(\d+) wrong of", texts(test))]
    assert len(wrong) == 8 and wrong == sorted(wrong, reverse=True) != wrong[::-1]
    next(each for each in test.text_input if each.label == "Go to sample").set_value("00003")
    ran(test)
    assert test.query_params["sample"] == "broken-00003"
