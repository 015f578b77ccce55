import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.errors import InputError
from halluc.language.words.lemmas import Tokenizer, lower
from halluc.language.words.lemmatizer import lemmatizer
from halluc.language.words.offline import offline_words
from halluc.language.words.pattern import pattern_words, singular
from halluc.language.words.vocabulary import coco_vocabulary
from halluc.language.words.wordnet import wordnet_lemmatizer

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
        ("the geese.", "the goose ."),
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
        ("the plane is taxiing", "the plane is taxi"),
        ("a taxiing plane", "a taxiing plane"),
        ("a snowboarding suit", "a snowboarding suit"),
        # Plurals as people write them, and signs that belong to a word or not.
        ("two busses and sheeps", "two bus and sheep"),
        ("the women’s dogs", "the woman ’ s dog"),
        ("dog,cat **bus** dog\x07", "dog , cat * * bus * * dog\x07"),
        # Nouns that the tagger takes for verbs.
        ("two parking meters", "two parking meter"),
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


def all_tokens(text):
    return Tokenizer(lambda word: True).tokens(text)


@given(captions)
def test_every_word_is_found_where_it_stands(text):
    forms, spans = all_tokens(text)
    assert list(spans) == list(range(len(forms)))
    end = 0
    for form, (start, stop) in zip(forms, spans.values(), strict=True):
        assert not text[end:start].strip()
        assert lower(text)[start:stop] == form
        end = stop
    assert not text[end:].strip()


@pytest.mark.parametrize("read", [offline_words, pattern_words])
@given(text=captions)
def test_known_words_are_found_where_they_stand(read, text):
    whole = all_tokens(text)
    forms, spans = read(text)
    assert len(forms) == len(whole.forms)
    assert spans.items() <= whole.spans.items()
    assert list(spans) == sorted(spans)
    assert {p for p, form in enumerate(forms) if form in coco_vocabulary().words} <= spans.keys()


def test_a_piece_may_stand_within_another_before_it_stands_alone():
    assert all_tokens("concat, cat-cat cat\ncat").spans[3] == (16, 19)
    assert offline_words("a car-pet\tand car").spans == {3: (14, 17)}


def test_a_tokenizer_forgets_at_times(monkeypatch):
    monkeypatch.setattr("halluc.language.words.lemmas._REMEMBERED", 3)
    tokenizer = Tokenizer({"dog"}.__contains__)
    for text in ("a b c d dog", "dog e f", "dog dog"):
        forms, spans = tokenizer.tokens(text)
        assert [forms[place] for place in spans] == ["dog"] * text.count("dog")


@given(st.text())
def test_lower_case_keeps_places(text):
    assert len(lower(text)) == len(text)


def test_tokens_are_like_nltks():
    text = "It's a close-up: they don't, can't... and/or 3.5 m."
    tokens = "it 's a close-up : they do n't , ca n't ... and/or 3.5 m ."
    assert " ".join(all_tokens(text).forms) == tokens


def test_wordnet_lemmas_and_spans(nltk_data):
    lemmatize = wordnet_lemmatizer(nltk_data)
    text = 'He said: "Two dogs" are seated on U.S. 395. the\n\nCats’ Knives'
    forms, spans = lemmatize(text)
    found = [(text[start:end], forms[place]) for place, (start, end) in spans.items()]
    assert found == [("dogs", "dog"), ("seated", "seat"), ("Cats", "cat"), ("Knives", "knife")]
    assert {"395.", "``", "’"} <= set(forms)
    assert lemmatize("") == ([], {})


def test_a_sentence_may_end_in_a_clitic(nltk_data):
    forms, _ = wordnet_lemmatizer(nltk_data)("The hat is larger than the man's. He waits.")
    assert forms[6:10] == ["man", "'s", ".", "he"]


def test_wordnet_spans_are_in_order(nltk_data):
    lemmatize = wordnet_lemmatizer(nltk_data)

    @given(captions)
    def check(text):
        end = 0
        for start, stop in lemmatize(text).spans.values():
            assert end <= start < stop <= len(text)
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
