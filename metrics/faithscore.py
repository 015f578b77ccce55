"""FaithScore: which share of what an answer states about a picture is so?

An answer's score is the share of its atomic facts that are right, FaithScore their mean over
answers; sentence-level it is the share of descriptive sub-sentences without a wrong fact (0..1,
higher is better). Source: Jing et al. 2024, "FaithScore: Fine-grained Evaluations of Hallucinations
in Large Vision-Language Models" (arXiv:2311.01477), and ``framework.py`` of
https://github.com/bcdnlp/FAITHSCORE: an answer without facts scores 0, and 1 at sentence level.

There an LLM finds the facts and a visual model judges them. Here the facts are claims
(`halluc.judges.facts`), and the ground truth judges them, or a model that is asked about each. A
fact on which the truth is silent counts in nothing, nor does an answer that has no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from halluc.answers.given import Given, picture_of
from halluc.bootstrap import Counted, Gathered
from halluc.datasets.files import read_rows
from halluc.errors import InputError
from halluc.judges.agreement import Judged, agreement
from halluc.judges.facts import CATEGORIES, Fact, facts_of, is_fact
from halluc.judges.faithscore import fact_id, prompt_of
from halluc.judges.texts import read_texts
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import coco_things
from halluc.language.claims.truths import in_words_of
from halluc.language.claims.verdicts import judge
from halluc.records import Answer, Finding, Sample, Score, Truth
from halluc.work import Spread, Work, in_process
from metrics.finegrained import claims_card
from metrics.judged import JudgedBy, read_replies
from metrics.protocol import Keep, Measured, Metric, drop, shares
from metrics.ratio import ratio
from metrics.tasks import CAPTION, Task

METRIC = "faithscore"
UNCHECKED = (
    "nothing says how far this judge is right; with --truth its agreement with the ground truth "
    "stands before the figures"
)
Counts = Counter[tuple[str, int]]
"""By what, and of how many it is a share; see `update`."""

_SHARE = 256
_MOST_COMPARED = 2000


class Verdict(NamedTuple):
    """Whether a fact is right.

    Attributes:
        category: of the fact; empty where it is not told.
        part: the number of its sub-sentence; None where that is not told.
        right: None where nothing tells.
    """

    category: str
    part: int | None
    right: bool | None


def update(facts: Sequence[Verdict]) -> Counts:
    """Counts of one answer, whole numbers alone, so that any order adds up to the same.

    "answer" and "part" count answers by how many facts and sub-sentences of theirs are judged, and
    "right answer" and "right part" how many of those are right.
    """
    known = [each for each in facts if each.right is not None]
    counts = Counts({("facts", 0): len(facts), ("silent", 0): len(facts) - len(known)})
    for each in known:
        counts[each.category, 1] += 1
        counts[f"right {each.category}", 1] += bool(each.right)
    if facts and not known:
        return counts + Counts({("not judged", 0): 1})
    size = len(known)
    counts["answer", size] += 1
    counts["right answer", size] += sum(bool(each.right) for each in known)
    parts: dict[int | None, bool] = {}
    for each in known:
        parts[each.part] = parts.get(each.part, True) and bool(each.right)
    if None not in parts:
        counts["part", len(parts)] += 1
        counts["right part", len(parts)] += sum(parts.values()) if parts else 1
    return counts


def compute(counts: Mapping[tuple[str, int], int]) -> list[Score]:
    """The figures of counts; a ratio of nothing is None."""
    n = Counter(counts)
    scores = [_mean(n, "answer", "FaithScore"), _mean(n, "part", "sentence-level FaithScore")]
    scores += [
        ratio(METRIC, f"{each} facts", n[f"right {each}", 1], n[each, 1], better="higher")
        for each in CATEGORIES
    ]
    answers = sum(number for (what, _), number in n.items() if what in ("answer", "not judged"))
    return [
        *scores,
        ratio(METRIC, "facts without a verdict", n["silent", 0], n["facts", 0]),
        ratio(METRIC, "answers without a verdict", n["not judged", 0], answers),
    ]


def _mean(counts: Mapping[tuple[str, int], int], of: str, name: str) -> Score:
    whole = sum(number for (what, _), number in counts.items() if what == of)
    above = sum(
        (
            Fraction(number, size or 1)
            for (what, size), number in counts.items()
            if what == f"right {of}"
        ),
        Fraction(),
    )
    return Score(
        metric=METRIC,
        name=name,
        value=float(above / whole) if whole else None,
        numerator=float(above),
        denominator=whole,
        better="higher",
    )


class FaithScore(Metric, frozen=True, kw_only=True):
    """FaithScore over captions of a run or of files.

    Attributes:
        judged: run of a judge that was asked about each fact.
    """

    name = METRIC
    title = "FaithScore"
    summary = "Share of what answers state that is so."
    paper = "arXiv:2311.01477"
    edition = "FaithScore (arXiv:2311.01477) over claims"
    task = CAPTION
    judges = Task(
        f"{METRIC}-judge",
        "facts stated by captions",
        lambda sample: bool(sample.prompt),
        answers=("yes", "no"),
    )
    by_default = False
    spreads = True
    story = ("FaithScore", "sentence-level FaithScore")
    hidden = frozenset({"facts without a verdict", "answers without a verdict"})

    judged: JudgedBy = None

    def read(
        self, sources: Sequence[str], truth: Sequence[str] = (), *, allow_missing: bool = False
    ) -> Given:
        """Captions with the ground truth, or with a judge, or facts judged by people.

        Raises:
            InputError: see `Metric.read`.
        """
        path = Path(sources[0])
        if path.is_file() and len(sources) == 1 and not truth and (found := _recorded(path)):
            return found
        if self.judged is None or truth:
            return super().read(sources, truth, allow_missing=allow_missing)
        run, texts = read_texts(sources, allow_missing=allow_missing)
        rows = Counter(answer.path for _, answer in texts)
        asked = [sample for sample, _ in texts]
        return Given(run, texts, f"the judge of {self.judged}", rows, asked)

    def measure(
        self, given: Given, spread: Spread = in_process, keep: Keep | None = None
    ) -> Measured:
        """The figures, with what each picture adds to them; findings are the facts."""
        recorded: Mapping[str, list[Verdict]] | None = given.note.get("recorded")
        settings: dict[str, Any] = {"left out": given.left_out} if given.left_out else {}
        agreed: list[Score] = []
        warnings: list[str] = []
        if recorded is None:
            findings = _findings(given, spread)
            facts = {id: _facts(given.texts[id], each) for id, each in findings.items()}
            if self.judged is not None:
                before = findings
                findings = _replied(self.judged, findings, facts)
                agreed = _agreement(before, findings, given.texts)
                warnings = [] if agreed else [UNCHECKED]
                settings["judge"] = str(self.judged)
            (keep or drop)(_lines(findings))
            settings |= claims_card(coco_things())
            verdicts = {
                id: [_verdict(fact, one) for fact, one in zip(facts[id], each, strict=True)]
                for id, each in findings.items()
            }
        else:
            verdicts = dict(recorded)
        gathered = Gathered[Counts]()
        for sample in given.samples:
            counts = update(verdicts.get(sample.id, []))
            if recorded is not None:  # nothing tells in which sub-sentence a fact stands
                counts = Counts({k: n for k, n in counts.items() if not k[0].endswith("part")})
            gathered.add(picture_of(sample), counts)
        counted = gathered.counted(compute)
        return Measured(
            [Counted([*agreed, *counted.scores], counted.parts)], settings, warnings=warnings
        )


def _findings(given: Given, spread: Spread) -> dict[str, list[Finding]]:
    """What the ground truth says of the facts of each caption; of one without truth, nothing."""
    found: dict[str, list[Finding]] = {each.id: [] for each in given.samples}
    for share in spread(_judging, shares(given, _SHARE)):
        for finding in msgspec.json.decode(share, type=list[Finding]):
            found[finding.id].append(finding)
    return found


def _judging() -> Work:
    things = coco_things()

    def work(item: bytes) -> bytes:
        pairs = msgspec.json.decode(item, type=list[tuple[Sample, str]])
        read = read_claims((text for _, text in pairs), things)
        findings: list[Finding] = []
        for (sample, _), claims in zip(pairs, read, strict=True):
            truth = in_words_of(things, sample.truth or Truth())
            own = [each for each in judge(sample.id, claims, truth, METRIC) if is_fact(each.claim)]
            # Where the truth could not call such a fact right, it must not call it wrong.
            findings += _with_absent(own) if truth.complete else own
        return msgspec.json.encode(findings)

    return work


def _with_absent(findings: list[Finding]) -> list[Finding]:
    """Findings in which what is said of an absent thing is wrong, as a judge of the picture says.

    Elsewhere it is not judged, since the thing itself carries the hallucination.
    """
    absent = {
        each.claim.subject
        for each in findings
        if each.claim.kind == "object" and each.verdict == "hallucinated"
    }
    return [
        replace(each, verdict="hallucinated", rule="no such object")
        if each.verdict == "unverifiable"
        and each.claim.stance == "asserted"
        and absent & {each.claim.subject, each.claim.object}
        else each
        for each in findings
    ]


def _facts(text: str, findings: Sequence[Finding]) -> list[Fact]:
    return facts_of(text, [each.claim for each in findings])


def _verdict(fact: Fact, finding: Finding) -> Verdict:
    right = None if finding.verdict == "unverifiable" else finding.verdict == "supported"
    return Verdict(fact.category, fact.part, right)


def _replied(
    run: Path, findings: Mapping[str, list[Finding]], facts: Mapping[str, list[Fact]]
) -> dict[str, list[Finding]]:
    """The findings with the judge's verdicts: right where "yes" stands in the reply."""
    prompts = {
        fact_id(id, number): prompt_of(fact.statement)
        for id, each in facts.items()
        for number, fact in enumerate(each, 1)
    }
    how = f"halluc generate --task {METRIC}-judge --data {METRIC}-judge:CAPTIONS"
    replies = read_replies(run, prompts, how)
    return {
        id: [
            replace(
                one,
                verdict="supported" if "yes" in reply.lower() else "hallucinated",
                rule="judge",
                evidence=reply[:200],
                boxes=(),
            )
            for number, one in enumerate(each, 1)
            for reply in [replies[fact_id(id, number)]]
        ]
        for id, each in findings.items()
    }


def _agreement(
    truth: Mapping[str, list[Finding]],
    judge: Mapping[str, list[Finding]],
    texts: Mapping[str, str],
) -> list[Score]:
    """How far a judge agrees with the ground truth on the facts that it settles."""
    pairs = [
        Judged(
            "yes" if one.verdict == "supported" else "no",
            "yes" if other.verdict == "supported" else "no",
            len(texts[id].split()),
        )
        for id in sorted(truth)
        for one, other in zip(truth[id], judge[id], strict=True)
        if one.verdict != "unverifiable"
    ]
    step = -(-len(pairs) // _MOST_COMPARED) or 1
    return agreement(pairs[::step], METRIC).scores if pairs else []


def _lines(findings: Mapping[str, Iterable[Finding]]) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    for each in findings.values():
        yield encoder.encode_lines(each)


def _recorded(path: Path) -> Given | None:
    """Answers with facts that people have judged, as FaithScore's ``annotation.jsonl``."""
    pairs: list[tuple[Sample, Answer]] = []
    recorded: dict[str, list[Verdict]] = {}
    for number, (line, row) in enumerate(read_rows(path, dict[str, Any]), 1):
        if "stage 2" not in row:
            return None
        facts, text = row["stage 2"], row.get("answer")
        fair = isinstance(facts, dict) and all(str(each) in ("0", "1") for each in facts.values())
        if not fair or not isinstance(text, str):
            what = 'no row of FaithScore: "stage 2" has a 0 or 1 for each fact of the "answer"'
            raise InputError(what, path, line)
        sample = Sample(id=str(number), image=str(row.get("id", number)))
        pairs.append((sample, Answer(sample.id, text, path, line)))
        recorded[sample.id] = [Verdict("", None, str(each) == "1") for each in facts.values()]
    if not pairs:
        return None
    given = Given(None, pairs, "the verdicts beside the facts", Counter({path: len(pairs)}))
    given.note["recorded"] = recorded
    return given
