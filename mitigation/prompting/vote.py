"""Self-consistency: what most of several answers say.

Wang et al. 2023, "Self-Consistency Improves Chain of Thought Reasoning in Language Models"
(arXiv:2203.11171) take the answer that most samples end in. Here, with n calls:

- captions: n captions are drawn. An object counts as named by most where more than n / 2 of them
  assert it. The caption whose objects o have the greatest sum of votes(o) − n / 2 is taken, objects
  that most do not name are cut from it, and colours, sizes, patterns and directions are replaced
  where more of the captions that speak of the same thing say another one, and most of them do.
- questions with short answers: the question is asked in n wordings. The probability of an answer is
  the mean over wordings of its share p(a) / Σ p; where the model tells no probability it is 1 for
  the answer that the text begins with. The likeliest is the answer.

Controls: random-claims cuts as many objects from the same caption, drawn at random; one-wording
draws n answers to the question as it stands, and counts what their texts say.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace as with_
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from halluc.errors import InputError
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import coco_things
from halluc.language.pipeline.parser import parse
from halluc.records import Claim, Response
from mitigation.postcorrection.edits import revise_text
from mitigation.postcorrection.questions import RELATIONS
from mitigation.postcorrection.revisions import apply_edits
from mitigation.precorrection.correcting import direction_at
from mitigation.prompting.protocol import Calls, Plan, Setting

FRAMES = (
    "{question}",
    "Look at the image carefully. {question}",
    "A question about the image: {question}",
    "{question} Go by the image alone.",
    "Here is an image. {question}",
    "Check the image before you answer. {question}",
    "Say what the image shows: {question}",
    "{question} Look twice.",
)
"""Wordings of any question."""

EXISTENCE = (
    "Is there {thing} in the image?",
    "Can you see {thing}?",
    "Does the picture show {thing}?",
    "Is there {thing} in the picture?",
    "Can you see {thing} in the image?",
    "Does the image show {thing}?",
    "Does the image contain {thing}?",
    "Is there {thing} to be seen here?",
)
"""Wordings of POPE's question."""

_POPE = re.compile(
    r"Is there (?P<thing>an? [^?]+?) in (?:the|this) (?:image|picture|photo)\?(?P<rest>.*)",
    re.DOTALL,
)
_FIRST = re.compile(r"\W*(\w+)")


class Vote(Plan, frozen=True, kw_only=True):
    """Ask several times, and keep what most answers say.

    Attributes:
        n: how many calls.
    """

    name = "vote"
    title = "Self-consistency"
    summary = "Claims that most of N captions make; the mean P(yes) of N wordings of a question."
    paper = "arXiv:2203.11171"
    number = "n"
    controls: ClassVar[dict[str, str]] = {
        "random-claims": "as many objects are cut from the same caption, at random",
        "one-wording": "answers to the question as it stands are drawn and counted",
    }

    n: Annotated[int, Meta(ge=2, le=64, description="How many answers vote.")] = 8

    @property
    def prompts(self) -> dict[str, str]:
        """The wordings of questions."""
        return {"existence": " | ".join(EXISTENCE), "other questions": " | ".join(FRAMES)}

    def check(self, setting: Setting) -> None:
        """Refuse tasks whose answers cannot be counted, and the other task's control.

        Raises:
            InputError: says why.
        """
        if not setting.captions and not setting.answers:
            raise InputError("--plan vote counts claims of captions or short answers, such as yes")
        wanted = "random-claims" if setting.captions else "one-wording"
        if self.control not in (None, wanted):
            what = "captions" if setting.captions else "questions"
            raise InputError(f"the control of --plan vote for {what} is {wanted}")

    def run(self, calls: Calls, setting: Setting) -> list[Response]:
        """Ask n times, and count."""
        votes: list[list[Response]] = []
        for number in range(self.n):
            name = f"answer {number + 1}"
            if setting.captions or self.control:
                votes.append(calls.ask(name, calls.requests, answers=calls.answers, do_sample=True))
                continue
            asked = [with_(each, prompt=worded(each.prompt, number)) for each in calls.requests]
            votes.append(calls.ask(name, asked, answers=calls.answers))
        by_request = list(zip(*votes, strict=True))
        if not setting.captions:
            drawn = self.control is not None
            return [count_answers(each, calls.answers, texts=drawn) for each in by_request]
        seed = calls.decoding.seed if self.control else None
        return [vote_on_claims(each, seed) for each in by_request]


def worded(question: str, number: int) -> str:
    """A question in one of eight wordings, of which the first is its own.

    >>> worded("Is there a dog in the image? Answer yes or no.", 1)
    'Can you see a dog? Answer yes or no.'
    >>> worded("How many?", 2)
    'A question about the image: How many?'
    """
    number %= len(FRAMES)
    if number and (asked := _POPE.fullmatch(question)):
        return EXISTENCE[number].replace("{thing}", asked["thing"]) + asked["rest"]
    return FRAMES[number].replace("{question}", question)


def count_answers(votes: Sequence[Response], answers: Sequence[str], *, texts: bool) -> Response:
    """The answer with the greatest mean share.

    Args:
        votes: the answers to one question.
        answers: the short answers.
        texts: count what the texts say, also where there are probabilities.
    """
    shares: list[Mapping[str, float]] = []
    for each in votes:
        total = 0.0 if texts else sum(each.answers.values())
        if total > 0:
            shares.append({answer: each.answers.get(answer, 0.0) / total for answer in answers})
        elif first := _FIRST.match(each.text):
            said = first[1].casefold()
            if found := [answer for answer in answers if answer.casefold() == said]:
                shares.append({found[0]: 1.0})
    if not shares:
        return votes[0]
    mean = {a: sum(each.get(a, 0.0) for each in shares) / len(shares) for a in answers}
    best = max(mean, key=lambda answer: mean[answer])
    return Response(id=votes[0].id, text=best[:1].upper() + best[1:], answers=mean)


def vote_on_claims(votes: Sequence[Response], control_seed: int | None = None) -> Response:
    """The caption that agrees best with the others, without the objects that most do not name.

    Args:
        votes: the captions of one picture.
        control_seed: cut as many objects at random instead, drawn with it and the sample's id;
            None: go by the votes.
    """
    things = coco_things()
    every = [
        [claim for claim in claims if claim.stance == "asserted"]
        for claims in read_claims([each.text for each in votes], things)
    ]
    named = [{claim.subject for claim in claims if claim.kind == "object"} for claims in every]
    support = Counter(thing for things_ in named for thing in things_)
    half = len(votes) / 2
    sums = [sum(support[each] - half for each in some) for some in named]
    usable = [place for place, each in enumerate(votes) if not each.lack] or [0]
    chosen = max(usable, key=lambda place: (sums[place], -place))
    base, claims = votes[chosen], every[chosen]
    absent = frozenset(each for each in named[chosen] if support[each] <= half)
    instead: dict[tuple[int, int], tuple[str, str]] = {}
    if control_seed is None:
        instead = {
            **_attributes(claims, every, absent),
            **_directions(base.text, claims, every, absent),
        }
    else:
        rng = random.Random(f"{control_seed}/{base.id}")
        absent = frozenset(rng.sample(sorted(named[chosen]), len(absent)))
    if not absent and not instead:
        return base
    (doc,) = parse([base.text])
    edits = revise_text(doc, things, claims, absent, instead)
    return replace(base, text=apply_edits(base.text, edits), tokens=()) if edits else base


def _attributes(
    claims: Sequence[Claim], every: Sequence[Sequence[Claim]], absent: frozenset[str]
) -> dict[tuple[int, int], tuple[str, str]]:
    """Attributes for which most captions that speak of the same say another word."""
    values: dict[tuple[str, str], Counter[str]] = {}
    for some in every:
        told = {(c.subject, c.family, c.value) for c in some if c.kind == "attribute"}
        for subject, family, value in told:
            values.setdefault((subject, family), Counter())[value] += 1
    own = Counter(
        (c.subject, c.family)
        for c in claims
        if c.kind == "attribute" and c.family != "count" and c.subject not in absent
    )
    found = {}
    for claim in claims:
        matter = claim.subject, claim.family
        if claim.kind != "attribute" or own[matter] != 1:  # two cups may differ
            continue
        counts = values[matter]
        best, votes = counts.most_common(1)[0]
        if best != claim.value and votes > counts[claim.value] and 2 * votes > counts.total():
            found[claim.start, claim.end] = best, f"{claim.subject}: {claim.family} {claim.value}"
    return found


def _directions(
    text: str,
    claims: Sequence[Claim],
    every: Sequence[Sequence[Claim]],
    absent: frozenset[str],
) -> dict[tuple[int, int], tuple[str, str]]:
    """Directions of which more captions say the opposite."""

    def votes(subject: str, value: str, object: str) -> int:
        turned = object, RELATIONS[value][1], subject
        return sum(
            any((c.subject, c.value, c.object) in ((subject, value, object), turned) for c in some)
            for some in every
        )

    found = {}
    for claim in claims:
        if claim.value not in RELATIONS or {claim.subject, claim.object} & absent:
            continue
        opposite = RELATIONS[claim.value][1]
        against = votes(claim.subject, opposite, claim.object)
        place = direction_at(text, claim.start)
        if place and against > votes(claim.subject, claim.value, claim.object):
            why = f"{claim.subject} {claim.value} {claim.object}"
            found[place] = RELATIONS[opposite][0], why
    return found
