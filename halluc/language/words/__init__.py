"""How CHAIR and AMBER read words: vocabulary, lemmas, nouns, the objects that captions mention."""
