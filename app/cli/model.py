"""`halluc model`: what an MM-LLM is made of."""

from __future__ import annotations

import click


@click.group()
def model() -> None:
    """Describe an MM-LLM in the survey's terms."""


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
        click.echo("  ".join(left + right))
    click.echo()
    for part in anatomy.parts:
        if part.facts:
            facts = ", ".join(f"{fact} {value}" for fact, value in part.facts.items())
            click.echo(f"{part.name}: {facts}")
    width, height = anatomy.picture
    tokens = "an unknown number of" if anatomy.image_tokens is None else anatomy.image_tokens
    click.echo(f"A picture of {width}×{height} pixels becomes {tokens} image tokens.")
    click.echo(f"The weights are stored in {anatomy.dtype}.")
