"""`halluc data`: build question files and preference pairs, recognise published questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from app.cli.options import AS_JSON, VOCABULARY
from app.cli.text import say
from halluc.datasets.load import NAMED
from halluc.errors import InputError

if TYPE_CHECKING:
    from halluc.datasets.pope import Split
    from halluc.datasets.pope_editions import Verified


@click.group()
def data() -> None:
    """Build question files and preference pairs, and recognise published questions."""


@data.group()
def pope() -> None:
    """Questions on whether an object is in the picture (arXiv:2305.10355)."""


@pope.command()
@click.option("--data", "name", required=True, help=f"Pictures with their objects: {NAMED}.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="A file (*.json, *.jsonl) for all questions, or a folder for a file of each split.",
)
@click.option("--seed", default=0, show_default=True, help="Fixes which objects are asked for.")
@click.option(
    "--positives",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Present objects to ask for, a picture, at most; as many absent ones.",
)
@click.option(
    "--splits",
    default="random,popular,adversarial",
    show_default=True,
    help="Which ways to choose absent objects.",
)
def build(*, name: str, output: Path, seed: int, positives: int, splits: str) -> None:
    """Ask of each picture for objects that are in it and for as many that are not.

    Absent objects are drawn by chance (random), are the most frequent ones (popular), or those that
    most often come with the present one that is asked for (adversarial). The same data and seed
    give the same bytes.
    """
    from halluc.datasets.load import load_dataset
    from halluc.datasets.pope import build_questions, write_questions

    chosen = _splits(splits)
    samples = load_dataset(name).samples
    questions = build_questions(samples, seed, splits=chosen, positives=positives)
    if not questions:
        raise InputError(f"no picture of {name} has objects, so there is nothing to ask")
    for card in write_questions(questions, output):
        say(f"{card['file']}: {card['rows']:,} questions, sha256 {card['sha256'][:12]}")


def _splits(text: str) -> list[Split]:
    from halluc.datasets.pope import SPLITS

    given = [name.strip() for name in text.split(",")]
    chosen = [split for split in SPLITS if split in given]
    if len(chosen) != len(given):
        raise InputError(f"--splits names some of {', '.join(SPLITS)}, each once; not {text!r}")
    return chosen


@data.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@AS_JSON
def verify(files: tuple[str, ...], as_json: bool) -> None:
    """Say which published POPE question file each of these is, or else what it holds.

    Files are known by what they ask: neither the order of rows and keys nor the form (JSON lines or
    an array) matters. Whether a copy has the "imange" typo of older ones is shown.
    """
    from halluc.datasets.pope_editions import verify as look

    found = [look(file) for file in files]
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    for file, each in zip(files, found, strict=True):
        say(f"{file}: {_said(each)}")


@data.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the pairs go: train.jsonl, test.jsonl, card.json, page.html.",
)
@click.option(
    "--kinds",
    default="on-policy,corrected,injected",
    show_default=True,
    help="Which kinds of pairs to make; as many of each.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    help="Pairs of captions of each kind, at most [as many as there are].",
)
@click.option(
    "--by",
    multiple=True,
    metavar="REWARD",
    help="Of runs by halluc generate --best-of: the best caption of each picture beside its worst, "
    "by this reward; may repeat.",
)
@VOCABULARY
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the pictures.")
@click.option(
    "--reviews",
    metavar="FILE|URL",
    help="Database in which people reviewed the findings with halluc inspect: where most say that "
    "the truth or the rule is wrong, a finding counts in no pair.",
)
@click.option(
    "--test-share",
    type=click.FloatRange(0, 0.9),
    default=0.05,
    show_default=True,
    help="Share of the pictures whose pairs are kept out of training.",
)
@click.option(
    "--balance-length",
    is_flag=True,
    help="Keep only as many pairs whose better answer is longer as such whose is as much shorter.",
)
@click.option("--seed", default=0, show_default=True, help="Of all that is drawn.")
def pairs(
    *,
    runs: tuple[Path, ...],
    output: Path,
    kinds: str,
    most: int | None,
    by: tuple[str, ...],
    vocabulary: Path | None,
    images: Path | None,
    reviews: str | None,
    test_share: float,
    balance_length: bool,
    seed: int,
) -> None:
    """Make preference pairs from what was found in runs, for halluc train dpo.

    A RUN is one of captions that halluc score finegrained has read, or of yes/no questions. Several
    runs on the same pictures, sampled with different seeds, make on-policy pairs; any one makes
    corrected and injected ones. The truth of the pictures has to be known.
    """
    from app.workflows.data.pairs import make_pairs
    from mitigation.precorrection.pairs import KINDS

    chosen = [kind for kind in KINDS if kind in kinds.replace(" ", "").split(",")]
    if len(chosen) != len(kinds.split(",")):
        raise InputError(f"--kinds names some of {', '.join(KINDS)}, each once; not {kinds!r}")
    if by and reviews:
        raise InputError("--by goes by rewards, not by findings, so it takes no --reviews")
    if by:
        from app.workflows.data.ranked import make_ranked_pairs

        card = make_ranked_pairs(
            runs, output, by, most=most, vocabulary=vocabulary, images=images,
            test_share=test_share, seed=seed,
        )  # fmt: skip
    else:
        card = make_pairs(
            runs, output, vocabulary=vocabulary, kinds=chosen, seed=seed, test_share=test_share,
            images=images, reviews=reviews, most=most, balance_length=balance_length,
        )  # fmt: skip
    for kind, told in card["kinds"].items():
        if told["pairs"]:
            words = f"{told['chosen words']} words chosen, {told['rejected words']} rejected"
            apart = f"{told['words apart']:.1f} apart, {told['chosen is shorter']:.0%} shorter"
            once = f"{told['differ in one place']:.0%} differ in one place"
            say(f"{kind}: {told['pairs']:,} pairs, {words} ({apart}), {once}")
    if told := card.get("reviews"):
        say(f"reviews: {told['reviews']:,}, {told['left out']:,} findings left out", err=True)
    say(f"next: halluc train dpo --pairs {output} -o runs/dpo", err=True)


def _said(found: Verified) -> str:
    """What a question file is, in a line."""
    parts = [found.edition or "no published file that is known"]
    if found.yes is None:
        parts.append(f"{found.rows:,} questions without labels")
    else:
        parts.append(f"{found.rows:,} questions ({found.yes:,} yes, {found.no:,} no)")
    parts += [f"{split} {number:,}" for split, number in found.categories.items()]
    parts.append(f'"imange" in {found.typos:,} of them' if found.typos else 'no "imange" typo')
    return "; ".join(parts) + f"; sha256 {found.sha256[:12]}"
