"""A model's answer → Markdown that can neither load, run nor disguise anything.

Paragraphs, lists, tables, code and emphasis stay. Pictures go, links become their text with
their address beside it, and everything else that Markdown or Streamlit would read is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from kimiqa.plan import Citation
from kimiqa.ui.marks import badge
from kimiqa.ui.text import escape, unlinked, visible
from kimiqa.ui.words import _

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,9}[.)])\s+(.*)")
_QUOTE = re.compile(r"\s*>\s?(.*)")
_RULE = re.compile(r"\s*([-*_])(\s*\1){2,}\s*$")
_UNDERLINE = re.compile(r"\s*=+\s*$")
_DELIMITERS = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_INLINE = re.compile(
    rf"""(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?P<inside>.+?)(?<!`)(?P=ticks)(?!`))
    |(?P<image>!\[(?P<alt>[^\]\n]*)\](?:\([^)\n]*\)|\[[^\]\n]*\])?)
    |(?P<link>\[(?P<label>[^\]\n]+)\]\(\s*<?(?P<url>[^)\s>]*)[^)\n]*\))
    |(?P<bare>(?:\b[a-z][a-z0-9+.-]{{1,20}}://|\bwww\.)[^\s<>"')\]{_OPEN}]+
        |[\w.+-]{{1,64}}@[\w-]{{1,63}}\.[\w.-]+)
    |(?P<bold>\*\*(?=\S)(?P<strong>[^\n]{{1,2000}}?)(?<=\S)\*\*)
    |(?P<italic>(?<![\w*])\*(?=[^\s*])(?P<em>[^*\n]{{1,500}}?)(?<=\S)\*(?![\w*]))
    |(?P<mark>{_OPEN}\d+{_CLOSE})""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Marked:
    """An answer whose markers are set apart from its words."""

    markers: tuple[str, ...]
    badges: tuple[str, ...]

    def shown(self, match: re.Match[str]) -> str:
        number = int(match[1])
        return self.badges[number] if number < len(self.badges) else ""

    def written(self, text: str) -> str:
        """`text` with the markers as the model wrote them, for code."""
        return _MARK.sub(lambda match: self.markers[int(match[1])], text)


def answer_markdown(
    text: str, citations: Sequence[Citation] = (), reach: Sequence[tuple[str, str]] = ()
) -> str:
    """The answer as safe Markdown, each citation a mark that shows its state.

    `reach` has for each citation the key of the button that opens it, and the words that are
    shown on hovering: its marks are links then, within the page.
    """
    clean, marked = _set_apart(text, citations, reach)
    lines = iter(clean.split("\n"))
    shown: list[str] = []
    for line in lines:
        fence = _FENCE.match(line)
        if fence:
            shown += _code(lines, fence[1], marked)
        else:
            shown.append(_line(line, marked))
    return "\n".join(shown)


def _set_apart(
    text: str, citations: Sequence[Citation], reach: Sequence[tuple[str, str]]
) -> tuple[str, _Marked]:
    """The text without unseen characters, each marker replaced by its number."""
    keys = {id(each): key for each, key in zip(citations, reach, strict=False)}
    pieces: list[str] = []
    markers: list[str] = []
    badges: list[str] = []
    at = 0
    for start, end, group in _places(citations):
        if start < at or end > len(text):
            continue
        pieces += [visible(text[at:start]), f"{_OPEN}{len(markers)}{_CLOSE}"]
        markers.append(text[start:end])
        badges.append(" ".join(badge(each, *keys.get(id(each), ())) for each in group))
        at = end
    pieces.append(visible(text[at:]))
    return "".join(pieces), _Marked(tuple(markers), tuple(badges))


def _places(citations: Sequence[Citation]) -> list[tuple[int, int, list[Citation]]]:
    """The citations by their marker: one marker may name several pages."""
    groups: dict[tuple[int, int], list[Citation]] = {}
    for each in citations:
        if each.end > each.start:
            groups.setdefault((each.start, each.end), []).append(each)
    return [(*span, groups[span]) for span in sorted(groups)]


def _code(lines: object, fence: str, marked: _Marked) -> list[str]:
    """A block of code, closed where the model (or the stream) has not closed it."""
    inside: list[str] = []
    for line in lines:  # type: ignore[attr-defined]
        if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            break
        inside.append(marked.written(line))
    longest = max((len(run) for run in re.findall("`+", "\n".join(inside))), default=0)
    ticks = "`" * max(3, longest + 1)
    # No language is passed on: some are drawn, not shown.
    return ["", ticks, *inside, ticks, ""]


def _line(line: str, marked: _Marked) -> str:
    if _RULE.match(line) or _UNDERLINE.match(line):
        return ""
    if heading := _HEADING.match(line):
        return f"\n**{_inline(heading[1].replace('**', ''), marked)}**\n"
    if item := _ITEM.match(line):
        indent = " " * min(len(item[1].expandtabs(4)), 12)
        return f"{indent}{item[2]} {_inline(item[3], marked)}"
    if quote := _QUOTE.match(line):
        return f"> {_inline(quote[1], marked)}"
    if "|" in line and line.strip().startswith("|"):
        return _row(line.strip(), marked)
    return _inline(line.strip(), marked)


def _row(line: str, marked: _Marked) -> str:
    if _DELIMITERS.match(line):
        return line
    cells = re.split(r"(?<!\\)\|", line.strip("|"))
    return "| " + " | ".join(_inline(cell.strip(), marked) for cell in cells) + " |"


def _inline(text: str, marked: _Marked) -> str:
    shown: list[str] = []
    at = 0
    for match in _INLINE.finditer(text):
        shown += [_words(text[at : match.start()]), _piece(match, marked)]
        at = match.end()
    shown.append(_words(text[at:]))
    return "".join(shown)


def _words(text: str) -> str:
    """Words between markup: escaped, with the spaces at their ends kept."""
    if not text.strip():
        return " " if text else ""
    head = " " if text[0].isspace() else ""
    tail = " " if text[-1].isspace() else ""
    return f"{head}{escape(text.replace(_OPEN, '').replace(_CLOSE, ''))}{tail}"


def _piece(match: re.Match[str], marked: _Marked) -> str:
    kind = match.lastgroup
    if match["code"]:
        return _span(marked.written(match["inside"]).strip() or " ")
    if match["image"]:
        return f"({escape(match['alt'] or _('picture'))}: {escape(_('picture left out'))})"
    if match["link"]:
        label = _words(marked.written(match["label"]))
        return f"{label} {_span(_host(match['url']))}"
    if match["bare"]:
        return _span(match["bare"])
    if match["bold"]:
        return f"**{_inline(match['strong'], marked).strip()}**"
    if match["italic"]:
        return f"*{_inline(match['em'], marked).strip()}*"
    assert kind == "mark"
    return _MARK.sub(marked.shown, match["mark"])


def _span(text: str) -> str:
    """`text` as code, in which nothing is read."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{room}{unlinked(text)}{room}{ticks}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url or _("no address")
    except ValueError:
        return _("no address")
