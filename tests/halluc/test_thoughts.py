"""Thoughts told apart from answers, and what is no answer."""

from pathlib import Path

import pytest

from halluc.answers.given import Given
from halluc.records import Answer, Response, Sample, Token, lack_of
from halluc.runs import Run
from halluc.thoughts import TAGS, opens_thought, part_thought


@pytest.mark.parametrize(("begin", "end"), TAGS)
def test_every_kind_of_tag(begin: str, end: str) -> None:
    assert part_thought(f"{begin}Yes?{end} No.") == ("Yes?", "No.")
    assert part_thought(f"\n{begin}\nYes?\n{end}\n\nNo.\n") == ("Yes?", "No.")
    assert part_thought(f"Yes?{end}No.") == ("Yes?", "No.")  # opened by the prompt
    assert part_thought(f"{begin}Yes, a do") == ("Yes, a do", "")
    assert part_thought(f"{begin}Yes?{end}") == ("Yes?", "")
    assert part_thought(f"{begin}a{end}{begin}b{end}No.") == ("a\nb", "No.")
    assert opens_thought(f"assistant: {begin}\n") and not opens_thought(f"{begin}{end}")
    assert part_thought("Yes, a do", begun=True) == ("Yes, a do", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "No.",
        "I think not.",
        "A sign says <think>.",
        "Write <think>a</think> first.",
        "[x]",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert part_thought(text) == ("", text)


def test_a_frame_around_the_answer_goes() -> None:
    assert part_thought("<think>a</think><answer> No </answer>") == ("a", "No")
    assert part_thought("<think>a</think><|begin_of_box|>No<|end_of_box|>") == ("a", "No")
    final = "<|start|>assistant<|channel|>final<|message|>No<|return|>"
    assert part_thought(f"<|channel|>analysis<|message|>a<|end|>{final}") == ("a", "No")


def test_what_is_no_answer() -> None:
    assert lack_of("A dog") == lack_of("A dog", "length") == ""
    assert Response(id="1", text=" ").lack == "empty"
    assert Response(id="1", text="I cannot.", finish="refusal").lack == "refusal"
    assert Response(id="1", text="A", finish="content_filter").lack == "filtered"


def test_tokens_of_a_text_that_was_cut_are_left_out(tmp_path: Path) -> None:
    """A span means something in the text that it was counted in alone."""
    texts = {"1": "A cup.", "2": "<think>A fork?</think>A cup."}
    samples = [Sample(id=id) for id in texts]
    responses = [
        Response(id=id, text=each, tokens=(Token(0, 1, -0.5),)) for id, each in texts.items()
    ]
    pairs = [(each, Answer(each.id, texts[each.id], tmp_path, 1)) for each in samples]
    given = Given(Run(tmp_path, {}, samples, responses), pairs)
    assert given.texts == {"1": "A cup.", "2": "A cup."}
    assert given.tokens == {"1": (Token(0, 1, -0.5),)}
    assert Given(None, pairs).tokens == {}
