"""The nouns of a text, as AMBER's script finds them.

The script calls NLTK's ``word_tokenize`` and ``pos_tag`` on the text as it is written and looks all
words that are tagged as nouns up in WordNet (``extract_nouns`` in ``inference.py`` of
https://github.com/junyangwang0410/AMBER). Words with a capital keep it, so that "Dogs" at the
beginning of a sentence is not "dog".
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from halluc.language.words.lemmas import Words
from halluc.language.words.markup import without_thoughts
from halluc.language.words.wordnet import load_wordnet

INSTEAD = "score the yes/no answers alone with --evaluation-type d"


def wordnet_nouns(nltk_data: str | Path | None = None) -> Callable[[str], Words]:
    """A function from a text to its nouns in singular, in order.

    Args:
        nltk_data: a folder of NLTK data to search before NLTK's own path and ``NLTK_DATA``.

    Raises:
        InputError: the tagger or WordNet is not found, or cannot be loaded.
    """
    tag, lemma = load_wordnet(nltk_data, INSTEAD)

    def nouns(text: str) -> Words:
        found = [each for each in tag(without_thoughts(text)) if each.tag.startswith("NN")]
        return Words(
            [lemma(each.text, "n") for each in found], [(each.start, each.end) for each in found]
        )

    return nouns
