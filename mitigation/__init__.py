"""Corrections of hallucination, by their timing: before, during and after generation."""
