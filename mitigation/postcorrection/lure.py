"""LURE: mask the suspect objects of a caption, and let a trained revisor rewrite it.

The caption with its masks (`mitigation.postcorrection.masks`) and the picture go to the revisor, an
MM-LLM that learned what such a caption should say (`halluc train lure`). What it writes in the
place of a mask is taken, with the words that it changed along with it; what stands apart from every
mask stays byte for byte, and where nothing is masked nobody is asked. In LURE the whole answer is
taken; but a revisor that is small changes other words, too, and not for the better.

Source of prompt and procedure: Zhou et al. 2024, "Analyzing and Mitigating Object Hallucination in
Large Vision-Language Models" (arXiv:2310.00754). There the revisor draws its words; here it takes
the likeliest, or what `decoding` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from halluc.errors import InputError
from halluc.language.claims.reader import read_claims
from halluc.language.claims.things import Things
from halluc.language.pipeline.parser import parse
from halluc.mllm import MLLM, Decoding, Request
from halluc.records import Response
from halluc.runs import Run
from mitigation.postcorrection.marks import Mark, mark
from mitigation.postcorrection.masks import (
    MASK,
    MaskDetector,
    Masked,
    MaskThreshold,
    Suspicion,
    mask,
    read_suspicion,
)
from mitigation.postcorrection.occurrences import Statistics, read_occurrences
from mitigation.postcorrection.protocol import Prepared, Reviser, model_of
from mitigation.postcorrection.readable import unfit
from mitigation.postcorrection.revisions import Edit, Mask, Revision
from mitigation.postcorrection.roles import require_revisor

if TYPE_CHECKING:
    from PIL.Image import Image

PROMPT = (
    "According to the picture, remove the information that does not exist in the following "
    "description: "
)
"""What LURE's revisor is asked, before the masked caption."""

_WORD = re.compile(r"\s*[\w'-]+|\s*[^\w\s]|\s+")


@dataclass(frozen=True)
class Settings:
    """How captions are revised.

    Attributes:
        suspicion: what is masked.
        decoding: how the revisor picks its words.
        mark: what is masked is put into brackets instead, and no revisor is asked.
    """

    suspicion: Suspicion
    decoding: Decoding = field(default_factory=Decoding)
    mark: bool = False


class Lure(Reviser, frozen=True, kw_only=True):
    """LURE as a reviser, with its options; see `Settings` for what is made of them."""

    name = "lure"
    title = "LURE"
    summary = "Mask the suspect objects of a caption, and let a trained revisor rewrite it."
    paper = "arXiv:2310.00754"

    revisor: Annotated[
        str | None,
        Meta(
            description="Model that rewrites the captions, such as hf:ORG/NAME+FOLDER after halluc "
            "train lure. Default, for captions of the embedded MM-LLM: tabletop+lure.",
            extra={"metavar": "M"},
        ),
    ] = None
    detector: MaskDetector = None
    threshold: MaskThreshold = None
    statistics: Statistics = None
    max_new_tokens: Annotated[
        int, Meta(ge=1, description="A caption that is not at its end by then stays as it was.")
    ] = 512
    mark: Mark = False

    def asks(self, original: Run) -> str:
        """The revisor."""
        if self.mark:
            return model_of(original)
        if self.revisor:
            return self.revisor
        wrote = model_of(original)
        if wrote.partition("+")[0] != "tabletop":
            raise InputError(f"{wrote} has no revisor here; train one and give it: --revisor M")
        return "tabletop+lure"

    def prepare(
        self, original: Run, things: Things, *, dtype: str = "auto", device: str = "auto"
    ) -> Prepared:
        """Read what decides what is masked; see `Reviser.prepare`."""
        known = read_occurrences(self.statistics, original, things)
        suspicion, how = read_suspicion(known, self.detector, self.threshold)
        how["statistics"] = self.statistics or "the data of the run"
        decoding = Decoding(max_new_tokens=self.max_new_tokens)
        how |= {"decoding": decoding, "vocabulary": things.name}
        how |= {"mark": True} if self.mark else {}
        settings = Settings(suspicion, decoding, self.mark)
        return Prepared(partial(revise, settings=settings), {"method": "lure", **how})


def revisor_prompt(masked: str) -> str:
    """What a revisor is asked.

    >>> revisor_prompt("A cup and [IDK].").split("following ")[1]
    'description: A cup and [IDK].'
    """
    return PROMPT + masked


def revise(
    responses: Sequence[Response],
    images: Sequence[Image],
    revisor: MLLM,
    things: Things,
    settings: Settings,
) -> Iterator[Revision]:
    """Revise captions of one batch.

    Args:
        responses: the captions.
        images: their pictures.
        revisor: who rewrites them.
        things: the vocabulary.
        settings: how.

    Yields:
        The revision of each, in order.

    Raises:
        ModelError: the revisor cannot be run, or is none.
    """
    reasons = {each.id: unfit(each.text) for each in responses}
    texts = ["" if reasons[each.id] else each.text for each in responses]
    masked = {
        each.id: mask(doc, things, claims, each.tokens, settings.suspicion)
        for each, doc, claims in zip(
            responses, parse(texts), read_claims(texts, things), strict=True
        )
    }
    asked = [
        Request(each.id, revisor_prompt(masked[each.id].text), image)
        for each, image in zip(responses, images, strict=True)
        if masked[each.id].spans and not settings.mark
    ]
    told = {each.id: each for each in revisor.generate(asked, settings.decoding)} if asked else {}
    require_revisor([(each.text, told[each.id].text) for each in responses if each.id in told])
    for each in responses:
        answer, how = told.get(each.id), masked[each.id]
        if settings.mark and how.spans:
            spans = zip(how.spans, how.subjects, strict=True)
            edits = mark(each.text, [(*span, subjects) for span, subjects in spans])
            yield Revision(id=each.id, original=each.text, edits=edits, checks=how.checks)
        elif answer is None:
            reason = reasons[each.id] or "nothing is suspect"
            yield Revision(id=each.id, original=each.text, checks=how.checks, reason=reason)
        else:
            yield _revision(each, how, answer)


def revised_text(answer: Response, original: str) -> tuple[str, str]:
    """What a revisor wrote, and why it cannot be taken (empty where it can).

    As in LURE the first line counts, unless the original has several.
    """
    text = answer.text.strip()
    if "\n" not in original.strip():
        text = text.partition("\n")[0].rstrip()
    if answer.finish == "length":
        return text, "the revisor did not come to an end"
    if not text:
        return text, "the revisor said nothing"
    return text, f"the revisor left {MASK} in it" if MASK in text else ""


def word_edits(before: str, after: str) -> list[tuple[int, int, str]]:
    """Changes of whole words that make one text another: start, end, words instead.

    >>> word_edits("A cup, a fork and a knife.", "A cup and a knife.")
    [(5, 13, '')]
    """
    one, other = _WORD.findall(before), _WORD.findall(after)
    places = [0]
    for word in one:
        places.append(places[-1] + len(word))
    matcher = SequenceMatcher(a=one, b=other, autojunk=False)
    return [
        (places[first], places[last], "".join(other[begin:end]))
        for tag, first, last, begin, end in matcher.get_opcodes()
        if tag != "equal"
    ]


def _revision(response: Response, masked: Masked, answer: Response) -> Revision:
    original = response.text
    text, reason = revised_text(answer, original)
    changes = [] if reason else word_edits(original, text)
    edits, replaced = [], ["" for _ in masked.spans]
    for start, end, after in changes:
        why: list[str] = []
        for span, subjects in zip(masked.spans, masked.subjects, strict=True):
            if start <= span[1] and span[0] <= end:
                why += subjects
        if not why:
            continue
        before = original[start:end]
        edits.append(
            Edit(start=start, end=end, before=before, after=after, why=tuple(dict.fromkeys(why)))
        )
    for place, (start, end) in enumerate(masked.spans):
        replaced[place] = _instead(original, start, end, edits)
    return Revision(
        id=response.id,
        original=original,
        edits=tuple(edits),
        checks=masked.checks,
        masks=tuple(
            Mask(start=start, end=end, before=original[start:end], after=after, subjects=subjects)
            for (start, end), after, subjects in zip(
                masked.spans, replaced, masked.subjects, strict=True
            )
        ),
        reason=reason or ("" if edits else "the revisor left it as it was"),
    )


def _instead(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """What stands in the place of a stretch of text after edits; those that reach into it whole."""
    pieces, done = [], start
    for each in edits:
        if each.start < end and start < each.end:
            pieces += [text[done : max(done, each.start)], each.after]
            done = each.end
    return "".join([*pieces, text[done:end]]).strip()
