"""Answers that try to be more than text."""

import random

SEEDS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</p></div><iframe src=javascript:alert(1)>",
    '"><b onmouseover="alert(1)">',
    "' onfocus='alert(1)' autofocus='",
    "<style>*{display:none}</style>",
    "<!-- --><![CDATA[x]]>",
    "&lt;script&gt; &#60;b&#62; &amp;",
    "[link](javascript:alert(1)) **bold** `code` $x^2$ :red[x]",
    "# heading\n- list\n| a | b |\n|---|---|",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "\x00\x01\x07\x08\x1b[31mred\x7f\x85\x9f",
    "\ufeff\u200b\u2028\u2029\ue000\uffff",
    "e\u0301\u0489 שלום مرحبا 🙂👩‍👩‍👧",
    "{{7*7}} ${7*7} %s {0}",
    "\\u003cscript\\u003e",
    "a" * 1000 + "<b>",
    "\r\n\r\n\t<a href=//x>",
    "<mark class='hx-supported' data-f=0>",
]


def hostile(number=500):
    """Hostile strings: the seeds, pieces of them together, and random characters."""
    rng = random.Random(0)
    texts = [*SEEDS, "<script>x</script>" * 60_000]
    while len(texts) < number:
        parts = rng.choices(SEEDS, k=rng.randint(2, 4))
        noise = "".join(chr(rng.randrange(0xD800)) for _ in range(rng.randint(0, 20)))
        texts.append(noise.join(part[: rng.randint(1, 60)] for part in parts))
    return texts
