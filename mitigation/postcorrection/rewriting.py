"""A language model that rewrites a caption from what was found of its claims.

It sees the caption and the facts, not the picture, as in Woodpecker (Yin et al. 2023,
arXiv:2310.16045). What it writes is kept as edits of words, each with the facts that led to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from halluc.language.claims.things import plurals
from halluc.mllm import MLLM, Decoding, Request
from mitigation.postcorrection.lure import revised_text, word_edits
from mitigation.postcorrection.revisions import Check, Edit

PROMPT = (
    "Here is a description of a picture, and facts about the picture that are certain. Write the "
    "description again so that it agrees with the facts. Change nothing else, add nothing, and "
    "answer with the description alone.\n\nFacts:\n{facts}\n\nDescription:\n{text}"
)
"""What a rewriter is asked."""

LONGEST = 1024
"""Most tokens that it may write."""


def facts_of(checks: Sequence[Check]) -> list[str]:
    """What was found to be otherwise than a caption says, as sentences.

    >>> facts_of([Check(kind="object", subject="knife", instead=""),
    ...           Check(kind="attribute", subject="cup", family="color", instead="red"),
    ...           Check(kind="attribute", subject="dog", family="count", instead="three")])
    ['There is no knife.', 'The color of the cup is red.', 'There are three dogs.']
    >>> facts_of([Check(kind="relation", subject="cup", object="dog", instead="left of")])
    ['The cup is left of the dog.']
    """
    said = []
    for each in checks:
        if each.instead is None:
            continue
        if each.kind == "object":
            said.append(f"There is no {each.subject}.")
        elif each.kind == "relation":
            said.append(f"The {each.subject} is {each.instead} the {each.object}.")
        elif each.family == "count":
            said.append(f"There are {each.instead} {plurals(each.subject)[0]}.")
        else:
            said.append(f"The {each.family} of the {each.subject} is {each.instead}.")
    return list(dict.fromkeys(said))


def rewrite(
    id: str, text: str, checks: Sequence[Check], rewriter: MLLM
) -> tuple[tuple[Edit, ...], str]:
    """The edits that make a caption what the rewriter says, or why there are none.

    Raises:
        ModelError: the rewriter cannot be run, or takes nothing without a picture.
    """
    facts = facts_of(checks)
    if not facts:
        return (), "nothing is suspect"
    prompt = PROMPT.format(facts="\n".join(f"- {each}" for each in facts), text=text)
    [answer] = rewriter.generate([Request(id, prompt)], Decoding(max_new_tokens=LONGEST))
    written, reason = revised_text(answer, text)
    if reason:
        return (), reason.replace("the revisor", "the rewriter")
    edits = tuple(
        Edit(start=start, end=end, before=text[start:end], after=after, why=tuple(facts))
        for start, end, after in word_edits(text, written)
    )
    return edits, "" if edits else "the rewriter left it as it was"
