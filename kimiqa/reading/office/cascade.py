"""What is said of the elements of a web page: by what they are, by its sheets, by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from kimiqa.reading.office import css, media
from kimiqa.reading.office.css import Declarations, Rule, Said, Sheets
from kimiqa.reading.office.values import paint

_LEAST_RULES = 100
_MOST_RULES = 100_000
_MOST_WORK = 400_000_000
"""In rules times characters of the page: a few seconds."""
_NOTHING = Said()


class Cascade:
    """What is said in one page; `fetch` gives sheets that lie beside it, where it can."""

    def __init__(self, parsed: Any, fetch: Callable[[str], str | None]) -> None:
        self._sheets = Sheets(fetch)
        self._of_sheets = _matched(parsed, list(islice(self._rules(parsed), _MOST_RULES)))
        self.outside = self._sheets.outside
        """Whether a sheet lies elsewhere, and is not read."""

    def _rules(self, parsed: Any) -> Iterator[Rule]:
        for sheet in parsed.css('style, link[rel~="stylesheet"]'):
            if not media.on_screen(css.tokens(sheet.attributes.get("media") or "all")):
                continue
            if sheet.tag == "style":
                yield from self._sheets.rules(sheet.text(deep=True) or "")
            else:
                yield from self._sheets.linked(sheet.attributes.get("href") or "")

    def said(self, node: Any) -> Declarations:
        """All that is said of an element. What counts less stands before what counts more."""
        attributes = node.attributes
        sheets = self._of_sheets.get(node.mem_id, _NOTHING)
        style = attributes.get("style")
        itself = css.attribute(style) if style else _NOTHING
        own = _of_attributes(node.tag, attributes) | sheets.plain | itself.plain
        return own | sheets.important | itself.important


def _of_attributes(tag: str, attributes: Any) -> Declarations:
    """What an element says by its attributes, and by what it is: any style counts more."""
    own: Declarations = {}
    if "hidden" in attributes:
        own["display"] = css.tokens("none")
    if tag in ("table", "tr", "td", "th", "tbody", "thead", "tfoot", "body"):
        own |= _old("background-color", attributes.get("bgcolor"))
    if tag == "body":
        own |= _old("color", attributes.get("text"))
    elif tag == "font":
        own |= _old("color", attributes.get("color"))
    elif tag == "a" and attributes.get("href"):
        own["color"] = css.tokens("linktext")
    return own


def _old(name: str, colour: str | None) -> Declarations:
    """A colour as attributes give it, where six digits do without a mark."""
    said = (colour or "").strip()[:40]
    if not said:
        return {}
    value = css.tokens(said)
    return {name: value if paint(value) is not None else css.tokens(f"#{said}")}


def _matched(parsed: Any, rules: list[Rule]) -> dict[int, Said]:
    """What the page's own sheets say of its elements, by the elements' places in memory."""
    found: dict[int, Said] = {}
    if not rules:
        return found
    names = _names(parsed)
    used = [each for each in rules if names >= each.selector.needs]
    most = max(_LEAST_RULES, _MOST_WORK // len(parsed.html or " "))
    chosen: dict[str, list[int]] = {}
    for important in (False, True):
        for rule in sorted(used[:most], key=lambda each: _rank(each, important=important)):
            said = rule.said.important if important else rule.said.plain
            for place in _nodes(parsed, rule, chosen) if said else ():
                held = found.setdefault(place, Said())
                (held.important if important else held.plain).update(said)
    return found


def _rank(rule: Rule, *, important: bool) -> tuple[tuple[float, ...], tuple[int, int, int]]:
    """How much a rule counts beside others. Of what is important the first layer counts most."""
    layer = tuple(-each for each in rule.layer) if important else rule.layer
    return layer, rule.selector.weight


def _nodes(parsed: Any, rule: Rule, chosen: dict[str, list[int]]) -> list[int]:
    written = rule.selector.written
    if written not in chosen:
        try:
            chosen[written] = [node.mem_id for node in parsed.css(written)]
        except Exception:  # whatever the parser says of a selector it does not know
            chosen[written] = []
    return chosen[written]


def _names(parsed: Any) -> set[str]:
    """The classes and ids that stand in the page."""
    names: set[str] = set()
    for node in parsed.css("[class], [id]"):
        names |= {*(node.attributes.get("class") or "").split(), node.attributes.get("id") or ""}
    return names
