"""Sheets → one HTML file that needs nothing else, runs nothing and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from kimiqa.exporting.blocks import Block, Span, blocks, clean
from kimiqa.exporting.sheets import CAVEAT, SHAPES, WARNING, Sheet

_HEAD = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.55 system-ui, sans-serif; }}
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.35rem; }} h2 {{ font-size: 1.1rem; }}
pre {{ overflow-x: auto; }} table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid; padding: .25rem .5rem; text-align: left; }}
.doubt {{ font-weight: 600; }} .facts, .notes {{ font-size: .9rem; }}
</style>
</head>
<body>
"""


def to_html(*sheets: Sheet) -> str:
    """The answers one after the other, their footnotes numbered through and at the end."""
    first = sheets[0] if sheets else Sheet("kimiqa", "")
    parts = [_HEAD.format(title=_text(first.question), language=_text(first.language))]
    notes: list[str] = []
    for sheet in sheets:
        parts += _answer(sheet, len(notes))
        notes += sheet.notes
    if notes:
        rows = (f'<li id="note-{n}">{_text(text)}</li>' for n, text in enumerate(notes, 1))
        caveat = _text(first.tell(CAVEAT))
        parts += ['<hr><ol class="notes">', *rows, "</ol>", f"<p><em>{caveat}</em></p>"]
    return "\n".join([*parts, "</body>", "</html>", ""])


def _answer(sheet: Sheet, before: int) -> Iterator[str]:
    yield f"<h1>{_text(sheet.question)}</h1>"
    for each in sheet.warnings:
        yield f"<p><strong>{_text(sheet.tell(WARNING))}</strong> {_text(sheet.tell(each))}</p>"
    grouped = groupby(blocks(sheet.text, sheet.citations), key=_kind)
    for kind, group in grouped:
        yield from _wrapped(kind, list(group), sheet, before)
    if sheet.facts:
        facts = "".join(f"<li>{_text(fact)}</li>" for fact in sheet.facts)
        yield f'<ul class="facts">{facts}</ul>'


def _kind(block: Block) -> str:
    return f"{block.kind}{'s' if block.ordinal else ''}"


def _wrapped(kind: str, group: Sequence[Block], sheet: Sheet, before: int) -> Iterator[str]:
    if kind in ("item", "items"):
        yield from _list(kind, group, sheet, before)
    elif kind == "row":
        yield "<table>"
        for n, block in enumerate(group):
            cell = "td" if n else "th"
            cells = (f"<{cell}>{_shown(each, sheet, before)}</{cell}>" for each in block.cells)
            yield f"<tr>{''.join(cells)}</tr>"
        yield "</table>"
    else:
        tags = {"heading": "h2", "quote": "blockquote", "code": "pre"}
        tag = tags.get(kind, "p")
        for block in group:
            yield f"<{tag}>{_shown(block.spans, sheet, before)}</{tag}>"


def _list(kind: str, group: Sequence[Block], sheet: Sheet, before: int) -> Iterator[str]:
    tag = "ol" if kind == "items" else "ul"
    yield f"<{tag}>"
    for block in group:
        value = f' value="{block.ordinal}"' if block.ordinal else ""
        inset = f' style="margin-left: {block.indent}rem"' if block.indent else ""
        yield f"<li{value}{inset}>{_shown(block.spans, sheet, before)}</li>"
    yield f"</{tag}>"


def _shown(spans: Sequence[Span], sheet: Sheet, before: int) -> str:
    tags = {"strong": "strong", "em": "em", "code": "code"}
    shown: list[str] = []
    for span in spans:
        if span.style == "notes":
            shown.append(" ".join(_reference(note, sheet, before) for note in span.notes))
        else:
            words, tag = escape(clean(span.text)), tags.get(span.style)
            shown.append(f"<{tag}>{words}</{tag}>" if tag else words)
    return "".join(shown)


def _reference(note: int, sheet: Sheet, before: int) -> str:
    status, number = sheet.citations[note].status, before + note + 1
    mark = f'<sup><a href="#note-{number}">{number} {SHAPES[status]}</a></sup>'
    doubt = _text(sheet.doubt(note))
    return f'{mark} <span class="doubt">({doubt})</span>' if doubt else mark


def _text(text: str) -> str:
    return escape(" ".join(clean(text).split()))
