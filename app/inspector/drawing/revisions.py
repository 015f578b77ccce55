"""How a caption was revised, as HTML: what was masked or changed, why, and what is there now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.inspector.drawing.marks import LONGEST, plain
from app.inspector.reading.columns import Columns
from mitigation.postcorrection.factors import Factors
from mitigation.postcorrection.revisions import Asked, Check, Edit, Mask, Revision

# A factor of hallucination, and what it is called.
FACTORS = {
    "co_occurrence": "co-occurrence", "expectation": "expectation", "position": "position",
    "uncertainty": "−log p",
}  # fmt: skip


def revision_html(run: Columns, row: int) -> str:
    """How the answer of a row was revised; empty if the run was not made by a revision."""
    revision = run.revision(row)
    if revision is None:
        return ""
    return revised_html(revision, (run.card.get("revision") or {}).get("threshold"))


def revised_html(revision: Revision, threshold: float | None = None) -> str:
    """The original caption with its masks or edits, what each rests on, and all that was looked at.

    Args:
        revision: of one caption.
        threshold: probability of being absent from which an object was masked or corrected, if that
            is known.
    """
    spans = revision.masks or revision.edits
    done = [f'<p class="hx-answer">{_what(revision)}</p>', _original(revision, spans)]
    items = "".join(f"<li>{_span(each, revision.checks, threshold)}</li>" for each in spans)
    done.append(f"<ol>{items}</ol>" if spans else "")
    why, rest = _checks(revision)
    looked = []
    if why:
        rows = "".join(f"<li>{_check(each, threshold)}</li>" for each in why)
        looked.append(f'<p class="hx-answer">Why:</p><ul>{rows}</ul>')
    if rest:
        rows = "".join(f"<li>{_check(each, threshold)}</li>" for each in rest)
        title = "What else was checked" if why or spans else "What was checked"
        looked.append(f"<details><summary>{title} ({len(rest)})</summary><ul>{rows}</ul></details>")
    return f'<div class="hx-revised"><div>{"".join(done)}</div><div>{"".join(looked)}</div></div>'


def _checks(revision: Revision) -> tuple[list[Check], list[Check]]:
    """What was looked at and led to a change, and the rest; masks have their reasons with them."""
    hidden = {name for each in revision.masks for name in each.subjects}
    why = [each for each in revision.checks if each.instead is not None]
    rest = [e for e in revision.checks if e.instead is None and e.subject not in hidden]
    return why, rest


def _what(revision: Revision) -> str:
    """In words, what was done."""
    if revision.reason and not revision.edits:
        return f"Left as it was: {plain(revision.reason)}"
    if revision.masks:
        return "What the revisor could not see, and what it wrote there:"
    return "What was changed:" if revision.edits else "Left as it was"


def _original(revision: Revision, spans: Sequence[Edit | Mask]) -> str:
    """The original caption, its masked or changed words struck out and numbered."""
    text, pieces, done = revision.original, [], 0
    for number, each in enumerate(spans, 1):
        if each.end > LONGEST:
            break
        pieces.append(plain(text[done : each.start]))
        tag = "mark" if each.after == each.before else "del"
        pieces.append(f"<{tag}>{plain(each.before)}</{tag}><sup>{number}</sup>")
        if each.after and each.after != each.before:
            pieces.append(f"<ins>{plain(each.after)}</ins>")
        done = each.end
    pieces.append(plain(text[done:LONGEST]))
    return f'<p class="hx-diff" dir="auto">{"".join(pieces)}</p>'


def _span(span: Edit | Mask, checks: Sequence[Check], threshold: float | None) -> str:
    """What stood there, what stands there now, and what that rests on."""
    after = f"<ins>{plain(span.after)}</ins>" if span.after.strip() else "<i>nothing</i>"
    told = f"<del>{plain(span.before)}</del> → {after}"
    if isinstance(span, Edit):
        return told + (f" · wrong: {plain(', '.join(span.why))}" if span.why else "")
    if span.after == span.before:
        told = f"<mark>{plain(span.before)}</mark> stayed"
    looked = [each for each in checks if each.subject in span.subjects]
    # Without a detector each mention is looked at; those outside of the mask are not what hid it.
    inside = [
        each
        for each in looked
        if each.factors and span.start <= each.factors.start and each.factors.end <= span.end
    ]
    return told + "".join(f"<br>{_reasons(each, threshold)}" for each in inside or looked)


def _check(check: Check, threshold: float | None) -> str:
    """A claim with the answers to what was asked about it, its factors, and the conclusion."""
    head = f"<b>{plain(claimed(check))}</b>"
    if check.wrong is not None:
        head += f": wrong with p = {check.wrong:.2f}"
        if threshold is not None and check.kind == "object":
            head += f", corrected from {threshold:g}"
    if check.instead is not None:
        now = f"<ins>{plain(check.instead)}</ins>" if check.instead else "left out"
        head += f" → {now}"
    lines = [*map(_asked, check.asked), *_factors(check.factors)]
    return head + "".join(f"<br>{each}" for each in lines)


def _reasons(check: Check, threshold: float | None) -> str:
    """Why a masked object was suspect."""
    told = list(_factors(check.factors))
    if check.wrong is not None:
        limit = "" if threshold is None else f", masked from {threshold:g}"
        told.append(f"absent with p = {check.wrong:.2f}{limit}")
    return f"<b>{plain(check.subject)}</b>: {'; '.join(told)}"


def claimed(check: Check) -> str:
    """What a caption claims, in words.

    >>> claimed(Check(kind="attribute", subject="cup", family="color", value="red"))
    'cup: color red'
    """
    return f"{check.subject}: {check.family} {check.value}" if check.family else check.subject


def _asked(asked: Asked) -> str:
    """A question with its answer, the likeliest first."""
    if asked.text or not asked.answers:
        sure = "" if asked.confidence is None else f" {asked.confidence:.2f}"
        answer = f"“{plain(asked.text)}”{sure}"
    else:
        likely = sorted(asked.answers.items(), key=lambda each: -each[1])
        answer = ", ".join(f"{plain(name)} {p:.2f}" for name, p in likely[:3] if p >= 0.005)
    return f"<i>{plain(asked.question)}</i> {answer}"


def _factors(factors: Factors | None) -> Iterator[str]:
    """The factors of hallucination of a mention, in one line."""
    if factors is None:
        return
    values = ((title, getattr(factors, name)) for name, title in FACTORS.items())
    yield ", ".join(
        f"{title} {'undefined' if value is None else f'{value:.2f}'}" for title, value in values
    )
