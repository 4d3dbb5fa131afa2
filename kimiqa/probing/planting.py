"""Facts that nobody could guess, hidden at known depths of a copy of a document."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from kimiqa import rules
from kimiqa.document import Document
from kimiqa.errors import NoTextError
from kimiqa.saying import say

DEPTHS = tuple(range(0, 101, 10))
"""Where facts are planted, in percent of the text."""

_STARTS = (
    "Bran", "Cor", "Dal", "Fen", "Gor", "Hal", "Jas", "Kel", "Lor", "Mir", "Nev", "Pel", "Quen",
    "Ros", "Sel", "Tam", "Ul", "Ver", "Zer",
)  # fmt: skip
_ENDS = (
    "abek", "adon", "amir", "eluk", "enor", "evis", "idor", "ilka", "imur", "obat", "odel", "omis",
    "udan", "urik", "yvet",
)  # fmt: skip
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_WORDINGS = (
    "The locker of {name} opens with the code {code}.",
    "{code} is the code that {name} was given for the locker.",
    "For the locker of {name} the code {code} was written down.",
    "Whoever stands in for {name} opens the locker with {code}.",
)
_HAN_WORDINGS = (
    "{name}的储物柜用密码{code}打开。",
    "{code}是分配给{name}的储物柜密码。",
    "{name}的储物柜密码记为{code}。",
    "代替{name}的人用{code}打开储物柜。",
)
_QUESTION = (
    "Codes of lockers are mentioned here and there. Which code opens the locker of each of "
    "these people: {names}? Write a line for each, the name, a colon and the code; where no code "
    "is given, a hyphen in its place."
)
_HAN_QUESTION = (
    "文中各处提到了储物柜的密码。以下各人的储物柜密码是什么：{names}？"
    "每人一行，写姓名、冒号和密码；没有给出密码的写一个连字符。"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_BREAK = re.compile(r"\n|(?<=[.!?])\s|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Fact:
    """A planted fact: who, which code, and how deep."""

    name: str
    code: str
    depth: int

    def told_in(self, text: str) -> bool:
        """Whether an answer gives this code to this name, on one line or in one sentence."""
        return any(
            self.name.lower() in line.lower() and self.code.lower() in line.lower()
            for line in re.split(r"\n|;|(?<=[.。])\s", text)
        )


@dataclass(frozen=True, slots=True)
class Planted:
    """A copy of a document, in memory only, with its facts and the question that asks them."""

    document: Document
    facts: tuple[Fact, ...]
    question: str


def plant(document: Document, texts: Sequence[str], seed: str) -> Planted:
    """A copy of the pages `texts` with a fact at each depth, the same for the same seed. Where
    the document may not go, its copy may not either.

    Raises
    ------
    NoTextError
        There is no text to hide anything in.
    """
    if not any(text.strip() for text in texts):
        raise NoTextError(
            say("{name} has no text to plant facts in.", name=document.name),
            "Read it by OCR first (--ocr).",
        )
    draw, whole = random.Random(seed), "\n".join(texts)
    chinese = len(_HAN.findall(whole)) * 5 > len(whole)
    facts = _facts(whole, draw)
    turn = draw.randrange(len(_WORDINGS))
    wordings = _HAN_WORDINGS if chinese else _WORDINGS
    pages = list(texts)
    # From the end on, so that places before it stay where they are.
    for number, fact in reversed(list(enumerate(facts))):
        said = wordings[(number + turn) % len(wordings)].format(name=fact.name, code=fact.code)
        page, at = _place(texts, fact.depth)
        pages[page] = f"{pages[page][:at]}\n{said}\n{pages[page][at:]}"
    copy = Document.from_pages(pages, name=document.name)
    if places := rules.places_of(document):
        rules.restrict(copy, places)
    asked = draw.sample(facts, len(facts))
    question = _HAN_QUESTION if chinese else _QUESTION
    names = ("、" if chinese else ", ").join(fact.name for fact in asked)
    return Planted(copy, tuple(facts), question.format(names=names))


def _facts(text: str, draw: random.Random) -> list[Fact]:
    """A fact for each depth, with names and codes that the document does not have."""
    names = _fresh(lambda: f"{_name(draw)} {_name(draw)}", text, len(DEPTHS))
    codes = _fresh(lambda: _code(draw), text, len(DEPTHS))
    return [Fact(*each) for each in zip(names, codes, DEPTHS, strict=True)]


def _fresh(make: Callable[[], str], text: str, count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        made = make()
        if made not in text:
            found[made] = None
    return list(found)


def _name(draw: random.Random) -> str:
    return draw.choice(_STARTS) + draw.choice(_ENDS)


def _code(draw: random.Random) -> str:
    return f"{''.join(draw.sample(_LETTERS, 3))}-{draw.randrange(1_000, 10_000)}"


def _place(texts: Sequence[str], depth: int) -> tuple[int, int]:
    """Page and offset at a depth: where a line or sentence ends, so that none is cut in two."""
    ends = list(accumulate(len(text) for text in texts))
    wanted = ends[-1] * depth // 100
    page = next(n for n, end in enumerate(ends) if end >= wanted and texts[n])
    start = ends[page] - len(texts[page])
    found = _BREAK.search(texts[page], max(0, wanted - start)) if 0 < depth < 100 else None
    return page, found.end() if found else 0 if depth == 0 else len(texts[page])
