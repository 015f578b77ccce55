"""Hallucination augmented contrastive learning: pictures near their true captions.

HACL (Jiang et al., CVPR 2024, arXiv:2312.06968; code: X-PLUG/mPLUG-HalOwl, hacl/). A picture's
tokens alone, a true caption alone and a false one alone each go through the LLM with the end token
behind them. Its last hidden state there, through a linear head (one for pictures, one for texts)
and normalised, is v, t or t̃. With a temperature τ that is learned, over a batch:

    L_i2t = mean over i of − log [ e^(v_i·t_i/τ) / (Σ_k e^(v_i·t_k/τ) + Σ_k e^(v_i·t̃_k/τ)) ]
    L_t2i = mean over i of − log [ e^(v_i·t_i/τ) / Σ_k e^(v_k·t_i/τ) ]
    L     = L_LM + w · (L_i2t + L_t2i) / 2

Departures from the published code: what shows the same picture or says the same text is no negative
of one another, and answers of a single word ("Yes") are left out, since without their question they
say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import normalize

from halluc.errors import InputError, ModelError
from halluc.jsonl import write_atomically
from halluc.mllm.pictures import image_token

if TYPE_CHECKING:
    from halluc.mllm.transformers import TransformersMLLM

WEIGHTS = "hacl.safetensors"
TEMPERATURE = 0.07
COLDEST, HOTTEST = 0.001, 0.5


class Heads(nn.Module):
    """What makes v and t of hidden states: a quarter as wide.

    Args:
        size: of a hidden state, ≥ 4.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.image = nn.Linear(size, size // 4)
        self.text = nn.Linear(size, size // 4)
        self.temperature = nn.Parameter(torch.tensor(TEMPERATURE))

    @classmethod
    def read(cls, folder: Path) -> Heads | None:
        """Those beside an adapter; None where there are none."""
        if not (folder / WEIGHTS).is_file():
            return None
        weights = load_file(folder / WEIGHTS)
        with torch.random.fork_rng(devices=[]):  # a training goes on in the same order
            made = cls(weights["image.weight"].shape[1])
        made.load_state_dict(weights)
        return made

    def write(self, folder: Path) -> None:
        """Leave them beside an adapter."""
        weights = {name: value.detach().cpu() for name, value in self.state_dict().items()}
        write_atomically(folder / WEIGHTS, [save(weights)])

    @property
    def tau(self) -> Tensor:
        """τ, held within its bounds."""
        return self.temperature.clamp(COLDEST, HOTTEST)


def contrast(
    images: Tensor, texts: Tensor, wrong: Tensor, tau: Tensor | float, alike: Tensor | None = None
) -> Tensor:
    """(L_i2t + L_t2i) / 2.

    Args:
        images: v, (pairs, width), of length 1.
        texts: t, likewise.
        wrong: t̃, (any number, width); none: contrast without hallucinated captions.
        tau: τ, > 0.
        alike: (pairs, pairs), where two are no negatives of one another; their diagonal is not
            looked at.
    """
    scores = images @ texts.T / tau
    right = scores.diagonal()
    if alike is not None:
        own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(alike.to(scores.device) & ~own, float("-inf"))
    all_texts = torch.cat([scores, images @ wrong.T / tau], 1)
    to_texts = all_texts.logsumexp(1) - right
    to_images = scores.logsumexp(0) - right
    return (to_texts.mean() + to_images.mean()) / 2


def picture_rows(
    mllm: TransformersMLLM, prompts: Sequence[Sequence[int]]
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture's tokens of each prompt with the end token behind them.

    Returns:
        Tokens and mask (rows, length), padded on the right, and the place of the end tokens (rows).

    Raises:
        ModelError: it is not known where a prompt has its picture.
    """
    token = image_token(mllm.config)
    rows = []
    for ids in prompts:
        places = [place for place, id in enumerate(ids) if id == token]
        if not places:
            raise ModelError(
                f"{mllm.card['model']['name']}: where its prompts have their pictures is not "
                "known, so these cannot be contrasted with captions"
            )
        rows.append(list(ids[places[0] : places[-1] + 1]))
    return _padded(mllm, rows)


def text_rows(mllm: TransformersMLLM, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
    """Texts with the end token behind them; see `picture_rows`."""
    return _padded(
        mllm, [mllm.tokenizer(text, add_special_tokens=False).input_ids for text in texts]
    )


def _padded(mllm: TransformersMLLM, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor]:
    words = mllm.tokenizer
    start = [] if words.bos_token_id is None else [words.bos_token_id]
    whole = [[*start, *row, words.eos_token_id] for row in rows]
    lengths = torch.tensor([len(row) for row in whole])
    ids = torch.full((len(whole), int(lengths.max())), words.pad_token_id)
    for number, row in enumerate(whole):
        ids[number, : len(row)] = torch.tensor(row)
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return ids, mask, lengths - 1


def states(
    model: Any, rows: tuple[Tensor, Tensor, Tensor], pictures: Mapping[str, Any] | None = None
) -> Tensor:
    """Last hidden states at the end tokens, (rows, hidden), float32.

    Args:
        model: of transformers, without its PEFT wrapper.
        rows: as `picture_rows` or `text_rows` gives them.
        pictures: what comes beside the tokens of `picture_rows`.

    Raises:
        ModelError: the model is built otherwise than its head on a model of pictures and text.
    """
    inner = getattr(model, "model", None)
    if not isinstance(inner, nn.Module):
        raise ModelError(f"{type(model).__name__}: its hidden states cannot be reached")
    ids, mask, ends = (each.to(model.device) for each in rows)
    more = {
        name: value.to(model.device, model.dtype if value.is_floating_point() else None)
        for name, value in (pictures or {}).items()
        if "type_ids" not in name
    }
    out = inner(input_ids=ids, attention_mask=mask, use_cache=False, **more).last_hidden_state
    found: Tensor = out[torch.arange(len(ids), device=ids.device), ends]
    return found.float()


def embed(head: nn.Linear | None, hidden: Tensor) -> Tensor:
    """Hidden states through a head, of length 1; without a head as they are."""
    made: Tensor = hidden if head is None else head(hidden)
    return normalize(made, dim=-1)


def is_caption(text: str) -> bool:
    """Whether a text says something without a question: more than one word."""
    return len(text.split()) > 1


def alike(images: Sequence[str], texts: Sequence[str]) -> Tensor:
    """(rows, rows): who shows the same picture or says the same."""
    if len(images) != len(texts):
        raise InputError(f"{len(images)} pictures with {len(texts)} texts")
    same = [
        [a == b or one == other for b, other in zip(images, texts, strict=True)]
        for a, one in zip(images, texts, strict=True)
    ]
    return torch.tensor(same, dtype=torch.bool).reshape(len(images), len(images))
