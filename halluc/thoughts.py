"""The thought of a reasoning model, separated from its answer.

Models that reason write their thought before the answer, between tags of their own. A thought names
what may be and what may not be, so it is neither read as an answer nor scored.
"""

from __future__ import annotations

TAGS = (
    ("<think>", "</think>"),  # DeepSeek-R1, Qwen3-VL, GLM-4.1V, InternVL3.5, MiniCPM-V
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi-VL
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    ("<|channel|>analysis<|message|>", "<|end|>"),  # OpenAI's harmony
)
"""What thoughts are put between."""

# What an answer behind a thought may be put between.
_FRAMES = (
    ("<answer>", "</answer>"),
    ("<|begin_of_box|>", "<|end_of_box|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|start|>assistant<|channel|>final<|message|>", "<|return|>"),
)
# The first sign of every tag; most texts have none of them.
_SIGNS = tuple({tag[0] for pair in TAGS for tag in pair})


def part_thought(text: str, *, begun: bool = False) -> tuple[str, str]:
    """Thought and answer of a text, each without its tags.

    Behind a thought that was cut off there is no answer. A closing tag alone counts, too, as many
    chat templates write the opening one into the prompt. Other text comes back as it is.

    Args:
        text: what a model wrote.
        begun: the prompt ends with an opening tag.

    >>> part_thought("<think>Yes, or is it?</think>No.")
    ('Yes, or is it?', 'No.')
    >>> part_thought("<think>Yes, there")
    ('Yes, there', '')
    """
    if not begun and not any(sign in text for sign in _SIGNS):
        return "", text
    thoughts, rest = list[str](), text
    while True:
        head = rest.lstrip()
        tag = next((each for each in TAGS if head.startswith(each[0])), None)
        if tag is None:
            if thoughts:
                break
            closing = [(rest.find(end), begin, end) for begin, end in TAGS if end in rest]
            if not closing:
                return (rest.strip(), "") if begun else ("", text)
            place, begin, end = min(closing)
            if begin in rest[:place]:
                return "", text  # an answer that speaks of tags
            thoughts.append(rest[:place].strip())
            rest = rest[place + len(end) :]
            continue
        thought, closed, rest = head.removeprefix(tag[0]).partition(tag[1])
        thoughts.append(thought.strip())
        if not closed:
            rest = ""
    return "\n".join(filter(None, thoughts)), _unframed(rest.strip())


def opens_thought(prompt: str) -> bool:
    """Whether a prompt ends with an opening tag, so that the model goes on with a thought."""
    return prompt.rstrip().endswith(tuple(begin for begin, _ in TAGS))


def _unframed(answer: str) -> str:
    for begin, end in _FRAMES:
        if answer.startswith(begin):
            return answer.removeprefix(begin).removesuffix(end).strip()
    return answer
