"""Rewards of a caption: named pure functions (text, Truth) -> float or None, made from findings.

    from halluc import rewards

    rewards.read_reward("object-hallucination")(text, truth)        # minus the wrong mentions
    GRPOTrainer(reward_funcs=rewards.for_trl(["object-hallucination", "object-coverage"]), …)

LLaVA-RLHF (Sun et al., 2023, arXiv 2309.14525) puts facts of a picture into the prompt of its
reward model; here the facts are the `Truth` and decide by themselves. Of a caption with findings F:

==========================  =======================================================================
``KIND-hallucination``      - |hallucinated claims of the kind in F|, 0 at best; KIND is object,
                            attribute or relation; None where the truth says nothing of the kind
``KIND-coverage``           share of the true things of the kind that F supports, 0 to 1 (see
                            `metrics.finegrained`); None where the truth lists none
``end``                     0 where the answer ends by itself, -1 where the token limit cut it
``repetition``              - (1 - different / all runs of four words), -1 to 0 (seq-rep-4, Welleck
                            et al., 2019, arXiv 1908.04319)
``length:LOW-HIGH``         0 from LOW to HIGH words; outside, minus the words that lack or are too
                            many, as a share of the nearer bound
``judge:M``                 1 where the model M, asked by HaELM's prompt (Wang et al., 2023, arXiv
                            2308.15126), calls the caption accurate, 0 where not, None where it says
                            neither; references are captions, or the truth in words
``MODULE:FUNCTION``         a function of one's own, of text and `Truth`
==========================  =======================================================================

Rewards for what is false alone are won by saying little: name coverage beside hallucination. Each
may have a weight behind it: ``object-hallucination=0.5``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from halluc.datasets import Dataset
from halluc.datasets.load import load_dataset
from halluc.errors import HallucError, InputError, SampleError, said
from halluc.records import Finish, Sample, Truth
from metrics.tasks import CAPTION
from mitigation.precorrection.measures import MEASURES, Judge, Measure, Reading, in_band

USUAL = (
    *("object-hallucination=0.5", "attribute-hallucination=0.5", "relation-hallucination=0.5"),
    *("object-coverage", "attribute-coverage", "relation-coverage", "end", "repetition"),
)
"""What is rewarded where nothing is named."""


@dataclass(frozen=True)
class Reward:
    """A reward by its name.

    Attributes:
        name: as it is called, without its weight.
        many: the reward of each of several captions.
        weight: of it in the sum of several rewards; not 0.
        vocabulary: file of things and the words for them, beside COCO's 80 classes.
    """

    name: str
    many: Callable[[Sequence[Reading]], list[float | None]]
    weight: float = 1.0
    vocabulary: Path | None = None

    def __call__(
        self, text: str, truth: Truth, finish: Finish = "stop", references: Sequence[str] = ()
    ) -> float | None:
        """The reward of a caption; None where it does not apply.

        Raises:
            SampleError: it cannot be worked out.
        """
        reading = Reading(
            text, truth, finish=finish, references=tuple(references), vocabulary=self.vocabulary
        )
        return self.many([reading])[0]


def read_reward(text: str, vocabulary: Path | None = None) -> Reward:
    """The reward of a name, with its weight behind "=".

    >>> read_reward("length:2-4=0.5").weight, read_reward("length:2-4")("One two.", Truth())
    (0.5, 0.0)

    Args:
        text: a name as the module lists it.
        vocabulary: file of things and the words for them, beside COCO's 80 classes.

    Raises:
        InputError: there is no such reward, or its weight is none.
    """
    name, equals, number = text.strip().rpartition("=")
    weight = _number(number) if equals else None
    if weight is None:
        name, weight = text.strip(), 1.0
    if not math.isfinite(weight) or weight == 0:
        raise InputError(f"the weight of a reward is a number other than 0, unlike {text!r}")
    kind, colon, rest = name.partition(":")
    many: Callable[[Sequence[Reading]], list[float | None]]
    if kind == "judge" and rest:
        many = Judge(rest).many
    elif kind == "length" and colon:
        many = _each(name, partial(in_band, band=_band(rest)))
    elif colon:
        many = _each(name, _own(name))
    elif name in MEASURES:
        many = _each(name, MEASURES[name])
    else:
        raise InputError(
            f"there is no reward {name!r}; there are {', '.join(MEASURES)}, length:LOW-HIGH, "
            "judge:M and MODULE:FUNCTION"
        )
    return Reward(name, many, weight, vocabulary)


def read_rewards(names: Sequence[str], vocabulary: Path | None = None) -> list[Reward]:
    """Several rewards, each named once.

    Raises:
        InputError: there is none of a name, or one comes twice.
    """
    made = [read_reward(each, vocabulary) for each in names]
    told = [each.name for each in made]
    if twice := next((each for each in told if told.count(each) > 1), None):
        raise InputError(f"the reward {twice} is named twice; give it one weight")
    return made


def measure(
    rewards: Sequence[Reward], readings: Sequence[Reading]
) -> list[dict[str, float | None]]:
    """Each reward of each caption, by name, without weights.

    Raises:
        SampleError: one cannot be worked out; the line has the sample's id.
    """
    columns = {each.name: each.many(readings) for each in rewards}
    return [{name: told[row] for name, told in columns.items()} for row in range(len(readings))]


def total(rewards: Sequence[Reward], told: dict[str, float | None]) -> float | None:
    """The weighted sum of what applies; None where nothing does."""
    parts = [(each.weight, told[each.name]) for each in rewards]
    known = [weight * value for weight, value in parts if value is not None]
    return sum(known) if known else None


class TrlReward:
    """A reward as TRL's trainers call it, on rows of `rows`.

    Args:
        reward: which.
        ends: tokens that end an answer; without them nothing is known of `end`.
    """

    def __init__(self, reward: Reward, ends: Sequence[int] = ()) -> None:
        if reward.name == "end" and not ends:
            raise InputError("the reward end wants the tokens that end an answer: give ends")
        self.reward, self.ends = reward, frozenset(ends)
        self.__name__ = reward.name

    def __call__(
        self,
        completions: Sequence[Any],
        truth: Sequence[Truth | str | bytes],
        completion_ids: Sequence[Sequence[int]] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """The reward of each completion.

        Args:
            completions: texts, or messages with a text.
            truth: of each, a `Truth` or its JSON.
            completion_ids: tokens of each.
            columns: the data's other columns; ``id`` names samples in messages, ``references`` are
                captions for `judge:M`.

        Raises:
            SampleError: a reward cannot be worked out; the line has the sample's id.
        """
        count = len(completions)
        ids = columns.get("id") or [f"number {place}" for place in range(count)]
        tokens = completion_ids if self.ends and completion_ids else [()] * count
        references = columns.get("references") or [()] * count
        readings = [
            Reading(
                text=_text(said_),
                truth=known if isinstance(known, Truth) else msgspec.json.decode(known, type=Truth),
                id=str(id),
                finish="length" if some and some[-1] not in self.ends else "stop",
                references=tuple(facts or ()),
                vocabulary=self.reward.vocabulary,
            )
            for said_, known, id, some, facts in zip(
                completions, truth, ids, tokens, references, strict=True
            )
        ]
        return self.reward.many(readings)


def for_trl(
    names: Sequence[str], *, ends: Sequence[int] = (), vocabulary: Path | None = None
) -> list[TrlReward]:
    """Rewards as ``reward_funcs`` of TRL's GRPOTrainer or RLOOTrainer.

    TRL has weights apart: ``reward_weights=[each.reward.weight for each in …]``.

    Args:
        names: as the module lists them.
        ends: tokens that end an answer, such as ``[tokenizer.eos_token_id]``; `end` wants them.
        vocabulary: file of things and the words for them, beside COCO's 80 classes.

    Raises:
        InputError: there is none of a name, one comes twice, or `end` has no tokens.
    """
    return [TrlReward(each, ends) for each in read_rewards(names, vocabulary)]


def rows(
    data: str | Dataset,
    *,
    prompt: str | None = None,
    images: Path | None = None,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows for TRL's trainers: ``Dataset.from_list(list(rows("tabletop")))`` of `datasets`.

    Args:
        data: data set whose truth is known, or its name, as `load_dataset` takes it.
        prompt: what to ask instead of the data set's own.
        images: folder of the pictures, where they do not lie with the data set.
        limit: the first so many pictures.

    Yields:
        ``id``, ``prompt`` (messages), ``image`` (RGB) and ``truth`` (JSON).

    Raises:
        InputError: it has no pictures whose truth is known.
    """
    dataset = load_dataset(data, images) if isinstance(data, str) else data
    for each in rewarded(dataset, limit):
        yield {**row(each, prompt), "image": dataset.open_image(each)}


def row(sample: Sample, prompt: str | None = None) -> dict[str, Any]:
    """A row for TRL without its picture."""
    asked = CAPTION.ask(prompt)(sample)
    return {
        "id": sample.id,
        "prompt": [{"role": "user", "content": asked}],
        "truth": msgspec.json.encode(sample.truth).decode(),
    }


def rewarded(dataset: Dataset, limit: int | None = None) -> list[Sample]:
    """The samples that have a picture whose truth is known, at most `limit`.

    Raises:
        InputError: there are none.
    """
    samples = [each for each in dataset.samples if each.truth is not None and each.image]
    if not samples:
        raise InputError(f"{dataset.name} does not say what is in its pictures: nothing to reward")
    return samples[:limit]


def _each(name: str, function: Measure) -> Callable[[Sequence[Reading]], list[float | None]]:
    """A reward of several captions from that of one."""

    def many(readings: Sequence[Reading]) -> list[float | None]:
        told = []
        for each in readings:
            try:
                value = function(each)
                if value is not None and not math.isfinite(value):
                    raise ValueError(f"{value} is no number")
            except Exception as error:  # a function of one's own may fail in any way
                what = str(error) if isinstance(error, HallucError) else said(error)
                raise SampleError(each.id, f"reward {name} of sample {each.id}: {what}") from error
            told.append(None if value is None else float(value))
        return told

    return many


def _own(name: str) -> Measure:
    """A function of the user's by module and name."""
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except Exception as error:  # whatever the user's module does
        raise InputError(f"there is no reward {name}: {said(error)}") from error
    return lambda reading: found(reading.text, reading.truth)


def _band(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    if not (dash and low.isdecimal() and high.isdecimal() and 0 < int(low) <= int(high)):
        raise InputError(f"length:LOW-HIGH wants two numbers of words from 1 on, not {text!r}")
    return int(low), int(high)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(completion: Any) -> str:
    """What a completion says: a text, or the last of TRL's messages."""
    return completion if isinstance(completion, str) else str(completion[-1]["content"])
