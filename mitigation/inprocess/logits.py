"""Arithmetic on logits that contrastive methods share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def contrast(clean: torch.Tensor, other: torch.Tensor, weight: float) -> torch.Tensor:
    """(1 + weight) · clean − weight · other."""
    return (1 + weight) * clean - weight * other


def plausible(scores: torch.Tensor, clean: torch.Tensor, beta: float) -> torch.Tensor:
    """Rule out tokens that the undisturbed model finds implausible.

    Those are the ones of less than beta times the probability of its likeliest token: −∞ where
    clean < max clean + log beta. A beta of 0 rules out nothing.

    Source: Li et al. 2022, "Contrastive Decoding" (arXiv:2210.15097), as VCD uses it.
    """
    if beta == 0:
        return scores
    import torch

    least = clean.amax(-1, keepdim=True) + torch.tensor(beta).log()
    return scores.masked_fill(clean < least, float("-inf"))
