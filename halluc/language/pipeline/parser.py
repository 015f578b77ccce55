"""The embedded spaCy pipeline: tags, heads and sentence ends of English text.

Its weights are in `halluc/language/pipeline/model`, so a figure that rests on it does not change
with what is installed. Its card.json says what it was trained on and how good it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

FOLDER = Path(__file__).with_name("model")

# Texts above this many characters are parsed in pieces, so that memory does not grow with a text.
_PIECE = 5000
# A word is no longer than this; the time that spaCy needs to cut it grows with the square.
_RUN = re.compile(r"\S{200}")
_BATCH = 64
# spaCy keeps each different word that it has seen (some 2 kB); above this, it is loaded afresh.
_REMEMBERED = 30_000
# Where a text is best cut, the best first: after a line, a sentence, a word.
_CUTS = [re.compile(pattern) for pattern in (r"\n", r"[.!?]\s", r"\s")]
# Trained beside the parser, which it helps; here nothing reads what they add, for an eighth of the
# time. `halluc.language.pipeline.lemmas` has lemmas.
_UNREAD = ["morphologizer", "lemmatizer"]
_SURROGATES = re.compile("[\ud800-\udfff]")


@cache
def load_pipeline() -> Language:
    """The embedded pipeline, loaded once: tok2vec, tagger and parser.

    `parse` loads it afresh when it remembers too many words, so ask again rather than keep it.
    """
    from halluc.language.pipeline.embedding import embed_once

    nlp = _spacy().load(FOLDER, exclude=_UNREAD)
    embed_once(nlp.get_pipe("tok2vec").model.layers[0])
    return nlp


def parse(texts: Iterable[str]) -> Iterator[Doc]:
    r"""Parse English texts, in order and in batches.

    Penn tags are in ``token.tag_``, relations of Universal Dependencies in ``token.dep_``,
    sentences in ``doc.sents``.

    Args:
        texts: of any length and content.

    Yields:
        The parse of each. ``doc.text`` is the text, so a token's characters are the text's; only
        lone surrogates, which are no characters, become ``"\ufffd"``. It stays valid as long as
        it is kept.

    >>> [doc] = parse(["Two dogs are sitting on a bench."])
    >>> [(token.tag_, token.dep_) for token in doc][:4]
    [('CD', 'nummod'), ('NNS', 'nsubj'), ('VBP', 'aux'), ('VBG', 'ROOT')]
    """
    for batch in _batches(texts):
        nlp = load_pipeline()
        if len(nlp.vocab.strings) > _REMEMBERED:
            load_pipeline.cache_clear()
            nlp = load_pipeline()
        cut = [list(_pieces(text)) for text in batch]
        docs = nlp.pipe((piece for pieces in cut for piece in pieces), batch_size=_BATCH)
        for pieces in cut:
            yield _joined([next(docs) for _ in pieces])


def sayable(text: str) -> str:
    """A text with ``"\ufffd"`` for each lone surrogate; spaCy takes none."""
    return _SURROGATES.sub("\ufffd", text)


def _spacy() -> ModuleType:
    """spaCy, without torch: it would import that where it is installed, a second for nothing."""
    if "torch" in sys.modules:
        return import_module("spacy")
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        return import_module("spacy")
    finally:
        del sys.modules["torch"]


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in batches that are neither long nor large."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(sayable(text))
        size += len(text)
        if len(batch) == _BATCH or size > _BATCH * _PIECE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _pieces(text: str) -> Iterator[str]:
    """Pieces of a text that make it up, cut where it hurts least."""
    start = 0
    for stop in [*(found.end() for found in _RUN.finditer(text)), len(text)]:
        while stop - start > _PIECE:
            end = start + _PIECE
            # Not in the first half, so that the pieces stay large.
            for cut in _CUTS:
                if ends := [found.end() for found in cut.finditer(text, start + _PIECE // 2, end)]:
                    end = ends[-1]
                    break
            yield text[start:end]
            start = end
        if stop > start or not text:
            yield text[start:stop]
        start = stop


def _joined(docs: list[Doc]) -> Doc:
    from spacy.tokens import Doc

    if len(docs) == 1:
        return docs[0]
    return Doc.from_docs(docs, ensure_whitespace=False, exclude=["tensor"])
