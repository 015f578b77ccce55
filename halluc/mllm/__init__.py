"""MM-LLMs behind one small interface, however they run; models are named by short names."""

from __future__ import annotations

from halluc.mllm.base import MLLM, Decoding, Exchange, Fit, LocalMLLM, Request
from halluc.mllm.load import MODELS, NAMES, load_detector, load_model

__all__ = [
    "MLLM",
    "MODELS",
    "NAMES",
    "Decoding",
    "Exchange",
    "Fit",
    "LocalMLLM",
    "Request",
    "load_detector",
    "load_model",
]
