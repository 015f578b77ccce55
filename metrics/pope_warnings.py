"""What makes figures of yes/no answers say less than they seem to: answers that nobody can read."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from metrics.pope_parsers import PARSERS, Parser

_ENGLISH = re.compile(r"\b(yes|no|not|none|cannot|without)\b|n't\b", re.IGNORECASE)
# Yes and no in other languages; words that English has, too, are left out.
_OTHERS = {
    "Chinese": r"是|否|不|没有|有|沒有",
    "Japanese": r"はい|いいえ|いません|ありません",
    "Korean": r"예|네|아니",
    "French": r"\b(oui|non|il y a|pas)\b",
    "German": r"\b(ja|nein|kein\w*|nicht)\b",
    "Spanish": r"\b(sí|hay)\b",
    "Portuguese": r"\b(sim|não|há)\b",
    "Italian": r"\b(sì|c'è)\b",
    "Russian": r"\b(да|нет)\b",
    "Arabic": r"نعم|لا",
    "Hindi": r"हाँ|हां|नहीं",
}
_LANGUAGES = {name: re.compile(words, re.IGNORECASE) for name, words in _OTHERS.items()}
# How many different texts are looked at for another parser.
_KEPT = 200


class Watch:
    """Looks at answers as they pass by.

    Attributes:
        answers: how many there were.
    """

    def __init__(self) -> None:
        self.answers = self._english = 0
        self._texts: Counter[str] = Counter()
        self._holds = lru_cache(maxsize=1 << 16)(lambda text: bool(_ENGLISH.search(text)))

    def see(self, text: str) -> None:
        """Look at an answer."""
        self.answers += 1
        self._english += self._holds(text)
        if text in self._texts or len(self._texts) < _KEPT:
            self._texts[text] += 1

    def warnings(self, parser: Parser, unknown: float) -> list[str]:
        """What a reader of the figures should know.

        Args:
            parser: who read the answers.
            unknown: how many answers it could not read.
        """
        found = []
        if self.answers and not self._english:
            found.append(
                f"no answer says yes or no; {parser.name} reads such text by what it lacks, so "
                f"these figures are those of no model{self._language()}"
            )
        elif 2 * unknown > self.answers:
            found.append(
                f"{parser.name} cannot read {unknown:.0f} of {self.answers} answers"
                f"{self._language()}{self._better(parser)}"
            )
        return found

    def _language(self) -> str:
        found = Counter[str]()
        for text, number in self._texts.items():
            for name, words in _LANGUAGES.items():
                found[name] += number if words.search(text) else 0
        (name, number), *_ = found.most_common(1)
        if 2 * number <= self._texts.total():
            return ""
        return f"; they seem to be {name}, and published scripts read English alone: ask in English"

    def _better(self, parser: Parser) -> str:
        """The parser that reads most of them, if it can say "unknown" itself."""
        reads = {
            each.name: sum(
                n for text, n in self._texts.items() if each.read(text, "no") != "unknown"
            )
            for each in PARSERS.values()
            if each.name in ("vlmevalkit", "icd", "lmms-eval") and each is not parser
        }
        name, number = max(reads.items(), key=lambda each: each[1])
        if 2 * number <= self._texts.total():
            return ""
        return f"; --parser {name} reads {100 * number / self._texts.total():.0f} % of them"
