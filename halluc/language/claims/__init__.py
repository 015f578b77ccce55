"""Claims of a text and their verdicts: `reader` finds the claims, `verdicts` judges them."""
