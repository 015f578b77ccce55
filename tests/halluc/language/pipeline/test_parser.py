import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from halluc.language.pipeline import parser
from halluc.language.pipeline.parser import FOLDER, load_pipeline, parse, sayable
from halluc.language.pipeline.tree import read_words


def test_a_caption_is_parsed():
    text = "A small brown dog is sitting on a wooden bench. There are two cups next to it."
    [doc] = parse([text])
    first, second = doc.sents
    assert (first.text, second.text) == tuple(text.replace(". ", ".|").split("|"))
    dog, bench, cups = doc[3], doc[9], doc[14]
    assert [dog.text, bench.text, cups.text] == ["dog", "bench", "cups"]
    assert (dog.dep_, dog.head.text, bench.head.text) == ("nsubj", "sitting", "sitting")
    assert {child.text for child in dog.children} == {"A", "small", "brown"}
    assert cups.tag_ == "NNS"


def test_words_have_lemmas_heads_and_places_of_the_text():
    text = "\n Two women’s mugs  aren’t there. Mice are smaller."
    [doc] = parse([text])
    words = read_words(doc)
    assert [(each.text, each.lemma) for each in words] == [
        ("two", "two"), ("women", "woman"), ("'s", "'s"), ("mugs", "mug"), ("are", "be"),
        ("n't", "not"), ("there", "there"), (".", "."), ("mice", "mouse"), ("are", "be"),
        ("smaller", "small"), (".", "."),
    ]  # fmt: skip
    spans = [text[each.start : each.end].lower().replace("’", "'") for each in words]
    assert spans == [each.text for each in words]
    assert words[0].sentence < words[-1].sentence
    assert [each.text for each in words if each.title] == ["two", "mice"]


def test_the_pipeline_says_where_it_comes_from():
    meta = load_pipeline().meta
    assert meta["license"] == "CC BY-SA 4.0"
    assert "English Web Treebank" in meta["sources"][0]["name"]
    assert meta["performance"]["LAS"] > 0.79
    size = sum(file.stat().st_size for file in parser.FOLDER.rglob("*") if file.is_file())
    assert size < 10_000_000


def test_the_parse_is_that_of_spacy_alone():
    texts = ["A dog and a dog are near a Dog.", "", "Two cups of tea; a cup is red.", "a a a a"] * 3

    def told(doc):
        return [(each.tag_, each.dep_, each.head.i, each.is_sent_start) for each in doc]

    plain = spacy.load(FOLDER, exclude=["morphologizer", "lemmatizer"])
    assert [told(doc) for doc in parse(texts)] == [told(doc) for doc in plain.pipe(texts)]


def test_order_is_kept_and_texts_are_taken_as_they_come():
    texts = [f"{'Dogs bark. ' * (place % 3)}{place}" for place in range(150)]
    taken = []
    docs = parse(taken.append(text) or text for text in texts)
    assert next(docs).text == texts[0]
    assert len(taken) < 100
    assert [doc.text for doc in docs] == texts[1:]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\n",
        "  A  dog \t\n . ",
        "🐶👩‍👩‍👧 🇩🇪",
        "犬がベンチに座っている。",
        "كلب على مقعد",
        "a\x00dog\x07\x1b[0m\x85\u2028",
        "e\u0301" * 20,
        "((((" * 50,
        "\ufeffA dog.",
    ],
)
def test_odd_texts(text):
    [doc] = parse([text])
    assert doc.text == text
    assert "".join(sentence.text_with_ws for sentence in doc.sents) == text
    for token in doc:
        assert text[token.idx : token.idx + len(token)] == token.text


def test_lone_surrogates_keep_every_place():
    [doc] = parse(["A \ud83d dog."])
    assert doc.text == "A \ufffd dog."
    assert doc.text.index("dog") == 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_text(texts):
    docs = list(parse(texts))
    assert len(docs) == len(texts)
    for doc, text in zip(docs, texts, strict=True):
        whole = sayable(text)
        assert doc.text == whole
        assert all(whole[each.idx : each.idx + len(each)] == each.text for each in doc)


def test_long_texts_are_cut_after_a_line_a_sentence_a_word(monkeypatch):
    monkeypatch.setattr(parser, "_PIECE", 20)
    assert list(parser._pieces("A dog. A black\ncat. Birds too.")) == [
        "A dog. A black\n",
        "cat. Birds too.",
    ]
    assert list(parser._pieces("A black dog. A cat and birds")) == [
        "A black dog. ",
        "A cat and birds",
    ]
    assert list(parser._pieces("A dog and a black cat")) == ["A dog and a black ", "cat"]
    assert list(parser._pieces("x" * 45)) == ["x" * 20, "x" * 20, "x" * 5]
    monkeypatch.setattr(parser, "_PIECE", 1000)
    assert list(parser._pieces("a " + "x" * 450)) == ["a " + "x" * 200, "x" * 200, "x" * 50]
    assert list(parser._pieces("x" * 400)) == ["x" * 200] * 2
    monkeypatch.setattr(parser, "_PIECE", 45)
    text = "A dog sits on a bench. Two cats sleep.\n" * 4
    [doc] = parse([text])
    assert doc.text == text
    assert [each.text.strip() for each in doc.sents][:2] == [
        "A dog sits on a bench.",
        "Two cats sleep.",
    ]
    assert all(each.root.dep_ == "ROOT" for each in doc.sents)
    bench = doc[5]
    assert (bench.text, bench.head.text, bench.sent.start) == ("bench", "sits", 0)


@pytest.mark.parametrize(
    "piece", ["A dog sits on a bench. ", "a", "(", "a.", "😀", "\n", "http://"]
)
def test_long_texts_of_one_kind(piece):
    text = piece * (50_000 // len(piece))
    [doc] = parse([text])
    assert doc.text == text


def test_new_words_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(parser, "_REMEMBERED", 3000)
    first = next(parse(["A dog."]))
    words = set()
    for start in range(0, 4000, 500):
        texts = [f"A w{start + n}x sits." for n in range(500)]
        list(parse(texts))
        words.add(len(load_pipeline().vocab.strings))
    assert max(words) < 3000 + 64 * 8
    assert [token.tag_ for token in first] == ["DT", "NN", "."]
