"""Preference pairs from several captions of a picture: the best beside the worst, by a reward."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.workflows.data.pairs import COMMAND, data_of, origin_of, write_page
from halluc.card import check_place
from halluc.errors import InputError
from halluc.runs import read_run
from mitigation.precorrection.pairs import Pair, make_pair, write_pairs
from mitigation.precorrection.rewards import read_rewards
from mitigation.prompting.best_of import BestOf, rewarded_captions


def make_ranked_pairs(
    runs: Sequence[Path],
    output: Path,
    by: Sequence[str],
    *,
    most: int | None = None,
    vocabulary: Path | None = None,
    images: Path | None = None,
    test_share: float = 0.05,
    seed: int = 0,
) -> dict[str, Any]:
    """Make a set of pairs from runs by ``halluc generate --best-of``, one of each picture at most.

    Args:
        runs: their answers hold all captions that were drawn.
        output: folder of the set.
        by: rewards by name, with their weights.
        most: pairs at most.
        vocabulary: file of things and the words for them, beside COCO's 80 classes.
        images: folder of the pictures, where the data set needs it.
        test_share: share of the pictures whose pairs are kept out of training, 0 to .9.
        seed: for the card; nothing is drawn.

    Returns:
        The card of the set.

    Raises:
        RunError: no run.
        InputError: a run is of another kind, there is no such reward, or pairs cannot be written.
        SampleError: a reward cannot be worked out.
    """
    check_place(output, COMMAND)
    rewards = read_rewards(by, vocabulary)
    made: list[Pair] = []
    origins = []
    for number, path in enumerate(runs):
        run = read_run(path, tokens=False)
        if (run.card.get("plan") or {}).get("name") != BestOf.name:
            raise InputError("--by wants a run by halluc generate --best-of", path)
        origins.append(origin_of(run))
        samples = {each.id: each for each in run.samples}
        for response in run.responses:
            whole = [each for each in response.calls if each.finish == "stop" and each.text.strip()]
            sample = samples[response.id]
            told = rewarded_captions(rewards, sample, whole)
            if sample.image is None or not told or max(told) == min(told):
                continue
            best, worst = (whole[told.index(value)].text for value in (max(told), min(told)))
            id = f"{number}/{response.id}/ranked"
            made.append(make_pair(id, sample.image, response.prompt, best, worst))
    kept = made[:most]
    card = write_pairs(
        output,
        kept,
        {
            "made by": COMMAND,
            "runs": origins,
            "data": data_of(origins),
            "images": None if images is None else str(images),
            "by": list(by),
            "seed": seed,
        },
        test_share,
    )
    write_page(output / "page.html", kept)
    return card
