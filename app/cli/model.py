"""`halluc model`: what an MM-LLM is made of, and what works on it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.cli.options import AS_JSON, CHAT_TEMPLATE, DEVICE, DTYPE, FIT
from app.cli.text import say


@click.group()
def model() -> None:
    """What an MM-LLM is made of, and what of the workbench works on it."""


@model.command()
@click.argument("name", default="tabletop", metavar="[M]")
@click.option("--trust-remote-code", is_flag=True, help="Run code that comes with the model.")
def describe(name: str, trust_remote_code: bool) -> None:
    """Show the vision encoder, the input projector and the LLM backbone of a model.

    M is tabletop (the default), hf:ORG/NAME or hf:./folder. No weights are read.
    """
    from halluc.errors import ModelError
    from halluc.mllm import load_model

    mllm = load_model(name, device="cpu", trust_remote_code=trust_remote_code)
    from halluc.mllm.transformers import TransformersMLLM

    if not isinstance(mllm, TransformersMLLM):
        raise ModelError(f"{name} is no checkpoint, so there is nothing to take apart")
    from halluc.mllm.anatomy import Part, take_apart

    anatomy = take_apart(mllm)
    total = sum(part.parameters for part in anatomy.parts)
    whole = Part("all", anatomy.model, total, sum(part.trainable for part in anatomy.parts), {})
    rows = [("part", "module", "parameters", "share", "trainable")]
    for part in (*anatomy.parts, whole):
        share = f"{part.parameters / total:.1%}"
        trainable = f"{part.trainable / part.parameters:.0%}" if part.parameters else "–"
        rows.append((part.name, part.module, f"{part.parameters:,}", share, trainable))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        say("  ".join(left + right))
    say()
    for part in anatomy.parts:
        if part.facts:
            facts = ", ".join(f"{fact} {value}" for fact, value in part.facts.items())
            say(f"{part.name}: {facts}")
    width, height = anatomy.picture
    tokens = "an unknown number of" if anatomy.image_tokens is None else anatomy.image_tokens
    say(f"A picture of {width}×{height} pixels becomes {tokens} image tokens.")
    say(f"The weights are {anatomy.dtype} by its configuration.")


@model.command()
@click.argument("name", default="tabletop", metavar="[M]")
@click.option(
    "--max-new-tokens", "tokens", type=click.IntRange(min=1), default=8, show_default=True
)
@CHAT_TEMPLATE
@DTYPE
@DEVICE
@FIT
@AS_JSON
@click.option("--trust-remote-code", is_flag=True, help="Run code that comes with the model.")
def check(
    *,
    name: str,
    tokens: int,
    chat_template: Path | None,
    dtype: str,
    device: str,
    quantize: str | None,
    device_map: str | None,
    attn: str | None,
    as_json: bool,
    trust_remote_code: bool,
) -> None:
    """Try on a model what the workbench does with one; exit code 1 if something works wrongly.

    M is tabletop (the default), hf:ORG/NAME or hf:./folder. yes: it works; no: it works, but
    wrongly; –: it is not for this model, and would be refused.
    """
    import msgspec

    from app.cli.tables import print_table
    from app.workflows.model import check_model
    from halluc.errors import ModelError
    from halluc.mllm import Fit, load_model

    mllm = load_model(
        name, dtype=dtype, device=device, trust_remote_code=trust_remote_code,
        chat_template=chat_template, fit=Fit(quantize or "", device_map or "", attn or ""),
    )  # fmt: skip
    from halluc.mllm.transformers import TransformersMLLM

    if not isinstance(mllm, TransformersMLLM):
        raise ModelError(f"{name} is no checkpoint, so there is nothing to try")
    checks = check_model(mllm, tokens, lambda what: say(f"trying: {what}", err=True))
    if as_json:
        say(msgspec.json.encode({"model": mllm.card, "checks": checks}))
    else:
        rows = [["", "works", ""], *([each.name, each.verdict, each.reason] for each in checks)]
        print_table(rows, left=("", "works"))
    if any(each.verdict == "no" for each in checks):
        sys.exit(1)
