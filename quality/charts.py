"""Small SVG charts for the report. Colours are CSS classes, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_BAR_WIDTH, _BAR_HEIGHT = 168, 10
_SPARK_WIDTH, _SPARK_HEIGHT = 96, 22
_GAUGE_WIDTH, _GAUGE_HEIGHT = 220, 22


def stacked_bar(parts: Sequence[tuple[str, int]], label: str) -> str:
    """Draw parts (CSS class, count) as one bar; any part that is not empty is at least a hair wide."""
    shown = [(name, count) for name, count in parts if count > 0]
    total = sum(count for _, count in shown)
    if not total:
        return ""
    widths = [max(count / total * _BAR_WIDTH, 2.5) for _, count in shown]
    scale = _BAR_WIDTH / sum(widths)
    rects, at = [], 0.0
    for (name, count), width in zip(shown, widths, strict=True):
        drawn = width * scale
        gap = 1.5 if len(shown) > 1 else 0
        rects.append(
            f'<rect class="{escape(name)}" x="{at:.1f}" width="{max(drawn - gap, 1):.1f}" '
            f'height="{_BAR_HEIGHT}" rx="2"><title>{count:,} {escape(name)}</title></rect>'
        )
        at += drawn
    return _svg(_BAR_WIDTH, _BAR_HEIGHT, label, "".join(rects))


def sparkline(values: Sequence[int], label: str) -> str:
    """Draw the course of a number over runs, ending in a dot; nothing for fewer than two values."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = (_SPARK_WIDTH - 6) / (len(values) - 1)
    flat = _SPARK_HEIGHT / 2 if low == high else None
    points = [
        (3 + index * step, flat or _SPARK_HEIGHT - 4 - (value - low) / span * (_SPARK_HEIGHT - 8))
        for index, value in enumerate(values)
    ]
    path = " ".join(f"{'M' if index == 0 else 'L'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(points))
    x, y = points[-1]
    body = f'<path class="line" d="{path}"/><circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'
    return _svg(_SPARK_WIDTH, _SPARK_HEIGHT, label, body)


def gauge(value: float, limit: float, label: str) -> str:
    """Draw a share against its budget: the allowed part, the limit as a tick, the value as a dot."""
    top = max(limit * 2, value * 1.1, 1e-9)
    x_limit, x_value = limit / top * (_GAUGE_WIDTH - 12) + 6, value / top * (_GAUGE_WIDTH - 12) + 6
    middle = _GAUGE_HEIGHT / 2
    state = "over" if value > limit else "within"
    body = (
        f'<rect class="track" x="6" y="{middle - 2.5}" width="{_GAUGE_WIDTH - 12}" height="5" rx="2.5"/>'
        f'<rect class="allowed" x="6" y="{middle - 2.5}" width="{max(x_limit - 6, 0):.1f}" height="5" rx="2.5"/>'
        f'<line class="limit" x1="{x_limit:.1f}" x2="{x_limit:.1f}" y1="{middle - 8}" y2="{middle + 8}"/>'
        f'<circle class="{state}" cx="{x_value:.1f}" cy="{middle}" r="5"/>'
    )
    return _svg(_GAUGE_WIDTH, _GAUGE_HEIGHT, label, body)


def band(before: int, now: int, low: float, high: float, label: str) -> str:
    """Draw a row count inside its allowed band, on a scale on which a tenfold growth still fits: log(rows + 1)."""
    from math import log

    left, right = log(min(low, now, before) * 0.8 + 1), log(max(high, now, before) * 1.1 + 1)
    span = (right - left) or 1.0

    def place(rows: float) -> float:
        return 6 + (log(rows + 1) - left) / span * (_GAUGE_WIDTH - 12)

    middle = _GAUGE_HEIGHT / 2
    state = "within" if low <= now <= high else "over"
    body = (
        f'<rect class="track" x="6" y="{middle - 2.5}" width="{_GAUGE_WIDTH - 12}" height="5" rx="2.5"/>'
        f'<rect class="allowed" x="{place(low):.1f}" y="{middle - 2.5}" '
        f'width="{max(place(high) - place(low), 1):.1f}" height="5" rx="2.5"/>'
        f'<line class="limit" x1="{place(before):.1f}" x2="{place(before):.1f}" y1="{middle - 7}" y2="{middle + 7}"/>'
        f'<circle class="{state}" cx="{place(now):.1f}" cy="{middle}" r="5"/>'
    )
    return _svg(_GAUGE_WIDTH, _GAUGE_HEIGHT, label, body)


def timeline(statuses: Sequence[tuple[str, str]]) -> str:
    """Draw one mark for each run (CSS class, tooltip), oldest first; the last one is the largest."""
    step, height = 22, 26
    width = max(len(statuses) * step + 8, 60)
    line = f'<line class="rail" x1="6" x2="{width - 6}" y1="{height / 2}" y2="{height / 2}"/>' if statuses else ""
    marks = []
    for index, (name, tip) in enumerate(statuses):
        radius = 8 if index == len(statuses) - 1 else 5.5
        marks.append(
            f'<circle class="{escape(name)}" cx="{index * step + 14}" cy="{height / 2}" r="{radius}">'
            f"<title>{escape(tip)}</title></circle>"
        )
    return _svg(width, height, "Verdicts of the last runs, oldest first", line + "".join(marks))


def _svg(width: float, height: float, label: str, body: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(label)}" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}">{body}</svg>'
    )
