import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.errors import InputError
from halluc.language.lemmas import lemmatizer, lower, tokenize
from halluc.language.offline import offline_words
from halluc.language.pattern import pattern_words, singular
from halluc.language.wordnet import wordnet_lemmatizer

captions = st.lists(
    st.sampled_from(["a", "Dogs", "men's", '"', "''", "``", "don't", "3.5", "İ", "x.", "\n\n", "!"])
).map(" ".join) | st.text(max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
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
        ("the geese", "the goose"),
        ("monkeys", "monkeys"),
        ("osprey", "osprey"),
        ("TVs", "tv"),
        ("people", "people"),
        ("children", "child"),
        ("benches", "bench"),
        ("buffaloes", "buffalo"),
        # What WordNet does not take back, and what it takes for something else.
        ("men", "men"),
        ("smartphones", "smartphones"),
        ("vases", "vases"),
        ("sports balls", "sport ball"),
        # Verbs that are read as objects, and the same words as nouns and adjectives.
        ("they are seated", "they are seat"),
        ("the seated man", "the seated man"),
        ("a man skiing down it", "a man ski down it"),
        ("their skiing skills", "their skiing skills"),
        ("a skateboarding trick", "a skateboarding trick"),
        ("tied to a tree", "tie to a tree"),
        ("seating for two", "seat for two"),
        ("ample seating for two", "ample seating for two"),
        # Nouns that the tagger takes for verbs.
        ("two parking meters", "two park meter"),
        ("the parking meters", "the parking meter"),
        ("a bed, potted plants", "a bed , pot plant"),
        ("the umbrellas come in red", "the umbrellas come in red"),
    ],
)
def test_words_of_the_vocabulary_offline(text, words):
    assert " ".join(offline_words(text).forms) == words


@pytest.mark.parametrize(
    ("plural", "found"),
    [
        ("buses", "bus"),
        ("bus", "bu"),
        ("minibus", "minibu"),
        ("glasses", "glass"),
        ("glass", "glas"),
        ("tennis", "tenni"),
        ("ties", "ty"),
        ("doggies", "doggies"),
        ("scissors", "scissors"),
        ("women", "woman"),
        ("people", "person"),
        ("children", "child"),
        ("geese", "goose"),
        ("oxen", "ox"),
        ("mice", "mouse"),
        ("knives", "knife"),
        ("calves", "calf"),
        ("stoves", "stove"),
        ("thieves", "thieve"),
        ("ferries", "ferry"),
        ("couches", "couch"),
        ("toothbrushes", "toothbrush"),
        ("buffaloes", "buffalo"),
        ("skis", "ski"),
        ("taxi", "taxi"),
        ("seated", "seated"),
    ],
)
def test_pattern_makes_every_word_singular(plural, found):
    assert singular(plural) == found


@pytest.mark.parametrize("read", [tokenize, offline_words, pattern_words])
def test_spans_are_in_order_and_hold_the_words(read):
    @given(captions)
    def check(text):
        forms, spans = read(text)
        end = 0
        for start, stop in spans:
            assert not text[end:start].strip()
            assert start < stop
            end = stop
        assert not text[end:].strip()
        assert len(forms) == len(spans)

    check()


@given(st.text())
def test_lower_case_keeps_places(text):
    assert len(lower(text)) == len(text)


def test_tokens_are_like_nltks():
    text = "It's a close-up: they don't, can't... and/or 3.5 m."
    tokens = "it 's a close-up : they do n't , ca n't ... and/or 3.5 m ."
    assert " ".join(tokenize(text).forms) == tokens


def test_wordnet_lemmas_and_spans(nltk_data):
    lemmatize = wordnet_lemmatizer(nltk_data)
    text = 'He said: "Two dogs" are seated on U.S. 395. the\n\nCats’ Knives'
    forms, spans = lemmatize(text)
    found = [(text[start:end], form) for form, (start, end) in zip(forms, spans, strict=True)]
    assert ("dogs", "dog") in found
    assert ("seated", "seat") in found
    assert ("395.", "395.") in found
    assert ('"', "``") in found
    assert lemmatize("") == ([], [])


def test_a_sentence_may_end_in_a_clitic(nltk_data):
    forms, _ = wordnet_lemmatizer(nltk_data)("The hat is larger than the man's. He waits.")
    assert forms[6:10] == ["man", "'s", ".", "he"]


def test_wordnet_spans_are_in_order(nltk_data):
    lemmatize = wordnet_lemmatizer(nltk_data)

    @given(captions)
    def check(text):
        end = 0
        for start, stop in lemmatize(text).spans:
            assert end <= start <= stop <= len(text)
            end = stop

    check()


def test_ways_by_name(nltk_data):
    assert lemmatizer() is offline_words
    assert lemmatizer("pattern") is pattern_words
    assert lemmatizer("wordnet", nltk_data) is wordnet_lemmatizer(nltk_data)


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
    with pytest.raises(InputError, match=r"nltk.downloader .* --compat offline"):
        lemmatizer("wordnet", tmp_path)
