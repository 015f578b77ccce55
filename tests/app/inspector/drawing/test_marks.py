"""Model output shows as text, whatever it is, and the words of claims are marked."""

import unicodedata
from html.parser import HTMLParser

import pytest
from hostile import hostile

from app.inspector.drawing.diff import diff_html
from app.inspector.drawing.html import card_html, finding_html, sample_html
from app.inspector.drawing.marks import LONGEST, marked, plain
from halluc.records import Claim, Finding, Response, Sample, Token, TrueObject, Truth


class Reader(HTMLParser):
    """Which tags a page has, with which attributes, and its text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")

    handle_decl = handle_pi = unknown_decl = handle_comment


OURS = {
    "p", "mark", "span", "div", "img", "b", "i", "ins", "del", "h2", "ul", "li", "label", "input",
    "details", "summary", "table", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {
    "class", "dir", "data-f", "data-e", "data-b", "data-t", "data-o", "aria-label", "role",
    "tabindex", "style", "title", "src", "alt", "type", "open",
}  # fmt: skip


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.tags <= OURS
    assert reader.attributes <= ATTRIBUTES
    return "".join(reader.text)


def finding(text, start=0, end=None):
    claim = Claim(
        kind="object", start=start, end=len(text) if end is None else end, subject=text[:300]
    )
    return Finding(id=text[:50], claim=claim, verdict="hallucinated", metric="m", rule=text[:300],
                   evidence=text[:300])  # fmt: skip


def test_500_hostile_strings_show_as_text():
    texts = hostile()
    assert len(texts) == 500 and max(map(len, texts)) > 1_000_000
    for text in texts:
        shown = read(marked(text, []))
        kept = text[:LONGEST]
        visible = [each for each in kept if each.isprintable() or each in "\n\t"]
        rest = iter(shown)
        assert all(each in rest for each in visible)  # all of them, in order
        if kept.isprintable() and len(text) <= LONGEST:
            assert shown == text
        for each in shown:
            assert each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl")
        # Wherever a text can get to: prompt, id, claim, rule, evidence, names of objects, a diff.
        sample = Sample(
            id=text[:200], prompt=text[:200],
            truth=Truth(objects=(TrueObject(name=text[:50]),), label="yes"),
        )  # fmt: skip
        short = text[:3000]
        middle = finding(short, 1, len(short) - 1) if len(short) > 3 else finding(short)
        response = Response(
            id="1", text=short, tokens=(Token(0, len(short), -1.0),), answers={text[:20]: 0.5},
            top_logprobs=(((text[:50], -0.5),),),
        )  # fmt: skip
        read(finding_html(middle, response))
        read(sample_html(sample, response, [finding(short), middle], text[:100], shade=True))
        read(card_html(sample, response, [middle], text[:100]))
        read(diff_html(short, short[::-1]))


def test_line_breaks_and_emoji_stay_and_what_turns_writing_round_does_not_act():
    assert plain("a\nb\tc") == "a\nb\tc"
    assert plain("🙂") == "🙂"
    assert plain("\u202eabc") == "⟨U+202E⟩abc"
    assert plain("\x1b[0m") == "␛[0m"


@pytest.mark.parametrize("verdict", ["hallucinated", "supported", "unverifiable"])
def test_words_are_marked_by_kind_with_rule_and_evidence(verdict):
    text = "A red cup is left of the fork."
    claims = [
        Claim(kind="attribute", start=2, end=5, subject="cup", value="red", family="color"),
        Claim(kind="relation", start=13, end=20, subject="cup", value="left of", object="fork",
              subject_span=(6, 9), object_span=(25, 29)),
    ]  # fmt: skip
    findings = [
        Finding(id="1", claim=each, verdict=verdict, metric="m", rule="r & s", evidence="the <b>")
        for each in claims
    ]
    html = marked(text, findings)
    assert read(html).startswith(text)
    assert f'class="hx-{verdict} hx-attribute hx-end" data-f="0"' in html
    assert "(r &amp; s – the &lt;b&gt;)" in html
    assert html.count('tabindex="0"') == (4 if verdict == "hallucinated" else 2)
    # What is told of each stands beside the text, and says how sure the model was of its words.
    tokens = (Token(0, 2, -0.5), Token(2, 5, -2.0), Token(13, 20, -0.25))
    told = marked(text, findings, Response(id="1", text=text, tokens=tokens))
    assert '<p data-e="0">' in told and "mean −log p 2.00" in told and "mean −log p 0.25" in told
    assert "−log p" not in html


def test_a_text_of_a_megabyte_is_cut_and_says_so():
    html = marked("x" * 1_000_000, [])
    assert "980,000 characters more" in html and len(html) < 21_000
