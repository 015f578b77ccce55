"""Best of N: the control of training on a reward, which needs no training.

N captions are drawn, and the one with the greatest reward is the answer; of equals the first. It
shows what the reward can see at the cost of N captions, and it is no mitigation: rewards read the
ground truth. See Gao et al. 2022, "Scaling Laws for Reward Model Overoptimization"
(arXiv:2210.10760), on best-of-n beside reinforcement learning.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from halluc.errors import InputError
from halluc.records import Call, Response, Sample, Truth
from mitigation.precorrection.measures import Reading
from mitigation.precorrection.rewards import Reward, measure, read_rewards, total
from mitigation.prompting.protocol import Calls, Plan, Setting


class BestOf(Plan, frozen=True, kw_only=True):
    """Draw several captions, and keep the best by a reward.

    Attributes:
        n: how many captions.
        by: rewards by name, with their weights.

    Raises:
        InputError: there is no such reward.
    """

    name = "best-of"
    title = "Best of N"
    summary = "Of N drawn captions the one with the greatest reward, which reads the ground truth."
    paper = "arXiv:2210.10760"

    n: Annotated[int, Meta(ge=2, le=64, description="How many captions are drawn.")] = 8
    by: Annotated[tuple[str, ...], Meta(extra={"found": True})] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        read_rewards(self.by)

    def check(self, setting: Setting) -> None:
        """Refuse questions, and pictures whose truth is not known.

        Raises:
            InputError: says why.
        """
        if not setting.captions:
            raise InputError("--best-of takes captions, whose claims are rewarded")
        if unknown := next((each.id for each in setting.samples if each.truth is None), None):
            raise InputError(f"--best-of wants the ground truth, and {unknown} has none")

    def run(self, calls: Calls, setting: Setting) -> list[Response]:
        """Draw n captions, and keep the best."""
        rewards = read_rewards(self.by)
        drawn = [
            calls.ask(f"answer {number + 1}", calls.requests, do_sample=True)
            for number in range(self.n)
        ]
        return [
            some[ranked(rewards, setting.sample(request.id), list(some))[0]]
            for request, some in zip(calls.requests, zip(*drawn, strict=True), strict=True)
        ]


def ranked(
    rewards: list[Reward], sample: Sample, captions: list[Response] | list[Call]
) -> list[int]:
    """Places of captions of a sample, the best first; of equals the earlier.

    Raises:
        SampleError: a reward cannot be worked out.
    """
    values = rewarded_captions(rewards, sample, captions)
    return sorted(range(len(values)), key=lambda place: (-values[place], place))


def rewarded_captions(
    rewards: list[Reward], sample: Sample, captions: list[Response] | list[Call]
) -> list[float]:
    """The reward of each caption of a sample; what nothing rewards comes last.

    Raises:
        SampleError: a reward cannot be worked out.
    """
    truth = sample.truth or Truth()
    words = rewards[0].vocabulary
    readings = [
        Reading(each.text, truth, sample.id, finish=each.finish, vocabulary=words)
        for each in captions
    ]
    sums = [total(rewards, told) for told in measure(rewards, readings)]
    return [float("-inf") if each is None else each for each in sums]
