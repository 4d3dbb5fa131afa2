"""The pictures under Money. Each has its words: to a screen reader it is one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from kimiqa.ui.words import _

ACCENT, QUIET, WARM, LATE = "#2b7a91", "#8a9aa0", "#c0762b", "#8a5fa8"
"""Each is readable on the light and on the dark page."""
MOST = 12
HEIGHT, ROW = 320, 26


def days(spent: Sequence[tuple[str, Decimal]], unit: str, words: str) -> None:
    """A bar for each day."""
    rows = [{"day": day, "spent": float(amount)} for day, amount in spent]
    encoded = {
        "x": {"field": "day", "type": "temporal", "title": None, "axis": {"format": "%d %b"}},
        "y": {"field": "spent", "type": "quantitative", "title": unit},
    }
    mark = {"type": "bar", "color": ACCENT, "aria": False}
    _draw(rows, {"mark": mark, "encoding": encoded}, 200, words)


def bars(spent: Sequence[tuple[str, Decimal]], unit: str) -> None:
    """A bar for each name, the dearest first; the table under it has the numbers."""
    if len(spent) < 2:
        return
    rows = [
        {"name": name, "spent": float(amount), "n": n} for n, (name, amount) in enumerate(spent)
    ]
    encoded = {
        "x": {"field": "spent", "type": "quantitative", "title": unit},
        "y": {
            "field": "name",
            "type": "nominal",
            "title": None,
            "sort": {"field": "n"},
            "axis": {"labelLimit": 180},
        },
    }
    mark = {"type": "bar", "color": ACCENT, "aria": False}
    words = _("What was spent, as bars; the table below has the same.")
    _draw(rows, {"mark": mark, "encoding": encoded}, 60 + ROW * len(rows), words)


def lines(
    shown: Mapping[str, Sequence[Decimal | None]], unit: str, crossing: int | None, words: str
) -> None:
    """A line for each way over 1, 2, 3… questions; where they cross a mark stands."""
    names = list(shown)
    points = [
        {"questions": n, "way": name, "cost": float(cost)}
        for name, costs in shown.items()
        for n, cost in enumerate(costs, 1)
        if cost is not None
    ]
    colours = {"domain": names, "range": [ACCENT, QUIET, WARM, LATE][: len(names)]}
    legend = {"orient": "top", "direction": "vertical", "title": None, "labelLimit": 400}
    dashes = {"domain": names, "range": [[1, 0], [6, 4], [2, 3], [9, 3, 2, 3]][: len(names)]}
    encoded = {
        "x": {
            "field": "questions",
            "type": "quantitative",
            "title": _("questions"),
            "scale": {"domainMin": 1, "nice": False},
        },
        "y": {"field": "cost", "type": "quantitative", "title": unit},
        "color": {"field": "way", "scale": colours, "legend": legend},
        "strokeDash": {"field": "way", "scale": dashes, "legend": legend},
    }
    mark = {"type": "line", "aria": False, "strokeWidth": 2.5}
    layers: list[dict[str, Any]] = [{"mark": mark, "encoding": encoded}]
    if crossing is not None:
        rule = {"type": "rule", "aria": False, "color": QUIET, "strokeDash": [3, 3]}
        layers.append({"mark": rule, "encoding": {"x": {"datum": crossing}}})
    _draw(points, {"layer": layers}, HEIGHT + 22 * len(names), words)


def _draw(rows: list[dict[str, Any]], drawing: dict[str, Any], height: int, words: str) -> None:
    drawing |= {"height": height, "config": {"aria": False}}
    st.vega_lite_chart(rows, drawing, alt=words)
