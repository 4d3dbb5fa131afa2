"""OCR, seen from the app: pictures of pages → words with their places, page by page."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kimiqa.errors import NoTextError
from kimiqa.reading.ocr_engines import tesseract_path
from kimiqa.reading.parts import WorkerLost, WorkerRefused
from kimiqa.reading.pool import ocr_pool
from kimiqa.saying import say

EngineName = Literal["tesseract", "rapidocr"]

DPI = 200
"""What pages are drawn at to be read: Tesseract reads small print better than at 150."""
PAGE_SECONDS = 120.0
"""A page that takes longer is given up, and the worker replaced."""
MOST_LOST_IN_A_ROW = 5
"""So many pages lost one after another, and the others are left: the engine cannot do it."""

_SURE = 80.0
"""Words that Tesseract is so sure of (of 100) are in the right language."""
_MOST_TRIED = 6

_LANGUAGES = {
    "Han": "chi_sim+eng", "Japanese": "jpn+eng", "Hangul": "kor+eng", "Korean": "kor+eng",
    "Cyrillic": "rus+eng", "Arabic": "ara", "Hebrew": "heb", "Greek": "ell", "Devanagari": "hin",
}  # fmt: skip
_HAN = (
    ("\u2e80", "\u303f"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\uff00", "\uffef"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """Where a word stands: offsets into the page's text, its line, its box on the picture."""

    start: int
    end: int
    line: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Read:
    """What OCR made of one page. `reader` is who read it; `lost` why it could not."""

    number: int
    text: str
    words: tuple[Word, ...]
    reader: str
    languages: str
    lost: str = ""
    width: int = 0
    """How wide the picture was, in pixels."""
    sure: float | None = None
    """How sure the engine is of its words, of 100, where it says so."""


def engines() -> list[EngineName]:
    """The engines that are installed, the first the one that is used."""
    found: list[EngineName] = ["tesseract"] if tesseract_path() else []
    both = ("rapidocr", "onnxruntime")
    if all(importlib.util.find_spec(each) for each in both):
        found.append("rapidocr")
    return found


def seconds_per_page(engine: EngineName) -> float:
    """About how long a printed page takes: measured on two shared cores."""
    return 2.0 if engine == "tesseract" else 8.0


def chosen(engine: str | None) -> EngineName:
    """The engine to read with.

    *Raises* `NoTextError`: it is not installed, or none is.
    """
    found = engines()
    wanted = [each for each in found if engine in (None, each)]
    if wanted:
        return wanted[0]
    raise NoTextError(
        say("No OCR engine is installed, so pages without a text layer cannot be read here.")
        if engine is None
        else say(
            "No {engine} is installed, so pages without a text layer cannot be read here.",
            engine=engine,
        ),
        "Install Tesseract, or run: pip install 'kimiqa[ocr]'. Or send those pages as pictures "
        '(pictures="scanned", --pictures scanned).',
    )


class Reader:
    """An engine at work on one document, its languages settled with the first page."""

    def __init__(self, engine: EngineName, languages: str | None) -> None:
        self._engine = engine
        self._wanted = languages
        about = self._call("about")
        self.name: str = about["name"]
        self._known: list[str] = about["languages"]
        self.languages = self._settled(languages) if languages or engine == "rapidocr" else ""

    def read(self, number: int, picture: Path) -> Read:
        """The page on `picture`; one that cannot be read says why."""
        try:
            lines = self._settle(number, picture) if not self.languages else None
            if lines is None:
                lines = self._lines(number, picture, self.languages)
        except (WorkerLost, WorkerRefused) as error:
            return Read(number, "", (), self.name, self.languages, lost=_why(error))
        text, words = laid_out(lines)
        width, sure = _width(picture), _sure(lines) if self._engine == "tesseract" else None
        return Read(number, text, words, self.name, self.languages, width=width, sure=sure)

    def _call(self, op: str, **values: Any) -> dict[str, Any]:
        header, _ = ocr_pool().call(op, limit=PAGE_SECONDS, engine=self._engine, **values)
        return header

    def _settled(self, languages: str | None) -> str:
        """*Raises* `NoTextError`: there are no data for a language."""
        if self._engine == "rapidocr":
            return "zh+en"
        wanted = (languages or "").replace(",", "+").split("+")
        missing = [each for each in wanted if each not in self._known]
        if missing:
            raise NoTextError(
                say(
                    "{name} has no data for {missing}; it has {known}.",
                    name=self.name,
                    missing=", ".join(missing),
                    known=", ".join(self._known),
                ),
                "Install the data of that language, or name others (languages, --ocr-languages).",
            )
        return "+".join(wanted)

    def _lines(self, number: int, picture: Path, languages: str) -> list[dict[str, Any]]:
        asked = {"picture": str(picture), "languages": languages, "dpi": DPI, "page": number}
        lines: list[dict[str, Any]] = self._call("ocr", **asked)["lines"]
        return lines

    def _settle(self, number: int, picture: Path) -> list[dict[str, Any]]:
        """The first page, in the languages in which the engine is surest of its words."""
        best, most = list[dict[str, Any]](), -1.0
        for languages in self._candidates(picture):
            lines = self._lines(number, picture, languages)
            sure = _sure(lines)
            if sure > most:
                best, most, self.languages = lines, sure, languages
            if most >= _SURE:
                break
        if not best:
            self.languages = ""  # nothing on this page: the next one decides
        return best

    def _candidates(self, picture: Path) -> list[str]:
        """Languages to try: those of the script it seems to be, English, then all others."""
        script = None
        with contextlib.suppress(WorkerRefused):
            script = self._call("script", picture=str(picture))["script"]
        wanted = [_LANGUAGES.get(script or "", "eng"), "eng", *_LANGUAGES.values()]
        known = ("+".join(e for e in each.split("+") if e in self._known) for each in wanted)
        return list(dict.fromkeys([*filter(None, known)][:_MOST_TRIED])) or self._known[:1]


def _width(picture: Path) -> int:
    """A PNG's width, which stands at its beginning."""
    with picture.open("rb") as file:
        return int.from_bytes(file.read(20)[16:20], "big")


def _sure(lines: Sequence[dict[str, Any]]) -> float:
    """How sure the engine is of its words, on the whole."""
    words = sum(len(line["words"]) for line in lines)
    return sum(line["sure"] for line in lines) / words if words else 0.0


def _why(error: WorkerLost | WorkerRefused) -> str:
    if isinstance(error, WorkerRefused):
        return say("OCR failed ({why})", why=error.detail)
    if error.reason == "hung":
        return say("OCR brought nothing for {seconds:.0f} seconds", seconds=PAGE_SECONDS)
    return say("OCR crashed on this page")


def read_pages(
    numbers: Sequence[int],
    draw: Callable[[int], Path],
    *,
    engine: EngineName,
    languages: str | None,
) -> Generator[Read, None, None]:
    """Each of these pages as OCR reads it; `draw` gives a page's picture, which is then removed.

    *Raises* `NoTextError`: the engine has no data for the languages that were named.
    """
    lost = 0
    try:
        reader = _reader(engine, languages)
        for number in numbers:
            with _picture(draw, number) as picture:
                read = reader.read(number, picture)
            lost = lost + 1 if read.lost else 0
            yield read
            if lost == MOST_LOST_IN_A_ROW:
                return
    finally:
        ocr_pool().rest()


def _reader(engine: EngineName, languages: str | None) -> Reader:
    try:
        return Reader(engine, languages)
    except (WorkerLost, WorkerRefused) as error:
        raise NoTextError(
            say("{engine} could not be started: {error}.", engine=engine, error=_why(error)),
            "Check that it runs by itself.",
        ) from None


@contextlib.contextmanager
def _picture(draw: Callable[[int], Path], number: int) -> Iterator[Path]:
    path = draw(number)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def laid_out(lines: Sequence[dict[str, Any]]) -> tuple[str, tuple[Word, ...]]:
    """The text of the lines, and where each word stands in it and on the picture."""
    pieces: list[str] = []
    words: list[Word] = []
    at, last = 0, ""
    for row, line in enumerate(lines):
        between = "" if row == 0 else "\n\n" if line["gap"] else "\n"
        for text, *place in line["words"]:
            if between == " " and _han(last) and _han(text[0]):
                between = ""  # engines give each Han character as a word
            pieces += [between, text]
            start = at + len(between)
            at = start + len(text)
            words.append(Word(start, at, row, *place))
            last, between = text[-1], " "
    return "".join(pieces), tuple(words)


def _han(character: str) -> bool:
    return any(low <= character <= high for low, high in _HAN)
