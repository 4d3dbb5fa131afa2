"""Sheets → one Markdown document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from kimiqa.exporting.blocks import Block, Span, blocks, clean
from kimiqa.exporting.sheets import CAVEAT, WARNING, Sheet

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#!|~$&^])")
_AT_START = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|$)")
_ADDRESS = re.compile(r"(?i)(?<=\w)(?=://)|(?<=\bwww)(?=\.)")


def to_markdown(*sheets: Sheet) -> str:
    """The answers one after the other, their footnotes numbered through and at the end."""
    parts: list[str] = []
    notes: list[str] = []
    for sheet in sheets:
        parts += _answer(sheet, len(notes))
        notes += sheet.notes
    footnotes = [f"[^{n}]: {escaped(text)}" for n, text in enumerate(notes, 1)]
    if notes:
        footnotes.append(f"*{escaped(sheets[0].tell(CAVEAT))}*")
    return "\n\n".join([*parts, *footnotes]) + "\n"


def _answer(sheet: Sheet, before: int) -> Iterator[str]:
    yield f"# {escaped(sheet.question)}"
    for each in sheet.warnings:
        yield f"> **{escaped(sheet.tell(WARNING))}** {escaped(sheet.tell(each))}"
    for is_item, group in groupby(_lines(sheet, before), key=lambda each: each[0]):
        yield ("\n" if is_item else "\n\n").join(line for _, line in group)
    if sheet.facts:
        yield "\n".join(f"- {escaped(fact)}" for fact in sheet.facts)


def _lines(sheet: Sheet, before: int) -> Iterator[tuple[bool, str]]:
    """Each block, and whether it stands close to those before and after it."""
    header = True
    for block in blocks(sheet.text, sheet.citations):
        if block.kind == "row":
            yield True, _row(block, sheet, before)
            if header:
                yield True, "|" + " --- |" * len(block.cells)
        else:
            yield block.kind == "item", _line(block, sheet, before)
        header = block.kind != "row"


def _line(block: Block, sheet: Sheet, before: int) -> str:
    if block.kind == "code":
        return _fenced(block.spans[0].text)
    words = _shown(block.spans, sheet, before)
    if block.kind == "heading":
        return f"## {words}"
    if block.kind == "quote":
        return f"> {words}"
    if block.kind == "item":
        mark = f"{block.ordinal}." if block.ordinal else "-"
        return f"{'    ' * block.indent}{mark} {words}"
    return words


def _row(block: Block, sheet: Sheet, before: int) -> str:
    return "| " + " | ".join(_shown(cell, sheet, before) for cell in block.cells) + " |"


def _shown(spans: Sequence[Span], sheet: Sheet, before: int) -> str:
    shown: list[str] = []
    for n, span in enumerate(spans):
        if span.style == "notes":
            shown.append(" ".join(_reference(note, sheet, before) for note in span.notes))
        elif span.style == "code":
            shown.append(_ticked(span.text))
        else:
            mark = {"strong": "**", "em": "*"}.get(span.style, "")
            words = _words(span.text, first=not n)
            shown.append(f"{mark}{words.strip()}{mark}" if mark else words)
    return "".join(shown)


def _reference(note: int, sheet: Sheet, before: int) -> str:
    doubt = sheet.doubt(note)
    return f"[^{before + note + 1}]" + (f" **({escaped(doubt)})**" if doubt else "")


def _words(text: str, *, first: bool) -> str:
    """`text` escaped, a space kept where it began or ended with one."""
    if not text.strip():
        return " " if text else ""
    head = " " if text[0].isspace() and not first else ""
    return f"{head}{escaped(text)}{' ' if text[-1].isspace() else ''}"


def escaped(text: str) -> str:
    r"""One line that shows `text` as it is.

    >>> escaped("1. $5 [a](b)\n<b>")
    '1\\. \\$5 \\[a\\](b) \\<b\\>'
    """
    line = _MARKUP.sub(r"\\\1", " ".join(clean(text).split()))
    line = _ADDRESS.sub("\u2060", line)
    return _AT_START.sub(lambda match: f"{match[1]}{match[2][:-1]}\\{match[2][-1]}", line)


def _ticked(text: str) -> str:
    ticks = "`" * (1 + _longest(text))
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def _fenced(text: str) -> str:
    ticks = "`" * max(3, 1 + _longest(text))
    return f"{ticks}\n{text}\n{ticks}"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
