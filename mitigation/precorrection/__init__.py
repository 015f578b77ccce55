"""Correction before use: the model itself is trained on answers that are wrong beside right ones."""
