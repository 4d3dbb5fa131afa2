"""OCR of real pages against their own text: `python tests/bench/ocr.py FILE.pdf PAGE[,PAGE…] …`.

Each page is drawn at 150 dpi into a PDF of pictures, read, and compared without white space.
"""

from __future__ import annotations

import sys
import tempfile
import time
from difflib import SequenceMatcher
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import scans

from kimiqa.document import Document
from kimiqa.reading import ocr


def measured(path: str, number: int, engine: str, home: str) -> tuple[float, float, str]:
    """The share of characters that agree, the seconds, and the languages that were read."""
    told = Document.open(path, home=home).pages[number - 1].text
    scan = Document.open(scans.scanned(path, [number]), name=f"{number}.pdf", home=home)
    began = time.perf_counter()
    (page,) = scan.with_ocr(engine=engine).pages
    seconds = time.perf_counter() - began
    pair = ("".join(text.split()) for text in (told, page.text))
    ratio = SequenceMatcher(None, *pair, autojunk=False).ratio()
    return ratio, seconds, (page.note or "").partition("(")[2].partition(")")[0]


def main() -> None:
    """A row for each page and engine."""
    for path, pages in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        for number in map(int, pages.split(",")):
            for engine in ocr.engines():
                with tempfile.TemporaryDirectory() as home:
                    ratio, seconds, who = measured(path, number, engine, home)
                print(f"{Path(path).name} p. {number}: {ratio:.3f}  {seconds:.1f} s  {who}")


if __name__ == "__main__":
    main()
