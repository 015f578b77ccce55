"""Correction before use: the model is trained on wrong answers beside right ones."""
