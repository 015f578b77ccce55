"""Thoughts told apart from answers, and what is no answer."""

import pytest

from halluc.records import Response, lack_of
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
