"""The embedded world: drawn scenes with exact truth, and the MM-LLM that learned from them."""
