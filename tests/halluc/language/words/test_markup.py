import pytest
from hypothesis import given
from hypothesis import strategies as st

from halluc.language.words.markup import plain, without_thoughts


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<think>A cat?</think>\n\nA dog.", "A dog."),
        ("<thinking>\nA cat.\n</thinking> A dog.", "A dog."),
        ("[THINK]A cat[/THINK]A dog.", "A dog."),
        ("◁think▷A cat◁/think▷A dog.", "A dog."),
        ("A cat?</think>A dog.", "A dog."),
        ("A dog.<think>A cat, perhaps", "A dog."),
        ("<|channel|>analysis<|message|>A cat<|end|>A dog.", "A dog."),
        ("I think <b>a dog</b> [1] sits.", "I think <b>a dog</b> [1] sits."),
    ],
)
def test_thoughts_are_no_statement(text, left):
    assert without_thoughts(text).strip() == left
    assert len(without_thoughts(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- **Cup**: red\n- Fork: silver", "Cup : red, Fork: silver"),
        ("# Things\n\n1. a cup\n2. a fork", "Things. a cup. a fork"),
        ("| cup | red |\n|---|---|\n| fork | blue |", "cup : red. fork : blue"),
        ("<|im_start|>assistant\nA `red` cup.<|im_end|>", "A red cup."),
        ("ASSISTANT: A cup.</s>", "A cup."),
        ("cup = red\nfork = blue", "cup = red,fork = blue"),
        ("A close-up of 3 - 4 cups, e.g. a_b.", "A close-up of 3 - 4 cups, e.g. a_b."),
    ],
)
def test_markup_is_no_word(text, words):
    assert " ".join(plain(text).split()) == words


MARKS = st.sampled_from([*"*_#>|-`~<[]/:=\n .ab1", "<think>", "</think>", "- ", "\n\n"])


@given(st.lists(MARKS, max_size=60).map("".join) | st.text(max_size=80))
def test_every_character_keeps_its_place(text):
    for changed in (plain(text), without_thoughts(text)):
        assert len(changed) == len(text)
        assert all(new in (old, " ", ".", ",", ":") for new, old in zip(changed, text, strict=True))
