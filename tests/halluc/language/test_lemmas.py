import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.errors import InputError
from halluc.language.lemmas import lemmatizer, lower, vocabulary_lemmas
from halluc.language.wordnet import wordnet_lemmatizer

captions = st.lists(
    st.sampled_from(["a", "Dogs", "men's", '"', "''", "``", "don't", "3.5", "İ", "x.", "\n\n", "!"])
).map(" ".join) | st.text(max_size=40)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("knives", "knife"),
        ("wine glasses", "wine glass"),
        ("mice", "mouse"),
        ("women", "woman"),
        ("policemen", "policeman"),
        ("puppies", "puppy"),
        ("calves", "calf"),
        ("buses", "bus"),
        ("sheep", "sheep"),
        ("geese", "goose"),
        ("monkeys", "monkeys"),
        ("osprey", "osprey"),
        ("TVs", "tv"),
        ("people", "people"),
        ("children", "children"),
        ("benches", "bench"),
        ("buffaloes", "buffalo"),
        ("seated", "seated"),
    ],
)
def test_plurals_of_the_vocabulary(plural, singular):
    assert " ".join(lemma.text for lemma in vocabulary_lemmas(plural)) == singular


@given(captions)
def test_spans_are_in_order_and_hold_the_words(text):
    end = 0
    for lemma in vocabulary_lemmas(text):
        assert end <= lemma.start < lemma.end <= len(text)
        end = lemma.end


@given(st.text())
def test_lower_case_keeps_places(text):
    assert len(lower(text)) == len(text)


def test_tokens_are_like_nltks():
    text = "It's a close-up: they don't, can't... and/or 3.5 m."
    tokens = "it 's a close-up : they do n't , ca n't ... and/or 3.5 m ."
    assert " ".join(lemma.text for lemma in vocabulary_lemmas(text)) == tokens


def test_wordnet_lemmas_and_spans(nltk_data):
    lemmatize = wordnet_lemmatizer(nltk_data)
    text = 'He said: "Two dogs" are seated on U.S. 395. the\n\nCats’ Knives'
    found = [(text[lemma.start : lemma.end], lemma.text) for lemma in lemmatize(text)]
    assert ("dogs", "dog") in found
    assert ("seated", "seat") in found
    assert ("395.", "395.") in found
    assert ('"', "``") in found
    assert lemmatize("") == []


def test_wordnet_spans_are_in_order(nltk_data):
    lemmatize = wordnet_lemmatizer(nltk_data)

    @given(captions)
    def check(text):
        end = 0
        for lemma in lemmatize(text):
            assert end <= lemma.start <= lemma.end <= len(text)
            end = lemma.end

    check()


def test_auto_takes_wordnet_where_its_data_is(nltk_data, monkeypatch):
    import nltk

    assert lemmatizer("auto", nltk_data)[0] == "wordnet"
    monkeypatch.setattr(nltk.data, "path", [])
    assert lemmatizer("auto") == ("vocabulary", vocabulary_lemmas)


def test_damaged_data_is_one_line(monkeypatch, tmp_path):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    (tmp_path / "corpora" / "wordnet").mkdir(parents=True)
    tagger = tmp_path / "taggers" / "averaged_perceptron_tagger_eng"
    tagger.mkdir(parents=True)
    for part in ("weights", "tagdict", "classes"):
        (tagger / f"averaged_perceptron_tagger_eng.{part}.json").write_text("{oops")
    with pytest.raises(InputError, match="cannot be loaded") as error:
        lemmatizer("wordnet", tmp_path)
    assert "\n" not in str(error.value)


def test_wordnet_without_data_says_how_to_get_it(monkeypatch, tmp_path):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [])
    with pytest.raises(InputError, match=r"nltk.downloader .* --lemmas vocabulary"):
        lemmatizer("wordnet", tmp_path)
