import json
import re

import pytest

from halluc.language.words.nouns import wordnet_nouns
from halluc.language.words.similarity import same_sense, similarity


def nouns(text, nltk_data):
    forms, spans = wordnet_nouns(nltk_data)(text)
    return [(form, text[start:end]) for form, (start, end) in zip(forms, spans, strict=True)]


def test_nouns_stand_in_singular_where_they_are_written(nltk_data):
    text = "A man is walking two dogs. The leaves fall slowly, and he can see a TV."
    assert nouns(text, nltk_data) == [
        *(("man", "man"), ("dog", "dogs"), ("leaf", "leaves"), ("TV", "TV")),
    ]


def test_a_capital_stays(nltk_data):
    assert nouns("Dogs run on the beach.", nltk_data)[0] == ("Dogs", "Dogs")


@pytest.mark.parametrize(
    "text",
    [
        "There are 3. The dogs run on sand.",
        'He said "Look at the dogs." They like sand.',
        "Dr. Smith has dogs. They like sand.",
    ],
)
def test_the_last_word_of_a_sentence_loses_its_full_stop(text, nltk_data):
    found = [form for form, _ in nouns(text, nltk_data)]
    assert found[-1] == "sand"
    assert "dog" in found


def test_wordnet_knows_words_of_the_same_sense(nltk_data):
    similar = similarity("wordnet", nltk_data)
    for one, other in (("couch", "sofa"), ("phone", "telephone"), ("earring", "earring")):
        assert similar(one, other) and similar(other, one)
    # Toilet, can and pot are one in a rare sense, a ship and a boat never.
    for one, other in (("toilet", "can"), ("pot", "toilet"), ("ship", "boat"), ("cat", "dog")):
        assert not similar(one, other)
    # Words that WordNet does not know are like themselves alone.
    assert same_sense("kiwifruit", "kiwifruit")
    assert not same_sense("kiwifruit", "bedsheet")


def test_sentences_are_read_as_the_published_script_reads_them(shared, nltk_data):
    """Sentence by sentence, where the script needs no punkt either."""
    import nltk
    from nltk.stem import WordNetLemmatizer
    from nltk.tag import PerceptronTagger

    read, tagger, lemmatizer = wordnet_nouns(nltk_data), PerceptronTagger(), WordNetLemmatizer()
    file = shared / "captions" / "less-is-more" / "r1-llava1.5-7b.jsonl"
    captions = [json.loads(line)["text"] for line in file.read_text().splitlines()]
    sentences = [caption.split(".")[0] + "." for caption in captions]
    plain = [each for each in sentences if not re.search(r"[!?\n]", each)]
    assert len(plain) > 200
    for text in plain[:200]:
        tagged = tagger.tag(nltk.word_tokenize(text, preserve_line=True))
        literal = [lemmatizer.lemmatize(word) for word, tag in tagged if tag.startswith("NN")]
        assert read(text).forms == literal
