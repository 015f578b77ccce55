"""How published scripts read an answer as yes or no, and which of their readings they count.

Each parser is a small function from an answer (and the right answer, which one of them looks at) to
yes, no or unknown, and a rule that makes the figures. Quirks are kept: a figure is comparable only
with figures of the same parser. Ratios are (numerator, denominator), none of them divided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Literal

from halluc.records import Label

Reading = Literal["yes", "no", "unknown"]
Ratios = dict[str, tuple[int, int]]

_MARKS = ';/[]"{}()=+\\_-><@`,?!'


@dataclass(frozen=True)
class PopeCounts:
    """Answers by reading and truth; positive is the answer "yes".

    Attributes:
        tp, fp: read as yes; the right answer is yes, no.
        tn, fn: read as no; the right answer is no, yes.
        unknown_yes, unknown_no: read as neither; the right answer is yes, no.
    """

    tp: int = 0
    fp: int = 0
    tn: int = 0
    fn: int = 0
    unknown_yes: int = 0
    unknown_no: int = 0

    def __add__(self, other: PopeCounts) -> PopeCounts:
        """Counts of both together."""
        return PopeCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def read(self) -> int:
        """Answers read as yes or no."""
        return self.tp + self.fp + self.tn + self.fn

    @property
    def unknown(self) -> int:
        """Answers read as neither."""
        return self.unknown_yes + self.unknown_no


def read_pope(text: str, label: Label) -> Reading:
    """Yes or no, as the original POPE script reads an answer.

    Only the text before the first full stop counts, and there the words "No", "not" and "no" alone
    mean no. Everything else is yes: "NO", "no!", "isn't", and an empty answer too. Source: Li et
    al. 2023 (arXiv:2305.10355), ``evaluate.py`` of https://github.com/RUCAIBox/POPE; LLaVA's
    ``eval_pope.py`` reads alike.

    >>> [read_pope(text, "no") for text in ("No, there is not.", "NO", "Yes. No cat.")]
    ['no', 'yes', 'yes']
    """
    sentence = text.split(".", 1)[0].replace(",", "")
    return "no" if {"No", "not", "no"} & set(sentence.split(" ")) else "yes"


def read_opera(text: str, label: Label) -> Reading:
    """Yes or no, as OPERA, HA-DPO and PAI read an answer.

    The whole answer counts, without full stops and commas; "No", "not", "no", "NO" and words that
    end with "n't" mean no, everything else is yes. Source: Huang et al. 2023 (arXiv:2311.17911),
    ``pope_eval.py`` of https://github.com/shikiw/OPERA.

    >>> [read_opera(text, "no") for text in ("NO", "Yes. No cat.", "It isn't", "Cannot say")]
    ['no', 'no', 'no', 'yes']
    """
    words = text.replace(".", "").replace(",", "").split(" ")
    denied = any(word in ("No", "not", "no", "NO") or word.endswith("n't") for word in words)
    return "no" if denied else "yes"


def read_vcd(text: str, label: Label) -> Reading:
    """Yes or no, as VCD, DeCo and LLaVA-Align judge an answer by the right one.

    The right answer only has to stand somewhere in the text, in any case: "know" and "snow" hold a
    no, an answer that says both is always right, one that says neither always wrong. Source: Leng
    et al. 2023 (arXiv:2311.16922), ``experiments/eval/eval_pope.py`` of
    https://github.com/DAMO-NLP-SG/VCD.

    >>> read_vcd("Yes, in the snow", "yes"), read_vcd("Yes, in the snow", "no"), read_vcd("?", "no")
    ('yes', 'no', 'yes')
    """
    if label in text.lower():
        return label
    return "no" if label == "yes" else "yes"


def read_icd(text: str, label: Label) -> Reading:
    """Yes, no or unknown, as ICD reads an answer.

    As the original, but yes needs "Yes" or "yes" as a word of the first sentence. Source: Wang et
    al. 2024 (arXiv:2403.18715), ``experiments/eval_scripts/eval_pope.py`` of
    https://github.com/p1k0pan/ICD.

    >>> [read_icd(text, "no") for text in ("No cat", "Yes, a cat", "YES", "A cat. Yes")]
    ['no', 'yes', 'unknown', 'unknown']
    """
    words = set(text.split(".", 1)[0].replace(",", "").split(" "))
    if words & {"No", "not", "no"}:
        return "no"
    return "yes" if words & {"Yes", "yes"} else "unknown"


def read_lmms_eval(text: str, label: Label) -> Reading:
    """Yes, no or unknown, as lmms-eval reads an answer.

    It must be "yes" or "no" and nothing else, in any case: "Yes." is unknown. Source: Zhang et al.
    2024 (arXiv:2407.12772), ``lmms_eval/tasks/pope/utils.py`` of
    https://github.com/EvolvingLMMs-Lab/lmms-eval.

    >>> [read_lmms_eval(text, "no") for text in (" No", "YES", "Yes.")]
    ['no', 'yes', 'unknown']
    """
    answer = text.lower().strip()
    return "yes" if answer == "yes" else "no" if answer == "no" else "unknown"


def read_vlmevalkit(text: str, label: Label) -> Reading:
    """Yes, no or unknown, as VLMEvalKit reads an answer without its judge model.

    Of the words in lower case, punctuation processed as in VQA's evaluation, exactly one of "yes"
    and "no" must be there. Source: Duan et al. 2024 (arXiv:2407.11691), ``YOrN_Extraction`` in
    ``vlmeval/dataset/utils/yorn.py`` of https://github.com/open-compass/VLMEvalKit.

    >>> [read_vlmevalkit(text, "no") for text in ("It is, yes!", "No. Yes.", "not")]
    ['yes', 'unknown', 'unknown']
    """
    words = set(_without_punctuation(text.lower()).split())
    if "yes" in words:
        return "unknown" if "no" in words else "yes"
    return "no" if "no" in words else "unknown"


def _without_punctuation(text: str) -> str:
    """Marks that stand beside a space go, others become one; full stops go unless a digit follows.

    With a comma between digits anywhere all marks go. Of the full stops only the first 32 do: the
    published call gives the flag ``re.UNICODE`` where the number of replacements belongs.
    """
    grouped = re.search(r"\d,\d", text) is not None
    plain = text
    for mark in _MARKS:
        beside_space = f"{mark} " in text or f" {mark}" in text
        plain = plain.replace(mark, "" if grouped or beside_space else " ")
    return re.sub(r"\.(?!\d)", "", plain, count=int(re.UNICODE))


def plain_ratios(counts: PopeCounts) -> Ratios:
    """What is read counts; F1 is 2 TP / (2 TP + FP + FN), so 0 where the model never says yes."""
    tp, fp, tn, fn = counts.tp, counts.fp, counts.tn, counts.fn
    return {
        "accuracy": (tp + tn, counts.read),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "F1": (2 * tp, 2 * tp + fp + fn),
        "yes ratio": (tp + fp, counts.read),
    }


def icd_ratios(counts: PopeCounts) -> Ratios:
    """Unknown answers are left out everywhere but in the share of yes."""
    yes = counts.tp + counts.fp
    return {**plain_ratios(counts), "yes ratio": (yes, counts.read + counts.unknown)}


def lmms_eval_ratios(counts: PopeCounts) -> Ratios:
    """Unknown answers are wrong, but recall forgets them; the share of yes is that of the truth."""
    whole = counts.read + counts.unknown
    return {
        **plain_ratios(counts),
        "accuracy": (counts.tp + counts.tn, whole),
        "yes ratio": (counts.tp + counts.fn + counts.unknown_yes, whole),
    }


def vlmevalkit_ratios(counts: PopeCounts) -> Ratios:
    """Unknown answers are wrong, and count as no in precision, recall and F1.

    The share of yes, which VLMEvalKit does not print, is of all answers.
    """
    tp, fp, missed = counts.tp, counts.fp, counts.fn + counts.unknown_yes
    whole = counts.read + counts.unknown
    return {
        "accuracy": (tp + counts.tn, whole),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + missed),
        "F1": (2 * tp, 2 * tp + fp + missed),
        "yes ratio": (tp + fp, whole),
    }


@dataclass(frozen=True)
class Parser:
    """A published way to read and count answers.

    Attributes:
        name: as ``--parser`` takes it.
        read: how an answer and the right answer give a reading.
        ratios: how counts give the figures.
        pools: the published figure is of all splits together; the mean over them stands beside it.
    """

    name: str
    read: Callable[[str, Label], Reading]
    ratios: Callable[[PopeCounts], Ratios] = plain_ratios
    pools: bool = False


PARSERS = {
    parser.name: parser
    for parser in (
        Parser("pope", read_pope),
        Parser("opera", read_opera),
        Parser("vcd", read_vcd),
        Parser("icd", read_icd, icd_ratios),
        Parser("lmms-eval", read_lmms_eval, lmms_eval_ratios, pools=True),
        Parser("vlmevalkit", read_vlmevalkit, vlmevalkit_ratios, pools=True),
    )
}
