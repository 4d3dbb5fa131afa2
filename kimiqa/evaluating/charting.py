"""The chart of an evaluation: what each way gets right against what it costs, as one SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from kimiqa.evaluating.measures import Measure

Measured = Mapping[tuple[str, str], Mapping[str, Measure]]
_WIDTH, _BAR, _GAP, _LEFT, _TOP = 760, 14, 22, 250, 64
_SPAN = _WIDTH - _LEFT - 150
_ROWS = (
    ("accuracy", "right", "#3b6ea5"),
    ("strict_accuracy", "right, on the gold page", "#7fa6cf"),
    ("citation_precision", "citations that hold", "#8a8a8a"),
)


def chart(name: str, measures: Measured) -> str:
    """A self-contained SVG: bars with their 95 % intervals, and the cost of a right answer.

    Names come from files and endpoints: all of them are escaped.
    """
    block = len(_ROWS) * _BAR + _GAP
    height = _TOP + len(measures) * block + 34
    groups = (
        line
        for n, ((model, strategy), found) in enumerate(measures.items())
        for line in _group(f"{model}, {strategy}", found, _TOP + n * block)
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" role="img" font-family="sans-serif" font-size="12">',
            f"<title>{_safe(name)}: what each way gets right</title>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(16, 24, f"{name}: what each way gets right", size=16),
            *_legend(),
            *_axis(height - 26),
            *groups,
            "</svg>\n",
        )
    )


def _legend() -> Iterator[str]:
    for n, (_, label, colour) in enumerate(_ROWS):
        x = 16 + n * 200
        yield f'<rect x="{x}" y="36" width="10" height="10" fill="{colour}"/>'
        yield _text(x + 15, 45, label)


def _axis(bottom: int) -> Iterator[str]:
    for share in (0, 25, 50, 75, 100):
        x = _LEFT + _SPAN * share / 100
        yield f'<line x1="{x:g}" y1="{_TOP - 8}" x2="{x:g}" y2="{bottom}" stroke="#e0e0e0"/>'
        yield _text(x, bottom + 16, f"{share} %", anchor="middle")


def _group(label: str, found: Mapping[str, Measure], top: int) -> Iterator[str]:
    yield _text(_LEFT - 10, top + _BAR * 2, _cut(label), anchor="end")
    for n, (name, _, colour) in enumerate(_ROWS):
        yield from _bar(found[name], top + n * _BAR, colour)
    paid = found["cost_per_right"].value
    told = "no right answer" if paid is None else "free" if paid == 0 else f"{paid:.4f} per right"
    yield _text(_LEFT + _SPAN + 52, top + _BAR * 2, told)


def _bar(measure: Measure, y: int, colour: str) -> Iterator[str]:
    if measure.value is None:
        return
    length, middle = _SPAN * measure.value, y + _BAR / 2
    yield (f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR - 2}" fill="{colour}"/>')
    yield _text(_LEFT + _SPAN + 6, y + _BAR - 3, f"{100 * measure.value:.0f} %")
    if measure.low is not None and measure.high is not None:
        x1, x2 = _LEFT + _SPAN * measure.low, _LEFT + _SPAN * measure.high
        yield (
            f'<line x1="{x1:.1f}" y1="{middle:g}" x2="{x2:.1f}" y2="{middle:g}" '
            'stroke="#222222" stroke-width="1.5"/>'
        )


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="#222222">{_safe(text)}</text>'


def _safe(text: str) -> str:
    """Escaped, and without what XML does not hold."""
    return escape("".join(each if each.isprintable() else " " for each in text))


def _cut(label: str, most: int = 36) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"
