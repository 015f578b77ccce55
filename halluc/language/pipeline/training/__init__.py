"""Training of the embedded spaCy pipeline from a treebank.

One small convolutional network over hashed features of words (spaCy's HashEmbedCNN, no vectors)
serves a tagger (Penn tags), a morphologizer (universal parts of speech) and a transition parser,
which finds the ends of sentences too. Lemmas come from rules with the treebank's exceptions. The
networks see raw text, cut by spaCy's own English tokenizer, so they learn from the words that they
will meet; where the treebank cuts otherwise nothing is learnt.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from halluc.jsonl import write_json
from halluc.language.pipeline.training.captions import caption_sentence
from halluc.language.pipeline.training.lemmas import lemma_tables
from halluc.language.pipeline.training.texts import Changes, documents, examples, given, plain
from halluc.language.pipeline.training.treebank import SPLITS, Sentence, find_split, read_treebank

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

Figures = dict[str, float]

_META = {
    "name": "halluc",
    "version": "1.0.0",
    "spacy_version": ">=3.8.0,<3.9.0",
    "description": "English for captions: Penn tags, universal parts of speech and relations, "
    "lemmas, sentence ends.",
    "author": "The authors of halluc",
    "license": "CC BY-SA 4.0",
    "sources": [
        {
            "name": "Universal Dependencies English Web Treebank (EWT)",
            "url": "https://github.com/UniversalDependencies/UD_English-EWT",
            "license": "CC BY-SA 4.0",
            "author": "Natalia Silveira, Timothy Dozat, Marie-Catherine de Marneffe, Samuel "
            "Bowman, Miriam Connor, John Bauer, Christopher Manning, Nathan Schneider, Amir Zeldes "
            "and others",
        }
    ],
}


@dataclass(frozen=True)
class Recipe:
    """What training can be asked for.

    Attributes:
        steps: how often the weights are changed.
        seed: of the weights, the order and the changes to the text.
        width: of a word's vector.
        depth: layers of the convolution; each sees one more word to either side.
        rows: of the tables of hashed features: the word, its first letter, its end, its shape.
        hidden: units of the parser's layer.
        words: in a batch, at the first step and from the middle on.
        dropout: share of values that are left out while training.
        rate: Adam's learning rate.
        captions: made-up sentences of captions whose labels and lemmas are to be known.
        every: steps between two measurements on the development set.
        changes: to the texts.
    """

    steps: int = 8000
    seed: int = 0
    width: int = 96
    depth: int = 4
    rows: int = 5000
    hidden: int = 64
    words: tuple[int, int] = (200, 1000)
    dropout: float = 0.1
    rate: float = 0.001
    captions: int = 2000
    every: int = 1000
    changes: Changes = field(default_factory=Changes)


class Watch(Protocol):
    """Is told how training goes."""

    def __call__(self, step: int, dev: Figures | None) -> None:
        """After each step, numbered from 1; now and then with figures on the development set."""


def train_pipeline(
    treebank: Path, recipe: Recipe, watch: Watch
) -> tuple[Language, dict[str, Figures]]:
    """Train the pipeline; the weights with the best LAS and tags on the development set are kept.

    Args:
        treebank: folder with the splits of a treebank in CoNLL-U.
        recipe: what to train.
        watch: is told of every step.

    Returns:
        The pipeline, and its figures (`measure`) on the test set: from the treebank's words and
        sentences, from raw text of whole documents, and on captions that were made up.

    Raises:
        InputError: the treebank is missing or cannot be read.
    """
    from spacy.util import fix_random_seed

    sets = {split: read_treebank(find_split(treebank, split)) for split in SPLITS}
    fix_random_seed(recipe.seed)
    chance = random.Random(recipe.seed)
    nlp = build(recipe)
    made_up = [caption_sentence(chance) for _ in range(recipe.captions)]
    labelled = [plain(nlp, each, breaks=True) for each in [*documents(sets["train"]), made_up]]
    optimizer = nlp.initialize(lambda: labelled)
    optimizer.learn_rate = recipe.rate
    _add_lemmatizer(nlp, sets["train"] + made_up)
    dev = [plain(nlp, each) for each in documents(sets["dev"])]
    best, kept = -1.0, b""
    for step, batch in enumerate(_batches(nlp, sets["train"], recipe, chance), 1):
        nlp.update(batch, drop=recipe.dropout, sgd=optimizer)
        figures = None
        if step % recipe.every == 0 or step == recipe.steps:
            with nlp.use_params(optimizer.averages):
                figures = measure(nlp, dev)
                if figures["LAS"] + figures["TAG"] > best:
                    best, kept = figures["LAS"] + figures["TAG"], nlp.to_bytes()
        watch(step, figures)
        if step == recipe.steps:
            break
    nlp.from_bytes(kept)
    return nlp, measure_all(nlp, sets["test"])


def build(recipe: Recipe) -> Language:
    """The untrained pipeline, without its lemmatizer."""
    import spacy

    listen = {"@architectures": "spacy.Tok2VecListener.v1", "width": recipe.width, "upstream": "*"}
    words = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": recipe.width,
        "depth": recipe.depth,
        "embed_size": recipe.rows,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    }
    tags = {"@architectures": "spacy.Tagger.v2", "nO": None, "normalize": False, "tok2vec": listen}
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": recipe.hidden,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": listen,
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": words})
    nlp.add_pipe("tagger", config={"model": tags})
    nlp.add_pipe("morphologizer", config={"model": tags})
    nlp.add_pipe("parser", config={"model": parser})
    return nlp


def measure(nlp: Language, texts: list[Example]) -> Figures:
    """Figures of a pipeline, from 0 to 1.

    TAG, POS and LEMMA are F1 over words, UAS and LAS F1 over words that are no punctuation (with
    the subtypes of relations), SENTENCES is F1 over whole sentences. A word that is cut otherwise
    is wrong.
    """
    fresh = [type(each)(each.predicted.copy(), each.reference) for each in texts]
    scores = nlp.evaluate(fresh, batch_size=32)
    names = {
        "TAG": "tag_acc",
        "POS": "pos_acc",
        "UAS": "dep_uas",
        "LAS": "dep_las",
        "LEMMA": "lemma_acc",
        "SENTENCES": "sents_f",
    }
    return {name: round(scores[key] or 0, 4) for name, key in names.items()}


def measure_all(nlp: Language, test: list[Sentence]) -> dict[str, Figures]:
    """Figures on a treebank's test set in two ways, and on captions that were made up."""
    chance = random.Random("test")
    captions = [[caption_sentence(chance) for _ in range(5)] for _ in range(100)]
    return {
        "the treebank's words and sentences": measure(nlp, [given(nlp, [each]) for each in test]),
        "raw text": measure(nlp, [plain(nlp, each) for each in documents(test)]),
        "made-up captions": measure(nlp, [plain(nlp, each) for each in captions]),
    }


def save(nlp: Language, folder: Path, figures: dict[str, Figures]) -> None:
    """Write a pipeline as a folder that `spacy.load` opens.

    Its vocabulary keeps the labels and leaves out the words of the treebank, which it needs no
    more.

    Args:
        nlp: the pipeline.
        folder: is made.
        figures: what `train_pipeline` gave; those from raw text go into meta.json.
    """
    nlp.meta.update(_META, performance=figures["raw text"])
    nlp.to_disk(folder)
    labels = {label for name in nlp.pipe_names for label in nlp.pipe_labels.get(name, [])}
    write_json(folder / "vocab" / "strings.json", sorted(labels))


def _add_lemmatizer(nlp: Language, sentences: list[Sentence]) -> None:
    from spacy.lookups import Lookups

    lookups = Lookups()
    for name, table in lemma_tables(sentences).items():
        lookups.add_table(name, table)
    lemmatizer: Any = nlp.add_pipe("lemmatizer", config={"mode": "rule"})
    lemmatizer.initialize(lookups=lookups)


def _batches(
    nlp: Language, sentences: list[Sentence], recipe: Recipe, chance: random.Random
) -> Iterator[list[Example]]:
    """Batches without end, growing to the recipe's size over the first half of the steps."""
    batch: list[Example] = []
    words, step = 0, 0
    least, most = recipe.words
    while True:
        for example in examples(nlp, sentences, recipe.changes, chance):
            batch.append(example)
            words += len(example)
            if words >= least + (most - least) * min(1, 2 * step / recipe.steps):
                yield batch
                batch, words, step = [], 0, step + 1
