"""`halluc train`: correct a model by DPO, fit detectors, and rebuild what halluc ships."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from app.cli.adapters import dpo, lure, merge, sft
from app.cli.analyse import STATISTICS
from app.workflows.captions import TRUTH, VOCABULARY
from halluc.errors import InputError


@click.group()
def train() -> None:
    """Correct a model by DPO, fit a detector, or rebuild what halluc ships."""


@train.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("checkpoints/tabletop"),
    show_default=True,
    help="Where the checkpoint goes; use it as hf:./FOLDER.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs/train-tabletop"),
    show_default=True,
    help="Drawn scenes, states and curves (about 2.5 GB); a second call goes on from them.",
)
@click.option("--seed", default=0, show_default=True, help="Of weights and examples.")
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    help="Makes every stage longer or shorter by this factor.",
)
@click.option(
    "--scenes",
    type=click.IntRange(1, 1000),
    default=1000,
    show_default=True,
    help="Held-out scenes to measure the model on.",
)
@click.option("--device", default="auto", show_default=True, help="As torch names it.")
@click.option(
    "--torch-compile",
    is_flag=True,
    help="Compile the backbone: nearly twice as fast on a CPU; wants a C++ compiler.",
)
def tabletop(
    *,
    output: Path,
    work: Path,
    seed: int,
    scale: float,
    scenes: int,
    device: str,
    torch_compile: bool,
) -> None:
    """Rebuild the embedded MM-LLM stage by stage, and measure it.

    Encoder on pictures, backbone on text alone, projector on captions (MM PT), projector and
    backbone on instructions (MM IT). About 75 minutes on two cores; stop it and give the same
    command again to go on.
    """
    if not scale > 0:
        raise InputError(f"--scale must be above 0, not {scale}")
    from app.workflows.train.tabletop import train_and_measure

    train_and_measure(
        output,
        work,
        seed=seed,
        scale=scale,
        scenes=scenes,
        device=device,
        torch_compile=torch_compile,
    )


@train.command()
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
    default=6000,
    show_default=True,
    help="Changes of the weights; the best on the development set are kept.",
)
def english(*, treebank: Path, output: Path, seed: int, steps: int) -> None:
    """Rebuild the pipeline that reads English: tagger, parser, lemmas.

    About 15 minutes on one core. The treebank is at github.com/UniversalDependencies.
    """
    from app.workflows.train.english import train_and_save

    train_and_save(treebank, output, seed=seed, steps=steps)


@train.command()
@click.argument("captions", metavar="RUN_OR_FILE...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where the detector goes, as JSON.",
)
@TRUTH
@STATISTICS
@VOCABULARY
def detector(
    *,
    captions: tuple[str, ...],
    output: Path,
    truth: str | None,
    statistics: str | None,
    vocabulary: Path | None,
) -> None:
    """Fit a detector of absent objects to captions whose truth is known.

    A calibrated logistic regression on LURE's factors, see `halluc analyse detector`. Takes
    seconds. Fit it on other pictures than those that it shall judge.
    """
    from app.workflows.analyse.factors import read_mentions
    from halluc.datasets.files import file_card
    from halluc.language.claims.things import load_things
    from mitigation.postcorrection.detector import fit_detector, save_detector

    mentioned = read_mentions(captions, truth, statistics, load_things(vocabulary))
    cards = []
    for each in mentioned:
        if each.said.run is not None:
            kept = each.said.run.card
            cards.append({name: kept.get(name) for name in ("model", "data", "decoding", "prompt")})
        else:
            cards.append(file_card(Path(each.name), len(each.said.given)))
    # Ids need not differ between runs.
    mentions = [
        msgspec.structs.replace(mention, id=f"{number}/{mention.id}")
        for number, each in enumerate(mentioned)
        for mention in each.mentions
    ]
    fitted = fit_detector(
        mentions,
        {"captions": cards, "statistics": statistics or truth or "the data of the captions"},
    )
    save_detector(fitted, output)
    told = "" if fitted.full else "; without uncertainty, which the captions do not tell"
    objects, absent = fitted.card["objects"], fitted.card["absent"]
    click.echo(
        f"{output}: fitted on {objects:,} objects, {absent:,} of them absent{told}", err=True
    )


for command in (dpo, sft, lure, merge):
    train.add_command(command)
