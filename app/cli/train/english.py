"""`halluc train english`: the pipeline that reads English rebuilt."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.progress import bars
from app.cli.train.options import report


@click.command()
@click.option(
    "--treebank",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with UD_English-EWT's files: *-train.conllu, *-dev.conllu, *-test.conllu.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("checkpoints/english"),
    show_default=True,
    help="Where the pipeline goes; spacy.load opens it.",
)
@click.option("--seed", default=0, show_default=True, help="Of weights and order.")
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=8000,
    show_default=True,
    help="Changes of the weights; the best on the development set are kept.",
)
def english(*, treebank: Path, output: Path, seed: int, steps: int) -> None:
    """Rebuild the pipeline that reads English: tagger, parser, lemmas.

    About 15 minutes on one core. The treebank is at github.com/UniversalDependencies.
    """
    from app.workflows.train.english import train_english

    with bars() as progress:
        done = train_english(treebank, output, seed=seed, steps=steps, progress=progress)
    report(done)
