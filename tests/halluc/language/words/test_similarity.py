import pytest

from halluc.errors import InputError
from halluc.language.words.similarity import similarity

VECTORS = {"boat": [1, 0.2], "ship": [1, 0], "lake": [0, 1], "dog": [1, 1]}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A spaCy model of four word vectors, saved as any other."""
    import numpy
    import spacy

    language = spacy.blank("en")
    for word, vector in VECTORS.items():
        language.vocab.set_vector(word, numpy.array(vector, dtype="f"))
    folder = tmp_path_factory.mktemp("spacy") / "model"
    language.to_disk(folder)
    return folder


def test_exact():
    similar = similarity("exact")
    assert similar("dog", "dog")
    assert not similar("dog", "Dog")


def test_vectors_of_a_spacy_model(model):
    similar = similarity(f"spacy:{model}")
    assert similar("boat", "ship")  # cosine .98
    assert not similar("dog", "lake")  # .71
    assert similar("unknown", "unknown")
    assert not similar("unknown", "dog")
    assert not similar("unknown", "unheard")


def test_a_model_that_cannot_be_used(model, tmp_path):
    import spacy

    spacy.blank("en").to_disk(tmp_path / "bare")
    with pytest.raises(InputError, match="has no word vectors; use one that has, such as"):
        similarity(f"spacy:{tmp_path / 'bare'}")
    with pytest.raises(InputError, match="'en_none' cannot be loaded"):
        similarity("spacy:en_none")


@pytest.mark.parametrize("name", ["", "magic", "spacy:", "spacy", "exact:x"])
def test_unknown_names(name):
    with pytest.raises(InputError, match="give wordnet, exact or spacy:MODEL"):
        similarity(name)
