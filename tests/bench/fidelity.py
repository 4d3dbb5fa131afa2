"""Fidelity: what kimiqa reads of real PDFs, held against poppler's account of the same pages.

    python tests/bench/fidelity.py [--pages 40] [FILE...]

For each document (KIMIQA_DATA's, the samples, and what Debian's packages put below KIMIQA_MANUALS):

    words   words of poppler's that stand in kimiqa's text of the page
    han     Han, kana and hangul characters of poppler's that stand there
    rtl     pairs of Hebrew or Arabic letters that follow each other there as in poppler's
    order   how far words that stand once on a page come in poppler's order; on pages that
            poppler finds to have columns side by side
    rows    table rows whose cells stand on one line, in order
    cells   table rows whose cells can be told apart on that line

Needs poppler's pdftotext.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from kimiqa.reading import pdfium  # noqa: E402

TARGETS = {"words": 0.97, "han": 0.99, "rtl": 0.9, "order": 0.95, "rows": 0.95, "cells": 0.9}
_LEFT_OUT = re.compile(r"[\s\u00ad\u2010\u2011\-]|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\ufffd\ue000-\uf8ff]")
_EAST = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_RTL_RUN = re.compile(
    "[\u05d0-\u05ea\u0620-\u064a\u066e-\u06d3](?:[\\s\u05d0-\u05ea\u0620-\u064a\u066e-\u06d3])+"
)
_MARK = re.compile(
    "[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u202a-\u202e\u2066-\u2069]"
)
_ONE_FORM = str.maketrans("\u06a9\u06cc\u0649", "\u0643\u064a\u064a")
_BLOCK = re.compile(r'<block xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">')
_GAP = re.compile(r" {3,}")
_MONEY = re.compile(r"\([a-z](?:,[a-z])*\)|[$€£¥%()\s]+")
_DATE = re.compile(r"^(?:19|20)\d\d$|^[A-Za-z]+\d{1,2},(?:(?:19|20)\d\d)?$")
_LISTED = re.compile(r"^([a-z\d])(?=\D|\d\d)")
_RAISED = re.compile(r"(?<=\D)(?:[a-z]|\d)$|(?<=\d)[a-z]$")
_FEWEST_WORDS = 30
_FEWEST_CELLS = 3
_SAID_ONCE = 5
_TABLE = 3
"""Rows from which on a page's columns are a table's, which poppler reads down as often as not."""


@dataclass
class Share:
    """So many of so many."""

    got: float = 0.0
    of: float = 0.0

    def add(self, got: float, of: float) -> None:
        self.got += got
        self.of += of

    def __str__(self) -> str:
        return f"{self.got / self.of:7.2%}" if self.of else "      –"


@dataclass
class Seen:
    """A document's figures."""

    pages: int = 0
    shares: dict[str, Share] = field(default_factory=lambda: {each: Share() for each in TARGETS})

    def add(self, other: Seen) -> None:
        self.pages += other.pages
        for name, share in other.shares.items():
            self.shares[name].add(share.got, share.of)


def poppler(path: Path, page: int, *how: str) -> str:
    """What pdftotext says of a page."""
    command = ["pdftotext", "-q", *how, "-f", str(page), "-l", str(page), str(path), "-"]
    told = subprocess.run(command, capture_output=True, check=False).stdout
    return told.decode("utf-8", "replace").replace("\f", "")


def letters(text: str) -> str:
    """What two engines agree on: no white space, no hyphens, one form of each letter."""
    return _LEFT_OUT.sub("", unicodedata.normalize("NFKC", text))


def words(text: str) -> list[str]:
    """Words of two letters or more; hyphens at line ends are undone, scripts without spaces
    are left to their characters."""
    joined = re.sub(r"(?<=\w)[-\u00ad\u2010]\n\s*", "", unicodedata.normalize("NFKC", text))
    return [each for each in re.findall(r"[^\W_]{2,}", _LEFT_OUT.sub(_kept, joined))
            if not _EAST.search(each)]  # fmt: skip


def _kept(piece: re.Match[str]) -> str:
    return " " if piece[0].isspace() else ("-" if piece[0] in "-\u2010\u2011" else "")


def shared(ours: Iterable[str], theirs: Iterable[str]) -> tuple[int, int]:
    """How many of `theirs` are in `ours`, and how many they are."""
    held, wanted = Counter(ours), Counter(theirs)
    return (held & wanted).total(), wanted.total()


def pairs(text: str) -> Iterator[str]:
    """Letters written from right to left that follow each other, in logical order; marks over
    them, and how words are parted, are left aside."""
    plain = unicodedata.normalize("NFKC", text).translate(_ONE_FORM)
    for run in _RTL_RUN.findall("".join(each for each in plain if not _MARK.match(each))):
        letters = re.sub(r"\s", "", run)
        yield from map("".join, pairwise(letters))


def in_order(ours: Sequence[str], theirs: Sequence[str]) -> tuple[int, int]:
    """How many of the words that stand once in both come in the same order."""
    once = {each for each, n in Counter(ours).items() if n == 1 and len(each) >= _SAID_ONCE}
    once &= {each for each, n in Counter(theirs).items() if n == 1}
    place = {each: at for at, each in enumerate(theirs)}
    ends: list[int] = []
    for at in (place[each] for each in ours if each in once):
        spot = bisect_left(ends, at)
        ends[spot : spot + 1] = [at]
    return len(ends), len(once)


def has_columns(path: Path, page: int) -> bool:
    """Whether tall blocks of text stand side by side, by poppler's account."""
    told = poppler(path, page, "-bbox-layout")
    blocks = [tuple(map(float, each)) for each in _BLOCK.findall(told)]
    tall = [each for each in blocks if each[3] - each[1] > 60 and each[2] - each[0] > 120]
    return any(
        one[2] <= other[0] and min(one[3], other[3]) - max(one[1], other[1]) > 60
        for one in tall
        for other in tall
    )


def rows(path: Path, page: int) -> Iterator[list[str]]:
    """Rows of figures as poppler lays them out: three cells or more, two with digits. Heads of
    years and dates are often several lines high, and are left aside."""
    for line in poppler(path, page, "-layout").split("\n"):
        cells = [figure(each) for each in _GAP.split(line.strip())]
        cells = [each for each in cells if each]
        if _is_row(cells):
            yield cells


def has_row(lines: Sequence[str], cells: Sequence[str], between: str) -> bool:
    """Whether one of the lines holds these cells. Some files draw the raised mark behind a
    label apart from it, at the end of the page; the letter or number before a label is a cell of
    its own or not, as its gap is taken."""
    marked = _RAISED.sub("", cells[0])
    firsts = {cells[0], marked or cells[0], _LISTED.sub(rf"\1{between}", cells[0])}
    wanted = {between.join([first, *cells[1:]]) for first in firsts}
    edge = between
    return any(f"{edge}{each}{edge}" in f"{edge}{line}{edge}" for line in lines for each in wanted)


def own_rows(table: Iterable[Sequence[str]], lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """The rows without what only stands beside them on the page: a line of the prose in the next
    column, or of a cell as high as several rows, which poppler lays out on the same line. Here it
    is a line of its own that the row does not follow, as it would a label torn off its figures."""
    held = {line: at for at, line in reversed(list(enumerate(lines)))}
    for cells in table:
        own = list(cells)
        while len(own) > _FEWEST_CELLS and _is_beside(own[0], own[1:], held, lines):
            own = own[1:]
        if len(own) > _FEWEST_CELLS and _is_beside(own[-1], own[:-1], held, lines):
            own = own[:-1]
        yield own if _is_row(own) else cells


def _is_beside(
    cell: str, others: Sequence[str], held: dict[str, int], lines: Sequence[str]
) -> bool:
    at = held.get(cell)
    near = lines[max(0, at - 1) : at + 2] if at is not None else ()
    return at is not None and not any("".join(others) in line for line in near)


def _is_row(cells: Sequence[str]) -> bool:
    figures = [each for each in cells if any(map(str.isdigit, each)) and not _DATE.search(each)]
    return len(cells) >= _FEWEST_CELLS and len(figures) >= 2


def figure(cell: str) -> str:
    """A cell without what stands in a column of its own here and there."""
    return letters(_MONEY.sub("", cell))


def page_of(path: Path, number: int, text: str) -> Seen:
    """One page's figures."""
    seen = Seen(1)
    add = {name: share.add for name, share in seen.shares.items()}
    theirs = poppler(path, number)
    if _UNSEEN.search(theirs):  # glyphs that no map explains: nothing to hold text against
        theirs = _UNSEEN.sub("", theirs)
    held, wanted = words(text), words(theirs)
    if len(wanted) >= _FEWEST_WORDS:
        add["words"](*shared(held, wanted))
    add["han"](*shared(_EAST.findall(text), _EAST.findall(theirs)))
    add["rtl"](*shared(pairs(text), pairs(theirs)))
    table = list(rows(path, number))
    if len(table) < _TABLE and has_columns(path, number):
        add["order"](*in_order(held, wanted))
    lines = text.split("\n")
    tight = [figure(line) for line in lines]
    apart = ["\t".join(filter(None, map(figure, line.split("\t")))) for line in lines]
    for cells in own_rows(table, tight):
        add["rows"](has_row(tight, cells, ""), 1)
        add["cells"](has_row(apart, cells, "\t"), 1)
    return seen


def measure(path: Path, most: int) -> Seen:
    """A document's figures, from pages all over it."""
    document = pdfium.OpenDocument(str(path), None)
    seen, pages = Seen(), len(document.pdf)
    for number in range(1, pages + 1, max(1, pages // most)):
        _, text, status, _ = pdfium.read(document, [number], 0, lambda _: None)[0]
        if status == "text":
            seen.add(page_of(path, number, text))
    document.close()
    return seen


def files() -> list[Path]:
    data = Path(os.environ.get("KIMIQA_DATA") or ROOT.parent / "shared" / "data")
    manuals = Path(os.environ.get("KIMIQA_MANUALS") or "/usr/share/doc")
    found = [*sorted(data.glob("qa/pdfs/*.pdf")), *sorted((ROOT / "samples").glob("*.pdf"))]
    large = (each for each in sorted(manuals.rglob("*.pdf")) if each.stat().st_size > 150_000)
    return found + list({each.name: each for each in large}.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=int, default=40, help="of each document, about")
    parser.add_argument("files", nargs="*", type=Path)
    chosen = parser.parse_args()
    if shutil.which("pdftotext") is None:
        print("poppler's pdftotext is missing", file=sys.stderr)
        return 1
    total = Seen()
    print(f"{'':44} pages" + "".join(f"{name:>8}" for name in TARGETS))
    for path in chosen.files or files():
        try:
            seen = measure(path, chosen.pages)
        except Exception as error:
            print(f"{path.name[:44]:44} {error}")
            continue
        total.add(seen)
        figures = " ".join(map(str, seen.shares.values()))
        print(f"{path.name[:44]:44} {seen.pages:5} {figures}", flush=True)
    print(f"{'all':44} {total.pages:5} {' '.join(map(str, total.shares.values()))}")
    print(f"{'at least':44}       " + " ".join(f"{least:7.0%}" for least in TARGETS.values()))
    shares = total.shares.items()
    return int(any(share.of and share.got < TARGETS[name] * share.of for name, share in shares))


if __name__ == "__main__":
    sys.exit(main())
