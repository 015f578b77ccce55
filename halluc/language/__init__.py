"""English for captions: the CHAIR vocabulary, lemmas, and which objects a caption mentions."""
