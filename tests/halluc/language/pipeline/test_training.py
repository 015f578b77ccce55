import random

import pytest

from halluc.errors import InputError
from halluc.language.pipeline.training import Recipe, save, train_pipeline
from halluc.language.pipeline.training.captions import caption_sentence
from halluc.language.pipeline.training.lemmas import lemma_tables
from halluc.language.pipeline.training.treebank import Sentence, Word, find_split, read_treebank

DOGS = """\
# newdoc id = dogs
# newpar id = dogs-1
# text = Two dogs don't sit.
1\tTwo\ttwo\tNUM\tCD\t_\t2\tnummod\t_\t_
2\tdogs\tdog\tNOUN\tNNS\t_\t5\tnsubj\t_\t_
3-4\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
3\tdo\tdo\tAUX\tVBP\t_\t5\taux\t_\t_
4\tn't\tnot\tPART\tRB\t_\t5\tadvmod\t_\t_
4.1\tever\tever\tADV\tRB\t_\t_\t_\t_\t_
5\tsit\tsit\tVERB\tVB\t_\t0\troot\t_\tSpaceAfter=No
6\t.\t.\tPUNCT\t.\t_\t5\tpunct\t_\t_

# newpar id = dogs-2
1\tThey\tthey\tPRON\tPRP\t_\t2\tnsubj\t_\t_
2\tstand\tstand\tVERB\tVBP\t_\t0\troot\t_\t_
"""


@pytest.fixture
def treebank(tmp_path):
    folder = tmp_path / "treebank"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"en-{split}.conllu").write_text(DOGS)
    return folder


def test_sentences_stand_as_in_the_text(treebank):
    first, second = read_treebank(find_split(treebank, "train"))
    assert "".join(word.text + " " * word.space for word in first.words) == "Two dogs don't sit. "
    assert [word.head for word in first.words] == [1, 4, 4, 4, 4, 4]
    assert [word.relation for word in first.words][-2:] == ["ROOT", "punct"]
    assert (first.begins, second.begins) == ("text", "paragraph")
    assert first.words[1].features == "Number=Plur"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t_\tSpaceAfter=No", "", r"en-dev.conllu:10: is no CoNLL-U: wanted 10 fields"),
        ("VB\t_\t0", "VB\t_\tzero", r"en-dev.conllu:10: .*wanted a number instead of 'zero'"),
        ("CD\t_\t2", "CD\t_\t9", r"en-dev.conllu:12: .*a head that is not there"),
        (DOGS, "", r"en-dev.conllu: has no sentence"),
        ("Two\ttwo", "\x00", r"en-dev.conllu:4: is no CoNLL-U"),
    ],
)
def test_a_damaged_treebank_is_one_line(treebank, old, new, message):
    path = treebank / "en-dev.conllu"
    path.write_text(DOGS.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        read_treebank(path)


def test_a_missing_treebank_is_one_line(treebank):
    with pytest.raises(InputError, match=r"none: is no folder"):
        find_split(treebank / "none", "train")
    with pytest.raises(InputError, match=r"has no file \*-other\.conllu"):
        find_split(treebank, "other")
    (treebank / "fr-dev.conllu").write_text(DOGS)
    with pytest.raises(InputError, match=r"more than one file \*-dev\.conllu"):
        find_split(treebank, "dev")
    (treebank / "en-test.conllu").rename(treebank / "en-test.conllu.gz")
    with pytest.raises(InputError, match="cannot be read"):
        read_treebank(find_split(treebank, "test"))


def test_made_up_captions_are_trees():
    chance = random.Random(0)
    for _ in range(500):
        words = caption_sentence(chance).words
        roots = [place for place, word in enumerate(words) if word.head == place]
        assert [words[place].relation for place in roots] == ["ROOT"]
        assert all(word.relation and word.tag and word.part for word in words)
        for place in range(len(words)):
            top = place
            for _ in words:  # no way up is longer than the sentence
                top = words[top].head
            assert top == roots[0]


def test_lemmas_of_unknown_words_and_exceptions():
    def noun(text, lemma):
        return Word(text, lemma, "NOUN", "NNS", 0, "ROOT")

    tables = lemma_tables([Sentence([noun("buses", "bus"), noun("oxen", "ox")], "text")])
    assert tables["lemma_exc"] == {"noun": {"oxen": ["ox"]}}
    assert tables["lemma_index"] == {"noun": ["bus", "ox"]}


def test_a_pipeline_is_trained_saved_and_the_same_again(treebank, tmp_path):
    import spacy

    (treebank / "en-train.conllu").write_text(DOGS * 40)  # a relation must be frequent

    recipe = Recipe(steps=4, every=2, words=(5, 10), width=8, depth=1, rows=50, captions=300)
    seen = []
    for name in ("one", "other"):
        nlp, figures = train_pipeline(treebank, recipe, lambda *each: seen.append(each))
        save(nlp, tmp_path / name, figures)
    assert [step for step, _ in seen] == [1, 2, 3, 4] * 2
    assert [dev is not None for _, dev in seen] == [False, True] * 4
    one, other = (spacy.load(tmp_path / name) for name in ("one", "other"))
    assert one.meta["license"] == "CC BY-SA 4.0"
    assert one.meta["sources"][0]["name"].endswith("(EWT)")
    text = "Two dogs stand. They don't sit on the benches."
    docs = [nlp(text), one(text), other(text)]
    shown = [[(w.tag_, w.pos_, w.dep_, w.lemma_, w.head.i) for w in doc] for doc in docs]
    assert shown[0] == shown[1] == shown[2]
    assert figures.keys() == {
        "the treebank's words and sentences",
        "raw text",
        "made-up captions",
    }
