"""What people judge: fair orders, queues, corrected rates, rules that cost, the command."""

import json
import random

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from app.inspector.drawing.judging import item, judgement_of, missed
from app.inspector.reading.agreement import agreement
from app.inspector.reading.columns import open_columns
from app.inspector.reading.corrections import corrections, held_to_gold, queue
from app.inspector.reading.population import population
from app.inspector.reading.view import View
from halluc.reviews import GOLD, JUDGEMENTS, Review, Reviews, claim_key


@pytest.fixture(scope="module")
def claims(runs):
    """What can be judged in a run of captions."""
    return population(open_columns(runs[0]), View())


def said(claims, places, name, judge):
    """A person's reviews of places."""
    return [Review(claims.finding(each), name, judge(each)) for each in places]


def test_kappa_is_scikit_learns_on_fifty_findings(claims):
    generator = random.Random(5)
    places = claims.order("random")[:50]
    options = [each for each in JUDGEMENTS if each != "missed"]
    ada = {each: generator.choice(options[:3]) for each in places}
    bo = {each: ada[each] if generator.random() < 0.7 else generator.choice(options)
          for each in places}  # fmt: skip
    filed = said(claims, places, "Ada", ada.get) + said(claims, places, "Bo", bo.get)
    words = {"start": 0, "end": 3, "kind": "object"}
    filed.append(Review(missed(claims.run.response(0), "finegrained", words), "Bo", "missed"))
    [(_, _, kappa, number)] = agreement(filed).kappas
    expected = cohen_kappa_score([ada[each] for each in places], [bo[each] for each in places])
    assert number == 50 and kappa == pytest.approx(expected)


def test_the_orders_are_fair_and_the_same_for_everybody(claims, runs):
    again = population(open_columns(runs[0]), View())
    relations = population(open_columns(runs[0]), View(kind="relation"))
    for how in ("random", "stratified", "uncertain", "all"):
        order = claims.order(how)
        assert sorted(order) == list(range(len(claims)))
        assert (order == again.order(how)).all()
    # Kinds in turn, and a part of the claims stands in the order of the whole.
    assert set(claims.groups[claims.order("stratified")[:3]]) == {"object", "attribute", "relation"}
    inside = [each for each in claims.order("random") if claims.groups[each] == "relation"]
    keys = [claim_key(claims.finding(each)) for each in inside]
    assert keys == [claim_key(relations.finding(each)) for each in relations.order("random")]


def test_a_queue_mixes_known_answers_in_and_leaves_out_what_one_has_judged(claims):
    order = claims.order("random")
    known = said(claims, order[-4:], GOLD, lambda _: "right")
    mine = said(claims, order[:7], "Ada", lambda _: "right")
    others = said(claims, order[:30], "Bo", lambda _: "truth wrong")
    line = queue(claims, known + mine + others, " ada", "random", 30)
    assert len(line.places) == 33 and len(line.left) == 26
    assert [at for at, each in enumerate(line.places) if each in order[-4:]] == [9, 19, 29]
    assert line.left[0] == order[7]
    gold = held_to_gold([*known, *said(claims, order[-4:-1], "Ada", lambda _: "rule wrong"),
                         *said(claims, order[-1:], "Ada", lambda _: "right")])  # fmt: skip
    assert gold == {"Ada": (1, 4)}


def test_what_was_not_judged_in_a_random_order_is_no_sample(claims):
    judged = np.ones(len(claims), bool)
    for how in ("random", "stratified"):
        order = claims.order(how)
        for kind in claims.names:
            judged[next(each for each in order if claims.groups[each] == kind)] = False
    assert len(claims.sample(judged)) == len(claims.simple_sample(judged)) == 0
    judged[:] = False
    begin = claims.order("random")[:40]
    judged[begin] = True
    assert set(claims.simple_sample(judged)) == set(claims.sample(judged)) == set(begin)
    judged[claims.order("uncertain")[:20]] = True  # they are no part of it
    later = set(claims.order("uncertain")[:20]) - set(claims.order("random")[:60])
    assert later and not later <= set(claims.sample(judged))


def test_people_who_find_that_a_rule_errs_move_the_rate_and_the_rule_costs(claims):
    worst = "object absent"
    errs = claims.rules == worst
    filed = said(
        claims, range(len(claims)), "Ada", lambda each: "truth wrong" if errs[each] else "right"
    )
    found = corrections(claims, filed)
    assert found.rules[0].rule == worst
    assert found.rules[0].cost == found.rules[0].claims == found.rules[0].wrong > 0
    assert all(each.cost == 0 for each in found.rules[1:])
    rates = {each.name: each for each in found.rates}
    assert rates["object"].corrected < rates["object"].published
    assert rates["attribute"].low < rates["attribute"].published < rates["attribute"].high
    assert rates["all"].judged == len(claims)


def test_nothing_that_goes_to_the_browser_tells_a_verdict(claims):
    for place in range(len(claims)):
        finding, row = claims.finding(place), int(claims.rows[place])
        sample, response = claims.run.sample(row), claims.run.response(row)
        told = json.dumps(item("key", sample, response, finding, "none", answers=False))
        assert finding.verdict not in told and finding.rule not in told
        assert "".join(each[0] for each in json.loads(told)["words"]) == response.text
        opposite = {"true": "false", "false": "true"}
        means = "true" if finding.verdict == "supported" else "false"
        assert judgement_of(finding, means) == "right"
        assert judgement_of(finding, opposite[means]) == "truth wrong"


def test_the_command_tells_corrected_rates(claims, runs, tmp_path, halluc):
    database = tmp_path / "reviews.sqlite"
    store = Reviews(str(database))
    places = claims.order("stratified")[:30]
    for name in ("Ada", "Bo"):
        for review in said(claims, places, name,
                           lambda each: "truth wrong" if each % 3 == 0 else "right"):  # fmt: skip
            store.file(claims.run.key, review)
    store.close()
    code, out, _ = halluc("analyse", "reviews", runs[0], "--reviews", database, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["reviewers"] == {"Ada": 30, "Bo": 30} and told["alpha"] == 1
    rates = {each["name"]: each for each in told["corrections"]["rates"]}
    assert rates["all"]["low"] < rates["all"]["corrected"] < rates["all"]["high"]
    _, lines, _ = halluc("analyse", "reviews", runs[0], "--reviews", database)
    assert "Cohen's κ of Ada and Bo 1.000 on 30 claims" in lines
    code, _, error = halluc("analyse", "reviews", runs[1], "--reviews", database)
    assert code == 2 and "nobody has reviewed" in error
