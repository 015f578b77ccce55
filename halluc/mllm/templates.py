"""Chat templates: what form of message they take, and what in them changes from day to day."""

from __future__ import annotations

import re
import threading
from datetime import date
from typing import Any, Literal

from halluc.errors import ModelError, said
from halluc.mllm.base import Exchange, Request

Form = Literal["parts", "text"]
"""What a template takes as a message's content: parts (picture, text), or text alone."""

TODAY = date(2024, 7, 26)
"""What a template gets when it asks for the date: that of Llama 3.2's own template."""

PATIENCE = 20.0
"""Seconds that a template has for three short messages."""

_CLOCK = re.compile(r"strftime_now\(\s*(?:\"([^\"]*)\"|'([^']*)')\s*\)")


_FORMS = "|replace('%-','%')" + "".join(
    f"|replace('%{each}',{TODAY.strftime('%' + each)!r})" for each in "aAbBcdjmxXyYHIMpSeDFTUw"
)
_STOPPED = f"{{% macro strftime_now(form) %}}{{{{ form{_FORMS} }}}}{{% endmacro %}}{{{{ '' }}}}"
"""Stands for transformers' own function of that name."""


def freeze_clock(template: str) -> tuple[str, bool]:
    """A template without a clock, and whether it had one.

    >>> freeze_clock("Today is {{ strftime_now('%d %b %Y') }}.")
    ("Today is {{ '26 Jul 2024' }}.", True)
    """
    frozen = _CLOCK.sub(lambda found: repr(TODAY.strftime(found[1] or found[2] or "")), template)
    if "strftime_now" in frozen:  # with a form that is worked out
        frozen = _STOPPED + frozen
    return frozen, frozen != template


def form_of(processor: Any, name: str) -> Form:
    """What a processor's template takes; found out by trying it.

    A template for text alone leaves pictures out, or writes parts as Python would show them.

    Raises:
        ModelError: it has no place for a picture, fails, or does not end.
    """
    found: list[tuple[Form | None, str]] = []
    trying = threading.Thread(target=lambda: found.append(_try(processor)), daemon=True)
    trying.start()
    trying.join(PATIENCE)
    form, why = found[0] if found else (None, f"does not end within {PATIENCE:g} s")
    if form is None:
        raise ModelError(f"{name}: its chat template {why}; give one with --chat-template FILE")
    return form


def _try(processor: Any) -> tuple[Form | None, str]:
    """What a template takes, or why it cannot be used."""
    picture, text = {"type": "image"}, {"type": "text", "text": "a question"}
    why = "has no place for a picture"
    try:
        plain = render(processor, [{"role": "user", "content": [text]}])
        whole = render(processor, [{"role": "user", "content": [picture, text]}])
        if "a question" in whole and whole != plain and "'type'" not in whole:
            return "parts", ""
    except Exception as error:  # templates fail in their own ways
        why = f"fails on a picture and a question ({said(error)})"
    try:
        shown = render(processor, [{"role": "user", "content": "a question"}])
    except Exception:  # it takes neither
        shown = ""
    has_token = isinstance(getattr(processor, "image_token", None), str)
    return ("text", "") if "a question" in shown and has_token else (None, why)


def render(processor: Any, messages: list[dict[str, Any]], *, ask: bool = False) -> str:
    """A conversation as the template writes it; `ask`: up to where the model goes on."""
    content = messages[0]["content"]
    writer = processor.tokenizer if isinstance(content, str) else processor
    return str(
        writer.apply_chat_template(
            messages,
            chat_template=processor.chat_template,
            add_generation_prompt=ask,
            tokenize=False,
        )
    )


def dialogue(
    processor: Any, form: Form, request: Request, *, pixels: bool = False
) -> list[dict[str, Any]]:
    """The messages of a request, with its earlier turns; `pixels`: the pictures are in them."""
    messages: list[dict[str, Any]] = []
    turns: list[Exchange | Request] = [*request.earlier, request]
    for each in turns:
        asked = message(processor, form, each.prompt, picture=each.image is not None)
        if pixels and each.image is not None:
            asked["content"][0]["image"] = each.image
        messages.append(asked)
        if isinstance(each, Exchange):
            said = message(processor, form, each.text, picture=False)
            messages.append({**said, "role": "assistant"})
    return messages


def message(processor: Any, form: Form, prompt: str, *, picture: bool) -> dict[str, Any]:
    """What a user asks, as a template takes it."""
    if form == "text":
        before = f"{processor.image_token}\n" if picture else ""
        return {"role": "user", "content": before + prompt}
    content: list[dict[str, Any]] = [{"type": "image"}] if picture else []
    return {"role": "user", "content": [*content, {"type": "text", "text": prompt}]}
