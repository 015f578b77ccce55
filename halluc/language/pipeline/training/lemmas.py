"""Tables for spaCy's rule lemmatizer, from a treebank.

English endings by part of speech, the lemmas that the treebank has, and the words for which the
endings would give another lemma than the treebank's most usual one.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from halluc.language.pipeline.lemmas import by_rule
from halluc.language.pipeline.training.treebank import Sentence

# The last one that gives a known lemma wins; of unknown words the first.
_RULES = {
    "noun": [
        ("ies", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
        ("zes", "z"),
        ("ss", "ss"),
        ("s", ""),
        ("ves", "f"),
        ("ves", "fe"),
        ("es", ""),
        ("ses", "s"),
        ("men", "man"),
        ("s", ""),
        ("", ""),
    ],
    "verb": [
        ("ies", "y"),
        ("ied", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
        ("s", ""),
        *((2 * letter + ending, letter) for letter in "bdgmnprt" for ending in ("ing", "ed")),
        *((letter + ending, letter + "e") for letter in "csuvz" for ending in ("ing", "ed")),
        ("ating", "ate"),
        ("ated", "ate"),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("ing", "e"),
        ("ed", "e"),
        ("d", ""),
        ("s", ""),
        ("", ""),
    ],
    "adj": [
        ("ier", "y"),
        ("iest", "y"),
        *((2 * letter + ending, letter) for letter in "dgnt" for ending in ("er", "est")),
        ("er", ""),
        ("est", ""),
        ("er", "e"),
        ("est", "e"),
        ("", ""),
    ],
}
_RULES["adv"] = _RULES["adj"]
# Names keep their letters; all else is put in lower case.
_OTHERS = "adp aux cconj det intj num part pron punct sconj sym x"
_RULES |= {part: [("", "")] for part in _OTHERS.split()}


def lemma_tables(sentences: list[Sentence]) -> dict[str, dict[str, object]]:
    """The tables "lemma_rules", "lemma_index" and "lemma_exc", each by part of speech."""
    seen: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for word in sentence.words:
            seen[word.part.lower(), word.text.lower()][word.lemma] += 1
    usual = {key: lemmas.most_common(1)[0][0] for key, lemmas in seen.items() if key[0] != "propn"}
    index: defaultdict[str, set[str]] = defaultdict(set)
    for (part, _), lemma in usual.items():
        if lemma.isalpha():
            index[part].add(lemma.lower())
    exceptions: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for (part, text), lemma in usual.items():
        if by_rule(text, _RULES[part], index[part]) != lemma:
            exceptions[part][text] = [lemma]
    return {
        "lemma_rules": dict(_RULES),
        "lemma_index": {part: sorted(lemmas) for part, lemmas in index.items()},
        "lemma_exc": dict(exceptions),
    }
