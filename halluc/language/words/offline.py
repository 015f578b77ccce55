"""Words as the WordNet variant of CHAIR would have them, without NLTK and without data.

That variant tags each word with NLTK and looks its lemma up in WordNet. Only few words of a caption
end in CHAIR's vocabulary, so it is enough to know what becomes of these, for each tag that they
may have, and to predict the tag (`halluc.language.words.tags`). docs/metrics/chair.md says how near
this comes.
"""

from __future__ import annotations

from functools import cache

from halluc.language.words.lemmas import Lemmas, Tokenizer
from halluc.language.words.tags import lemma_at, lexicon
from halluc.language.words.vocabulary import coco_vocabulary


def offline_words(text: str) -> Lemmas:
    """The words of a text, those that CHAIR's vocabulary knows as WordNet's lemmas.

    >>> offline_words("Two women's knives, and a seated dog.").forms
    ['two', 'woman', "'s", 'knife', ',', 'and', 'a', 'seated', 'dog', '.']
    >>> offline_words("The men are seated.").forms
    ['the', 'men', 'are', 'seat', '.']
    """
    words, spans = _tokenizer().tokens(text)
    lemmas = lexicon().lemmas
    forms = words.copy()
    for place in spans:
        if words[place] in lemmas:
            forms[place] = lemma_at(words, place)
    return Lemmas(forms, spans)


@cache
def _tokenizer() -> Tokenizer:
    words = coco_vocabulary().words | lexicon().lemmas.keys()
    return Tokenizer(words.__contains__)
