"""The language of the house: records, errors, MM-LLMs, readers, runs."""

__version__ = "0.1.0"
