"""Draw what holds a customer together: profiles as circles, evidence as lines, what was refused dashed."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from identity.graph_layout import lay_out

if TYPE_CHECKING:
    from identity.cluster_view import ClusterView, Evidence, Profile

_LABELLED_NODES, _SPELT_OUT_LINES, _LABELLED_LINES, _DENSE_LINES = 30, 14, 40, 150
_ROOMY, _TIGHT = 170, 130
"""Pixels between neighbours while there are labels, and without."""
_MARGIN = 90
_HEAVIEST = 40
"""Weight from which a line is as thick as lines get."""
_Pair = tuple[int, int]


def draw_cluster(view: ClusterView) -> str:
    """Return the graph of a customer as SVG; the same customer always gives the same drawing."""
    others = sorted({edge.other_customer_id for edge in view.edges if edge.other_customer_id})
    ghost = {customer_id: len(view.profiles) + place for place, customer_id in enumerate(others)}
    lines: dict[_Pair, list[Evidence]] = {}
    for edge in view.edges:
        end = edge.right - 1 if edge.right is not None else ghost[str(edge.other_customer_id)]
        lines.setdefault((min(edge.left - 1, end), max(edge.left - 1, end)), []).append(edge)
    count = len(view.profiles) + len(others)
    scale = _ROOMY if count <= _LABELLED_NODES else _TIGHT
    places = [(x * scale, y * scale) for x, y in lay_out(count, sorted(lines))]
    left, top = (min(place[axis] for place in places) - _MARGIN for axis in (0, 1))
    width, height = (max(place[axis] for place in places) - low + _MARGIN for axis, low in ((0, left), (1, top)))
    body = [_line(pair, lines[pair], places) for pair in sorted(lines)]
    if len(lines) <= _LABELLED_LINES:
        brief = len(lines) > _SPELT_OUT_LINES
        body += [_label(pair, lines[pair], places, brief=brief) for pair in sorted(lines)]
    body += [
        _node(profile, places[place], named=count <= _LABELLED_NODES) for place, profile in enumerate(view.profiles)
    ]
    body += [_ghost(customer_id, places[place]) for customer_id, place in ghost.items()]
    style = "graph dense" if len(lines) > _DENSE_LINES else "graph"
    box = f"{left:.1f} {top:.1f} {width:.1f} {height:.1f}"
    return (
        f'<svg class="{style}" role="img" aria-label="graph of {len(view.profiles)} profiles" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="{box}">{"".join(body)}</svg>'
    )


def rule_words(edge: Evidence) -> str:
    """Return what an edge rests on, in few words."""
    return edge.rule_name.removeprefix("same_").replace("_", " ")


def _line(pair: _Pair, edges: list[Evidence], places: list[tuple[float, float]]) -> str:
    (x1, y1), (x2, y2) = (places[node] for node in pair)
    thick = 1 + 5 * min(max(edge.weight for edge in edges), _HEAVIEST) / _HEAVIEST
    style = "refused" if all(edge.other_customer_id for edge in edges) else "edge"
    said = dict.fromkeys(f"{rule_words(edge)} {edge.value or ''} (weight {edge.weight:g})" for edge in edges)
    return (
        f'<g><title>{escape("; ".join(said))}</title><line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" '
        f'x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{thick:.1f}"/></g>'
    )


def _label(pair: _Pair, edges: list[Evidence], places: list[tuple[float, float]], *, brief: bool) -> str:
    (x1, y1), (x2, y2) = (places[node] for node in pair)
    rules = list(dict.fromkeys(rule_words(edge) for edge in edges))
    label = rules[0].partition(" and ")[0] if brief else rules[0]
    label += f" +{len(rules) - 1}" if len(rules) > 1 else ""
    return f'<text class="rule" x="{(x1 + x2) / 2:.1f}" y="{(y1 + y2) / 2 + 4:.1f}">{escape(label)}</text>'


def _node(profile: Profile, place: tuple[float, float], *, named: bool) -> str:
    x, y = place
    radius = min(13 + 3 * math.log2(profile.record_count), 26)
    sources = ", ".join(f"{source} {count}" for source, count in profile.sources)
    name = profile.facts.get("full_name") or "no name"
    drawn = (
        f"<g><title>{profile.number}: {escape(name)}; {escape(sources)}</title>"
        f'<circle class="profile" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'
        f'<text class="number" x="{x:.1f}" y="{y + 5:.1f}">{profile.number}</text>'
    )
    if named:
        system = profile.source.partition(" ")[0]
        drawn += f'<text class="name" x="{x:.1f}" y="{y + radius + 15:.1f}">{escape(name)}</text>'
        drawn += f'<text class="source" x="{x:.1f}" y="{y + radius + 30:.1f}">{escape(system)}</text>'
    return drawn + "</g>"


def _ghost(customer_id: str, place: tuple[float, float]) -> str:
    x, y = place
    return (
        f"<g><title>another customer: {escape(customer_id)}</title>"
        f'<circle class="ghost" cx="{x:.1f}" cy="{y:.1f}" r="13"/>'
        f'<text class="source" x="{x:.1f}" y="{y + 28:.1f}">{escape(customer_id[:8])}…</text></g>'
    )
