"""Reviews: kept once a person, safe for many at once, taken back into the numbers."""

import os
import shutil
import socket
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.inspector.drawing.judging import missed
from app.inspector.pages.review import export
from app.inspector.reading import agreement
from app.inspector.reading.columns import open_columns, read_scores
from halluc.errors import InputError
from halluc.reviews import Review, Reviews, claim_key, decided
from halluc.runs import read_run

BINARIES = [Path("/usr/lib/postgresql") / each / "bin" for each in ("17", "16", "15", "14", "13")]


@pytest.fixture(scope="session")
def postgresql():
    """URL of a PostgreSQL server of the test's own."""
    places = [each for each in BINARIES if (each / "initdb").exists()]
    if (known := shutil.which("initdb")) is not None:
        places.append(Path(known).resolve().parent)
    if not places and os.environ.get("HALLUC_CI"):
        pytest.fail("PostgreSQL's initdb is missing: apt-get install postgresql")
    if not places:
        pytest.skip("PostgreSQL's initdb is not here (Debian: apt-get install postgresql)")
    found, as_user = places[0], []
    folder = Path(tempfile.mkdtemp(prefix="halluc-postgresql-"))
    if os.geteuid() == 0:  # the server refuses to run as root
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no runuser")
        shutil.chown(folder, "nobody")
        as_user = ["runuser", "-u", "nobody", "--"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    start = [found / "pg_ctl", "-D", data, "-w", "-l", folder / "log",
             "-o", f"-p {port} -k {folder} -c listen_addresses=127.0.0.1", "start"]  # fmt: skip
    made = [found / "initdb", "-D", data, "-U", "halluc", "-A", "trust", "--no-sync"]
    for command in (made, start):
        subprocess.run([*as_user, *map(str, command)], check=True, capture_output=True, cwd=folder)
    yield f"postgresql+psycopg://halluc@127.0.0.1:{port}/postgres"
    stop = [found / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
    subprocess.run([*as_user, *map(str, stop)], check=True, capture_output=True, cwd=folder)
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """URL of a database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'reviews.sqlite'}"
    return request.getfixturevalue("postgresql")


@pytest.fixture
def store(url):
    """The reviews in a database."""
    made = Reviews(url)
    yield made
    made.close()


@pytest.fixture
def findings(runs):
    """Findings of a run by kind of claim."""
    return read_run(runs[0]).findings("finegrained")


def test_a_review_is_kept_and_the_last_one_of_a_person_counts(store, findings, request):
    run = request.node.name[:16]
    store.file(run, Review(findings[0], "Ada", "right", "surely"))
    store.file(run, Review(findings[0], " Ada ", "truth wrong", "there is one: <b>\u202e 🙂"))
    store.file(run, Review(findings[0], "Bo", "rule wrong"))
    store.file("another run", Review(findings[0], "Ada", "right"))
    said = {each.reviewer: each for each in store.of_run(run)}
    assert {name: each.judgement for name, each in said.items()} == {
        "Ada": "truth wrong", "Bo": "rule wrong",
    }  # fmt: skip
    assert said["Ada"].note == "there is one: <b>\u202e 🙂"
    assert said["Ada"].finding == findings[0]


def test_a_review_is_taken_back_and_a_known_answer_decides(store, findings, request):
    run = f"back {request.node.name[-11:]}"[:16]
    for name in ("Ada", "Bo", "Cy"):
        store.file(run, Review(findings[0], name, "right"))
    store.file(run, Review(findings[0], "Gold ", "rule wrong"))
    assert decided(store.of_run(run)) == {claim_key(findings[0]): "rule wrong"}
    store.withdraw(run, findings[0], "gold")
    store.withdraw(run, findings[0], "Ada")
    store.withdraw(run, findings[1], "Bo")
    assert decided(store.of_run(run)) == {claim_key(findings[0]): "right"}
    assert sorted(each.reviewer for each in store.of_run(run)) == ["Bo", "Cy"]


def test_many_reviewers_at_once_lose_nothing(url, findings):
    run = "at once"

    def work(number):
        mine = Reviews(url)  # as a process of its own has
        for each in findings[:5]:
            mine.file(run, Review(each, f"reviewer {number % 8}", "right", str(number)))
        mine.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    store = Reviews(url)
    filed = store.of_run(run)
    store.close()
    assert len(filed) == 8 * 5


@pytest.mark.parametrize(
    ("review", "told"),
    [({"reviewer": "  "}, "name"), ({"reviewer": "x" * 81}, "80"), ({"note": "x" * 4001}, "4000"),
     ({"note": "a\0b"}, "NUL"), ({"judgement": "maybe"}, "judgement")],
)  # fmt: skip
def test_a_bad_review_is_refused(store, findings, review, told):
    given = {"reviewer": "Ada", "judgement": "right", **review}
    with pytest.raises(InputError, match=told):
        store.file("bad", Review(findings[0], **given))
    assert store.of_run("bad") == []


@pytest.mark.parametrize(
    "url",
    ["://", "nonsense://ada:secret@x", "mysql://ada:secret@x/y", "sqlite:////no/such/folder/x.sqlite",
     "postgresql+psycopg://ada:secret@127.0.0.1:1/x", "mysql://ada:secret@x:port/y",
     "postgresql+psycopg://127.0.0.1:1/x?password=secret"],
)  # fmt: skip
def test_a_bad_database_is_one_line_without_its_password(url):
    with pytest.raises(InputError) as error:
        Reviews(url)
    assert "\n" not in str(error.value) and "secret" not in str(error.value)


@pytest.mark.parametrize("name", ["a?b.sqlite", "100%41.sqlite", "a?mode=ro&x=1", "#b c.sqlite"])
def test_reviews_go_into_the_very_file_that_is_named(name, findings, tmp_path):
    store = Reviews(str(tmp_path / name))
    store.file("run", Review(findings[0], "Ada", "right"))
    store.close()
    assert [each.name for each in tmp_path.iterdir()] == [name]
    again = Reviews(str(tmp_path / name))
    assert len(again.of_run("run")) == 1
    again.close()


@pytest.mark.parametrize("typed", ["ada", "ADA", " Ada\u3000", "\uff21\uff44\uff41"])
def test_a_name_typed_otherwise_is_no_second_vote(typed, store, findings):
    run = f"typed {typed!a}"[:16]
    store.file(run, Review(findings[0], "Ada", "right"))
    store.file(run, Review(findings[0], typed, "rule wrong"))
    store.file(run, Review(findings[1], typed, "right"))
    said = store.of_run(run)
    assert len({each.reviewer for each in said}) == 1
    assert sorted(each.judgement for each in said) == ["right", "rule wrong"]


def test_corrected_figures_stand_beside_the_published_ones(runs, findings):
    run = open_columns(runs[0])
    plain = {each.name: each for each in agreement.figures(run, "finegrained", [])}
    published = {each.name: each.value for each in read_scores(runs[0])}
    for kind in ("object", "attribute", "relation"):
        name = f"{kind} hallucination rate"
        assert plain[name].published == plain[name].corrected == published[name]
    chair = {each.name: each.published for each in agreement.figures(run, "chair", [])}
    scores = {each.name: each.value for each in read_scores(runs[0])}
    assert chair == {name: scores[name] for name in ("CHAIRi", "CHAIRs")}

    wrong = [f for f in findings if (f.claim.kind, f.verdict) == ("object", "hallucinated")]
    right = [f for f in findings if (f.claim.kind, f.verdict) == ("object", "supported")]
    filed = [
        Review(wrong[0], "Ada", "truth wrong"),
        Review(wrong[1], "Ada", "rule wrong"),
        Review(wrong[2], "Ada", "right"),
        Review(right[0], "Ada", "truth wrong"),
        Review(wrong[3], "Ada", "truth wrong"), Review(wrong[3], "Bo", "right"),  # divided
        Review(wrong[4], "Ada", "truth wrong"), Review(wrong[4], "Bo", "truth wrong"),
        Review(wrong[4], "Cy", "right"),
    ]  # fmt: skip
    after = next(iter(agreement.figures(run, "finegrained", filed)))
    assert (after.corrected_wrong, after.corrected_of) == (after.wrong - 2, after.of - 1)

    lines = export(run, "finegrained", filed).splitlines()
    assert len(lines) == len(findings)
    changed = [each for each in agreement.corrected(findings, filed) if "review" in each.rule]
    assert {each.verdict for each in changed} == {"supported", "unverifiable", "hallucinated"}
    assert len(changed) == 4
    words = {"start": 0, "end": 4, "kind": "object"}
    own = missed(read_run(runs[0]).responses[0], "finegrained", words)
    more = export(run, "finegrained", [*filed, Review(own, "Ada", "missed")]).splitlines()
    assert len(more) == len(lines) + 1 and b"review: missed" in more[-1]


def test_agreement_is_that_of_the_papers(findings):
    # Cohen's κ by hand: they agree on 3 of 4; by chance on (2·3 + 2·1) / 16 of them.
    ada = ["right", "right", "truth wrong", "truth wrong"]
    bo = ["right", "right", "right", "truth wrong"]
    filed = [
        Review(each, name, said)
        for name, all_said in (("Ada", ada), ("Bo", bo))
        for each, said in zip(findings, all_said, strict=False)
    ]
    told = agreement.agreement([*filed, Review(findings[9], "Ada", "right")])
    [(one, other, kappa, number)] = told.kappas
    assert (one, other, number, told.findings) == ("Ada", "Bo", 4, 4)
    assert kappa == pytest.approx((0.75 - 0.5) / (1 - 0.5))
    # Krippendorff's α by hand: 1 − (n − 1) · disagreeing / Σ n_c (n − n_c) with n = 8.
    assert told.alpha == pytest.approx(1 - 7 * 2 / (2 * 5 * 3))


def test_agreement_of_nothing_is_undefined(findings):
    assert agreement.agreement([]).alpha is None
    same = [Review(findings[0], name, "right") for name in ("Ada", "Bo")]
    told = agreement.agreement(same)
    assert told.alpha is None and told.kappas == [("Ada", "Bo", None, 1)]
