"""Runs compared on the same pictures: read, measured, differences with intervals, a verdict."""

from __future__ import annotations

from app.workflows.compare.runs import ComparedRuns, compare

__all__ = ["ComparedRuns", "compare"]
