"""`halluc compare`: do two runs really differ?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from app.workflows.captions import VOCABULARY

if TYPE_CHECKING:
    from app.workflows.compare import Comparison
    from halluc.language.words.lemmatizer import Compat


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="[NAME=]RUN_OR_FILES...")
@click.option(
    "--truth", multiple=True, help="What files are scored against, as `halluc score` takes it."
)
@click.option(
    "--control",
    "controls",
    multiple=True,
    metavar="NAME",
    help="A run that the others must beat: greedy, the plausibility mask alone, … May repeat.",
)
@click.option(
    "--parser",
    type=click.Choice(["pope", "opera", "vcd", "icd", "lmms-eval", "vlmevalkit"]),
    default="pope",
    show_default=True,
    help="Whose reading of yes/no answers.",
)
@click.option(
    "--compat",
    type=click.Choice(["offline", "wordnet", "pattern"]),
    default="offline",
    show_default=True,
    help="How CHAIR finds the singular of words.",
)
@click.option("--nltk-data", help="Folder of NLTK data, for --compat wordnet and AMBER.")
@click.option(
    "--max-tokens-cut",
    type=click.Choice(["sentence"]),
    help="Leave out a caption's last sentence if it has no end, as for at most 64 tokens.",
)
@VOCABULARY
@click.option("--json", "form", flag_value="json", help="Print JSON instead of tables.")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown.")
@click.option("--csv", "form", flag_value="csv", help="Print a line for each difference.")
def compare(
    *,
    runs: tuple[str, ...],
    truth: tuple[str, ...],
    controls: tuple[str, ...],
    parser: str,
    compat: Compat,
    nltk_data: str | None,
    max_tokens_cut: str | None,
    vocabulary: Path | None,
    form: Literal["json", "markdown", "csv"] | None,
) -> None:
    """Compare runs, or files of answers, pair by pair on the same ids.

    Each is a folder of a run, or files with commas between them, and may have a name:
    greedy=a.jsonl,b.jsonl. Differences are told against the first, with 95 % intervals and paired
    tests, and in words.
    """
    from app.workflows.compare import compare_sides, measures, readers
    from app.workflows.compare.sides import check_controls, check_same, named_sources
    from halluc.language.words.lemmatizer import lemmatizer
    from metrics.pope_parsers import PARSERS

    sources = named_sources(runs)
    check_controls(controls, sources)
    task = readers.task_of(sources, truth)
    if task == "caption":
        lemmatize = lemmatizer(compat, nltk_data)
        sides = [
            readers.read_described(name, files, truth, lemmatize, whole=bool(max_tokens_cut))
            for name, files in sources.items()
        ]
    else:
        read = {
            "pope": readers.read_questions,
            "mme": readers.read_mme,
            "amber": readers.read_amber,
        }[task]
        sides = [read(name, files, truth) for name, files in sources.items()]
    check_same(sides)
    if task == "caption":
        how = {"compat": compat} | ({"max_tokens_cut": max_tokens_cut} if max_tokens_cut else {})
        metrics = [measures.measure_chair(sides, lemmatize, how)]
        if all(side.has_kinds for side in sides):
            metrics.append(measures.measure_kinds(sides, vocabulary))
    elif task == "pope":
        metrics = [measures.measure_pope(sides, PARSERS[parser])]
    elif task == "mme":
        metrics = [measures.measure_mme(sides)]
    else:
        metrics = [measures.measure_amber(sides, truth, nltk_data)]
    metrics.append(measures.measure_text(sides))
    _print(compare_sides(sides, metrics, controls, truth), form)


def _print(comparison: Comparison, form: Literal["json", "markdown", "csv"] | None) -> None:
    from app.workflows.compare.tables import as_csv, as_markdown, document, print_tables

    if form == "json":
        import msgspec

        content = msgspec.json.encode(document(comparison))
        click.echo(msgspec.json.format(content, indent=2))
    elif form == "csv":
        click.echo(as_csv(comparison), nl=False)
    elif form == "markdown":
        click.echo(as_markdown(comparison))
    else:
        print_tables(comparison)
