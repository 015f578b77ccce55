"""What a text claims against what is true, as a graph: objects, their attributes, relations.

Objects stand about where they are in the picture. Only relations that are claimed are drawn, as a
truth may state one for every pair. Right, wrong and unverifiable differ by sign and by line, too.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from app.inspector.drawing.marks import claim_words, plain
from halluc.records import Finding, Sample, TrueObject, Verdict

WIDTH, HEIGHT = 760, 380
_NODE, _LINE, _GAP = 108, 17, 106
"""Width of a node, height of a line of its text, and space for words between two nodes."""
MOST = 16
"""Objects that are drawn; more are no picture of anything."""
_SIGNS: dict[Verdict, str] = {"supported": "✓", "hallucinated": "✗", "unverifiable": "?"}


@dataclass
class _Node:
    """An object: true or claimed, with what is claimed of it."""

    name: str
    sign: str = ""
    lines: list[tuple[Verdict, str]] = field(default_factory=list)
    x: float = 0
    y: float = 0

    @property
    def height(self) -> int:
        return _LINE * (1 + len(self.lines)) + 10


_Edges = dict[tuple[int, int], list[tuple[Verdict, str]]]


def graph_html(sample: Sample, findings: Sequence[Finding]) -> str:
    """The graph of a sample, folded open; empty where nothing is true or claimed of objects.

    Args:
        sample: with its truth.
        findings: of one metric, in the order of the words.
    """
    true = sample.truth.objects if sample.truth else ()
    if not findings or not true:
        return ""
    nodes, edges = _graph(true, findings)
    _place(nodes, true)
    lines, labels = [], []
    for number, ((a, b), told) in enumerate(edges.items()):
        line, label = _edge(nodes[a], nodes[b], told, 0.38 + 0.2 * (number % 2))
        lines.append(line)
        labels.append(label)
    drawn = [*lines, *map(_node, nodes), *labels]  # words stand above all lines
    bottom = max(each.y + each.height / 2 for each in nodes) + 6
    words = "; ".join(f"{_SIGNS[each.verdict]} {claim_words(each.claim)}" for each in findings[:40])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom:.0f}"'
        f' width="{WIDTH}" height="{bottom:.0f}"><style>{_STYLE}</style>{"".join(drawn)}</svg>'
    )
    # As a picture: Streamlit leaves SVG's own elements out of what it shows.
    data = base64.b64encode(svg.encode()).decode("ascii")
    return (
        '<details class="hx-graph" open><summary>Scene graph: claims against the ground truth'
        f'</summary><div tabindex="0"><img src="data:image/svg+xml;base64,{data}"'
        f' alt="{plain(words)}"></div><p>✓ right, ✗ wrong, ? unverifiable, – true and not said; '
        "of relations those that are claimed.</p></details>"
    )


_STYLE = (
    "text{font:13px system-ui,sans-serif;text-anchor:middle;fill:#222;stroke:#fff;"
    "stroke-width:4px;paint-order:stroke}text.hx-hallucinated{font-weight:700}"
    "rect{fill:#fff;stroke:#888}path{fill:none;stroke:#888;stroke-width:1.5px}polygon{fill:#888}"
    ".hx-supported:not(text){stroke:#009e73;stroke-width:2px}polygon.hx-supported{fill:#009e73}"
    ".hx-hallucinated:not(text){stroke:#d55e00;stroke-width:2.5px}"
    "polygon.hx-hallucinated{fill:#d55e00}:is(rect,path).hx-hallucinated{stroke-dasharray:7 3}"
    ":is(rect,path).hx-unverifiable{stroke-dasharray:2 3}"
    "@media(prefers-color-scheme:dark){text{fill:#eee;stroke:#171614}rect{fill:#171614}}"
)


def _graph(true: Sequence[TrueObject], findings: Sequence[Finding]) -> tuple[list[_Node], _Edges]:
    """Nodes, the true objects first, and the claimed relations among them."""
    nodes = [_Node(each.name) for each in true[:MOST]]
    absent: dict[str, int] = {}

    def at(name: str, finding: Finding) -> int | None:
        """The node of an object that a claim is about."""
        named = [n for n, each in enumerate(true[:MOST]) if each.name == name]
        boxed = [n for n in named if true[n].box in finding.boxes]
        if named:
            return (boxed or named)[0]
        if name and name not in absent and len(nodes) < 2 * MOST:
            absent[name] = len(nodes)
            nodes.append(_Node(name))
        return absent.get(name)

    edges: _Edges = {}
    for each in sorted(findings, key=lambda one: one.claim.kind != "object"):
        claim, told = each.claim, _SIGNS[each.verdict]
        one = at(claim.subject, each)
        if one is None:
            continue
        node = nodes[one]
        if claim.kind == "object":
            for n in [n for n, o in enumerate(true[:MOST]) if o.box in each.boxes] or [one]:
                nodes[n].sign = nodes[n].sign or told
        elif claim.kind == "attribute":
            line = (each.verdict, claim.value)
            node.lines += [line] if line not in node.lines else []
        elif (other := at(claim.object, each)) is not None and other != one:
            told_of = edges.setdefault((one, other), [])
            told_of += [(each.verdict, claim.value)]
    return nodes, {pair: list(dict.fromkeys(told)) for pair, told in edges.items()}


def _place(nodes: Sequence[_Node], true: Sequence[TrueObject]) -> None:
    """Put true objects where they are in the picture, absent ones in a row, none on another."""
    boxes = [each.box for each in true[: len(nodes)]][:MOST]
    count = len(boxes)
    known = [each for each in boxes if each is not None]
    right = max((each.x + each.width for each in known), default=1) or 1
    low = max((each.y + each.height for each in known), default=1) or 1
    for n, node in enumerate(nodes):
        box = boxes[n] if n < count else None
        if box is not None and len(known) == count:
            share = ((box.x + box.width / 2) / right, (box.y + box.height / 2) / low)
        elif n < count:
            turn = 2 * math.pi * n / count - math.pi / 2
            share = (0.5 + 0.5 * math.cos(turn), 0.5 + 0.5 * math.sin(turn))
        else:
            share = ((n - count + 0.5) / (len(nodes) - count), 1.2)
        node.x = _NODE / 2 + 4 + share[0] * (WIDTH - _NODE - 8)
        node.y = 40 + share[1] * (HEIGHT - 110)
    for _ in range(200):  # push apart, a little at a time
        moved = False
        for one, other in combinations(nodes, 2):
            dx, dy = other.x - one.x, other.y - one.y
            wide = _NODE + _GAP - abs(dx)
            high = (one.height + other.height) / 2 + 30 - abs(dy)
            if wide <= 0 or high <= 0:
                continue
            moved = True
            if wide < high:
                step = math.copysign(wide / 2, dx or 1)
                one.x, other.x = _inside(one.x - step), _inside(other.x + step)
            if wide >= high or abs(other.x - one.x) < _NODE + _GAP - 1:
                step = math.copysign(high / 2, dy or 1)
                one.y, other.y = one.y - step, other.y + step
        if not moved:
            break
    top = min(each.y - each.height / 2 for each in nodes) - 6
    for each in nodes:
        each.y -= top


def _inside(x: float) -> float:
    return min(max(x, _NODE / 2 + 4), WIDTH - _NODE / 2 - 4)


def _node(node: _Node) -> str:
    """An object with its attributes; its frame says whether it is there and said."""
    kind = {"✓": "supported", "✗": "hallucinated", "?": "unverifiable"}.get(node.sign, "silent")
    left, top = node.x - _NODE / 2, node.y - node.height / 2
    lines = [(kind, f"{node.sign or '–'} {node.name}")]
    lines += [(verdict, f"{_SIGNS[verdict]} {value}") for verdict, value in node.lines]
    texts = "".join(
        f'<text class="hx-{each}" x="{node.x:.0f}" y="{top + _LINE * (n + 1):.0f}">'
        f"{plain(_short(words, 18))}</text>"
        for n, (each, words) in enumerate(lines)
    )
    return (
        f'<rect class="hx-{kind}" x="{left:.0f}" y="{top:.0f}" width="{_NODE}"'
        f' height="{node.height}" rx="6"></rect>{texts}'
    )


def _edge(
    one: _Node, other: _Node, told: Sequence[tuple[Verdict, str]], along: float
) -> tuple[str, str]:
    """An arrow from the subject to the object of relations, and their words a share along it."""
    x1, y1 = _border(other, one)
    x2, y2 = _border(one, other)
    worst: Verdict = max((verdict for verdict, _ in told), key=list(_WORSE).index)
    angle = math.atan2(y2 - y1, x2 - x1)
    head = " ".join(
        f"{x2 - 10 * math.cos(angle + turn):.0f},{y2 - 10 * math.sin(angle + turn):.0f}"
        for turn in (0.45, -0.45)
    )
    x, y = x1 + along * (x2 - x1), y1 + along * (y2 - y1)
    y -= _LINE * (len(told) - 1) / 2
    texts = "".join(
        f'<text class="hx-{verdict}" x="{x:.0f}" y="{y + _LINE * n + 4:.0f}">'
        f"{_SIGNS[verdict]} {plain(_short(value, 24))}</text>"
        for n, (verdict, value) in enumerate(told)
    )
    return (
        f'<path class="hx-{worst}" d="M{x1:.0f},{y1:.0f}L{x2:.0f},{y2:.0f}"></path>'
        f'<polygon class="hx-{worst}" points="{x2:.0f},{y2:.0f} {head}"></polygon>'
    ), texts


_WORSE: tuple[Verdict, ...] = ("supported", "unverifiable", "hallucinated")


def _border(origin: _Node, node: _Node) -> tuple[float, float]:
    """Where a line from the middle of another node meets a node's frame."""
    dx, dy = origin.x - node.x, origin.y - node.y
    reach = min(
        (_NODE / 2) / abs(dx) if dx else math.inf,
        (node.height / 2) / abs(dy) if dy else math.inf,
        1,
    )
    return node.x + dx * reach, node.y + dy * reach


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
