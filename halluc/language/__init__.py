"""English for captions, in three parts.

- `words`: how CHAIR and AMBER read words (vocabulary, lemmas, mentions of objects);
- `claims`: what a text claims (objects, attributes, relations) and the verdict on each claim;
- `pipeline`: the embedded spaCy pipeline that parses English, and its training.
"""
