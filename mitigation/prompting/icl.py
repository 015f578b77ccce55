"""In-context learning: questions that were answered rightly, with their pictures, go first (M-ICL).

Demonstrations are earlier turns of the dialogue: picture, question, "Yes" or "No". Half of them are
answered with yes, half with no (of an odd number one more by chance), in an order of chance, none
on the picture that is asked about. They are chosen

- at random;
- similar: those whose questions share the most words with the one that is asked (Jaccard);
- adversarial: from the split of that name (POPE's: absent objects that often come with what is
  there), at random.

Chance is made of seed and sample, so neither batch nor order changes a choice. As it is known,
demonstrations teach form and caution more than seeing: Shukor et al. 2024 (arXiv:2310.00647) find
more hallucination with them, Chen et al. 2023 (arXiv:2311.18021) that their pictures hardly matter.
So these are the controls: demonstrations without pictures, with wrong labels, and all with no.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from halluc.errors import InputError, SampleError
from halluc.mllm import Exchange, Request
from halluc.records import Label, Response, Sample
from mitigation.prompting.protocol import OWN, Calls, Plan, Setting

_WORD = re.compile(r"\w+")


class InContext(Plan, frozen=True, kw_only=True):
    """Put demonstrations before a yes/no question.

    Attributes:
        k: how many.
        demonstrations: the data that they come from.
        choose: which ones.
    """

    name = "icl"
    title = "In-context learning"
    summary = "K answered questions with their pictures go before a yes/no question."
    paper = "arXiv:2310.00647"
    number = "k"
    controls: ClassVar[dict[str, str]] = {
        "no-pictures": "the demonstrations come without their pictures",
        "wrong-labels": "each demonstration is answered wrongly",
        "all-no": "all demonstrations are questions whose answer is no",
    }

    k: Annotated[int, Meta(ge=1, le=64, description="How many demonstrations.")] = 4
    demonstrations: Annotated[
        str | None,
        Meta(
            description="Data of yes/no questions with labels that the demonstrations come from; "
            "forms as for --data.",
            extra={"metavar": "DATA"},
        ),
    ] = None
    choose: Annotated[
        Literal["random", "similar", "adversarial"],
        Meta(description="Which demonstrations."),
    ] = "random"

    def check(self, setting: Setting) -> None:
        """Refuse other tasks than yes/no questions, and data with too few demonstrations.

        Raises:
            InputError: says why.
        """
        if set(setting.answers) != {"yes", "no"}:
            raise InputError("--plan icl is for yes/no questions, such as --task pope")
        if setting.demonstrations is None:
            raise InputError("--plan icl needs --demonstrations DATA")
        for label, wanted in self._numbers(random.Random(0), upper=True):
            pool = self._pool(setting, label)
            if len(pool) < wanted:
                where = f"{setting.demonstrations.name} (the adversarial ones)"
                name = where if self.choose == "adversarial" else setting.demonstrations.name
                raise InputError(
                    f"{name} holds {len(pool)} questions whose answer is {label}; "
                    f"--plan icl:{self.k} needs {wanted}"
                )

    def run(self, calls: Calls, setting: Setting) -> list[Response]:
        """Ask once, behind the demonstrations."""
        pools = {label: self._pool(setting, label) for label in ("yes", "no")}
        asked, pictures = [], []
        for request in calls.requests:
            rng = random.Random(f"{calls.decoding.seed}/{request.id}")
            chosen: list[Sample] = []
            for label, number in self._numbers(rng):
                chosen += self._choose(pools[label], number, request, setting, rng)
            rng.shuffle(chosen)
            earlier = tuple(self._turn(each, setting) for each in chosen)
            asked.append(Request(request.id, request.prompt, request.image, earlier))
            pictures.append([*(each.id for each in chosen), OWN])
        return calls.ask("answer", asked, pictures=pictures, answers=calls.answers)

    def _numbers(self, rng: random.Random, *, upper: bool = False) -> list[tuple[Label, int]]:
        """How many demonstrations of each label; `upper`: at most."""
        if self.control == "all-no":
            return [("no", self.k)]
        more = self.k - self.k // 2
        yes = more if upper or rng.random() < 0.5 else self.k // 2
        return [("yes", yes), ("no", more if upper else self.k - yes)]

    def _pool(self, setting: Setting, label: Label) -> list[Sample]:
        data = setting.demonstrations
        return [
            each
            for each in (data.samples if data else [])
            if each.prompt and each.truth and each.truth.label == label and each.image is not None
            if self.choose != "adversarial" or each.split == "adversarial"
        ]

    def _choose(
        self,
        pool: Sequence[Sample],
        number: int,
        request: Request,
        setting: Setting,
        rng: random.Random,
    ) -> list[Sample]:
        own = setting.sample(request.id).image
        free = [each for each in pool if each.image != own]
        if len(free) < number:
            raise SampleError(request.id, f"too few demonstrations on other pictures: {len(free)}")
        if self.choose != "similar":
            return rng.sample(free, number)
        words = _words(request.prompt)
        keyed = [(_similar(words, _words(setting.ask(each))), rng.random()) for each in free]
        order = sorted(range(len(free)), key=lambda place: keyed[place], reverse=True)
        return [free[place] for place in order[:number]]

    def _turn(self, sample: Sample, setting: Setting) -> Exchange:
        label = sample.truth.label if sample.truth else None
        if self.control == "wrong-labels":
            label = "no" if label == "yes" else "yes"
        image = None
        if self.control != "no-pictures" and setting.demonstrations is not None:
            image = setting.demonstrations.open_image(sample)
        return Exchange(setting.ask(sample), "Yes" if label == "yes" else "No", image)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _similar(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's index of two sets of words."""
    return len(one & other) / max(len(one | other), 1)
