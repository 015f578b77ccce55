"""The records that every part of halluc speaks, each one line of JSON.

`Sample` (a picture, a prompt and what is true of it) goes into an MM-LLM, a `Response` comes out;
`Claim` and `Finding` say what the response states and whether it holds; `Score` counts them.
Spans are half-open character offsets: ``text[start:end]``. Boxes are COCO's: x, y of the top left
corner, width, height, in pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

Kind = Literal["object", "attribute", "relation"]
Verdict = Literal["supported", "hallucinated", "unverifiable"]
Label = Literal["yes", "no"]
Stance = Literal["asserted", "denied", "hedged", "asked"]
Finish = Literal["stop", "length", "refusal", "content_filter", "tool_calls", "error"]
Lack = Literal["", "empty", "unfinished", "refusal", "filtered", "tool call", "failed"]

_LACKS: dict[str, Lack] = {
    "refusal": "refusal",
    "content_filter": "filtered",
    "tool_calls": "tool call",
    "error": "failed",
}


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all records: immutable, typed, fields at their default are not written.

    Records never refer to each other in a circle, so the garbage collector passes by millions.
    """


class Box(msgspec.Struct, frozen=True, array_like=True):
    """A rectangle in pixels: top left corner, width, height (COCO's order)."""

    x: float
    y: float
    width: float
    height: float


class TrueObject(Record, frozen=True):
    """An object that is in the picture.

    Attributes:
        name: its class, by the name that the data set uses ("wine glass").
        box: where it is; None where the data set does not say.
        attributes: attribute family to value, or to several, such as
            ``{"color": ["black", "white"], "size": "small"}``.
    """

    name: str
    box: Box | None = None
    attributes: Mapping[str, str | tuple[str, ...]] = {}


class TrueRelation(Record, frozen=True):
    """A relation between two objects of a Truth, named by their indices in ``Truth.objects``."""

    subject: int
    predicate: str
    object: int


class Truth(Record, frozen=True):
    """What is true of a picture.

    Attributes:
        objects: objects in it; a name may come several times.
        relations: relations among them.
        label: the right answer, for a yes/no question.
        complete: the lists are exhaustive, so what they leave out is absent.
        exhaustive: where they are not, for which classes the list of objects is: "coco" for COCO's
            80, none if empty.

    Raises:
        ValueError: a relation is of an object that is not listed.
    """

    objects: tuple[TrueObject, ...] = ()
    relations: tuple[TrueRelation, ...] = ()
    label: Label | None = None
    complete: bool = False
    exhaustive: Literal["", "coco"] = ""

    def __post_init__(self) -> None:
        for each in self.relations:
            for index in (each.subject, each.object):
                if not 0 <= index < len(self.objects):
                    what = f"a relation of object {index} among {len(self.objects)}"
                    raise ValueError(f"{what}, counted from 0")

    @property
    def names(self) -> set[str]:
        """The distinct object names."""
        return {each.name for each in self.objects}


class Sample(Record, frozen=True):
    """One thing to ask an MM-LLM.

    Attributes:
        id: unique in its data set.
        image: the picture, as its data set names it (a file name, for most); None: no picture.
        prompt: the instruction or question; None where the task supplies it.
        split: the part of the data set it is in ("adversarial"), empty if there are no parts.
        truth: what is true of the picture, None if unknown.
    """

    id: str
    image: str | None = None
    prompt: str | None = None
    split: str = ""
    truth: Truth | None = None


class Token(msgspec.Struct, frozen=True, array_like=True):
    """A generated token: its span in the text and its natural log-probability (≤ 0)."""

    start: int
    end: int
    logprob: float


class Turn(Record, frozen=True):
    """An earlier question of a dialogue with its answer, as a call to a model held it.

    Attributes:
        prompt, text: question and answer.
        picture: as `Call` has it.
    """

    prompt: str
    text: str
    picture: str = ""


class Call(Record, frozen=True):
    """One call that a plan made to the model on the way to an answer (see `mitigation.prompting`).

    Attributes:
        name: which call of the plan ("describe").
        prompt: what was asked last, word for word.
        text: what the model said.
        picture: what was shown with it: "own", "" for none, or the id of another sample.
        earlier: the turns of the dialogue before it.
        tokens: how many tokens were generated; None where the model does not tell.
        answers: probabilities of short answers, as in `Response`.
        finish: why it ended, as in `Response`.
    """

    name: str
    prompt: str
    text: str
    picture: str = ""
    earlier: tuple[Turn, ...] = ()
    tokens: int | None = None
    answers: dict[str, float] = {}
    finish: Finish = "stop"


class Response(Record, frozen=True):
    """What an MM-LLM answered to a Sample.

    Attributes:
        id: the sample's id.
        text: the answer.
        prompt: what was asked, before any chat template.
        image: the sample's picture.
        split: the sample's split.
        tokens: the generated tokens; empty where the model does not give them.
        top_logprobs: for each token, the likeliest ones in its place as they are spelled, with
            their log-probabilities, the likeliest first; empty where they were not kept.
        without_picture: for each token, its log-probability without the picture; empty where it
            was not kept.
        answers: probability of each short answer asked for, such as ``{"yes": .9, "no": .08}``;
            together ≤ 1.
        finish: why it ended: an end token ("stop"), the token limit ("length"), the model refuses
            ("refusal"; the text is its words), a server's filter took it ("content_filter"), it
            calls a tool ("tool_calls"), or the server broke off ("error").
        thought: what a reasoning model wrote before the answer; no part of the text.
        error: why there is no answer, in one line, where asking failed.
        calls: what a plan asked on the way, in order; empty for a plain answer.
    """

    id: str
    text: str
    prompt: str = ""
    image: str | None = None
    split: str = ""
    tokens: tuple[Token, ...] = ()
    top_logprobs: tuple[tuple[tuple[str, float], ...], ...] = ()
    without_picture: tuple[float, ...] = ()
    answers: dict[str, float] = {}
    finish: Finish = "stop"
    thought: str = ""
    error: str = ""
    calls: tuple[Call, ...] = ()

    @property
    def lack(self) -> Lack:
        """Why this is no answer; empty for an answer, also for one that the token limit cut."""
        return lack_of(self.text, self.finish)


def cost_of(responses: Sequence[Response]) -> dict[str, int]:
    """How many calls answers took, and how many tokens the model generated in them.

    An answer without a plan is one call. Tokens are left out where a call with a text does not
    tell them.
    """
    made = [
        pair
        for each in responses
        for pair in [(call.text, call.tokens) for call in each.calls]
        or [(each.text, len(each.tokens))]
    ]
    if any(text and not tokens for text, tokens in made):
        return {"calls": len(made)}
    return {"calls": len(made), "generated tokens": sum(tokens or 0 for _, tokens in made)}


def told_numbers(response: Response) -> Response:
    """The answer without numbers that are none: they would not come back from JSON.

    Its tokens are left out where a span is not in the text or a log-probability is not finite or
    positive, and so are short answers' probabilities that are not from 0 to 1. What is kept beside
    the tokens goes with them, and where it is not of as many tokens.
    """
    text = len(response.text)
    for each in response.tokens:
        if not (0 <= each.start <= each.end <= text and -1e300 < each.logprob <= 0):
            response = replace(response, tokens=())
            break
    beside = response.top_logprobs, response.without_picture
    numbers = [*(number for top in beside[0] for _, number in top), *beside[1]]
    if any(beside) and not (
        all(-1e300 < number <= 0 for number in numbers)
        and {len(each) for each in beside if each} == {len(response.tokens)}
    ):
        response = replace(response, top_logprobs=(), without_picture=())
    if not all(0 <= chance <= 1.001 for chance in response.answers.values()):
        response = replace(response, answers={})
    return response


def decode_response(line: bytes) -> Response:
    """A line of a run's answers; numbers that are none, as null or out of range, are left out.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is no answer in JSON.
    """
    try:
        return told_numbers(_RESPONSE.decode(line))
    except msgspec.ValidationError:
        document = msgspec.json.decode(line)
        if not isinstance(document, dict):
            raise
        tokens, answers = document.get("tokens"), document.get("answers")
        if isinstance(tokens, list) and any(_lacks(each) for each in tokens):
            del document["tokens"]
        if isinstance(answers, dict) and None in answers.values():
            del document["answers"]
        for name in ("top_logprobs", "without_picture"):
            if None in _leaves(document.get(name, [])):
                del document[name]
        return told_numbers(msgspec.convert(document, Response))


_RESPONSE = msgspec.json.Decoder(Response)


def _lacks(token: Any) -> bool:
    """Whether a token's log-probability was written as null, as NaN and infinity are."""
    return isinstance(token, list) and len(token) == 3 and token[2] is None


def _leaves(value: Any) -> Iterator[Any]:
    """What stands in lists of lists."""
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def lack_of(text: str, finish: Finish = "stop") -> Lack:
    """Why a text is no answer; empty for an answer.

    >>> lack_of("A dog."), lack_of(" "), lack_of("", "length"), lack_of("I cannot.", "refusal")
    ('', 'empty', 'unfinished', 'refusal')
    """
    if finish in _LACKS:
        return _LACKS[finish]
    if text and not text.isspace():
        return ""
    return "unfinished" if finish == "length" else "empty"


class Answer(NamedTuple):
    """An answer in a file of any tool, and where it stands.

    Attributes:
        id: the question's or picture's id, as written.
        text: the answer.
        path, line: file and line (from 1) it comes from.
        prompt: what was asked, None if the file does not say.
        own: the question as the file itself tells it, with its split and right answer; None if it
            tells neither.
        finish: why it ended, as `Response` has it.
    """

    id: int | str
    text: str
    path: Path
    line: int
    prompt: str | None = None
    own: Sample | None = None
    finish: Finish = "stop"


class Claim(Record, frozen=True):
    """Something that a text states about the picture.

    Attributes:
        kind: object, attribute or relation.
        start, end: the words that state it: the noun, the attribute, the predicate alone.
        subject: name of the object it is about.
        value: attribute value or predicate; empty for an object claim.
        object: name of the other object of a relation, else empty.
        family: attribute family ("color"), else empty.
        stance: how the text states it; "there is no dog" denies its claim.
        subject_span: where the object that it is about is mentioned; None where it is not known.
        object_span: where the other object of a relation is mentioned.
        some: it is said of one or some of the things mentioned, not of all ("one is red").
        sure: how sure its reading is, from 0 to 1.

    Raises:
        ValueError: a span ends before it begins, or begins before the text.
    """

    kind: Kind
    start: int
    end: int
    subject: str
    value: str = ""
    object: str = ""
    family: str = ""
    stance: Stance = "asserted"
    subject_span: tuple[int, int] | None = None
    object_span: tuple[int, int] | None = None
    some: bool = False
    sure: float = 1.0

    def __post_init__(self) -> None:
        for span in ((self.start, self.end), self.subject_span, self.object_span):
            if span is not None and not 0 <= span[0] <= span[1]:
                raise ValueError(f"{span[0]} to {span[1]} are no words of a text")


class Finding(Record, frozen=True):
    """A claim of one response with its verdict.

    Attributes:
        id: id of the response.
        claim: the claim.
        verdict: supported, hallucinated, or unverifiable (the truth is silent).
        metric: the metric that found it ("chair"), so that a run can hold the findings of several.
        rule: short name of the rule that decided.
        evidence: what in the truth decided, in words.
        boxes: boxes of the true objects that decided.
    """

    id: str
    claim: Claim
    verdict: Verdict
    metric: str
    rule: str
    evidence: str = ""
    boxes: tuple[Box, ...] = ()


class Score(Record, frozen=True):
    """One figure of a metric.

    Attributes:
        metric: which metric ("chair").
        name: which figure of it ("CHAIRi").
        value: the figure; None where it is undefined (a ratio of nothing).
        split: the part of the data it covers, empty for all.
        numerator, denominator: the counts behind a ratio.
        better: which direction is better.
        unit: what it is counted in ("words", "points"); empty: a share from 0 to 1, or a count.
        low, high: its 95 % interval; None where it has none.
        interval: how that was found, see `halluc.statistics`; empty where there is none.
    """

    metric: str
    name: str
    value: float | None
    split: str = ""
    numerator: float | None = None
    denominator: float | None = None
    better: Literal["higher", "lower", ""] = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    interval: Literal["wilson", "bootstrap", ""] = ""
