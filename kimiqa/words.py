"""Text → the words that ranking compares: stemmed, without stop words, Han as bigrams."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter as Tally
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Protocol

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_HAS_CJK = re.compile(f"[{_CJK}]")
_RUN = re.compile(f"[{_CJK}]+|[^{_CJK}]+")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]{1,2}\b)?")
_SOFT = re.compile(r"(?<=[a-z])\u00ad(?:[ \t]*\n[ \t]*)?(?=[a-z])")
_HYPHENATED = re.compile(r"([a-z]+)(?:-|\u2010)[ \t]*\n[ \t]*([a-z]+)")
_BOTH = r"\1\2 \1 \2"
"""Whether the hyphen is the word's own is not known: it is found with and without."""
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")

# Function words, and the words with which a question asks rather than what it asks about.
_ENGLISH = """
a about above according after again against all also although am among an and any anyone anything
are as ask at be because been before being below between both but by can cannot could describe
did do does doing down during each either else ever every everyone everything explain find for
from further give had has have having he her here hers herself him himself his how i if in
indicate into is it its itself just let list make many may me mention mentioned might mine more
most much must my myself name neither no nor not of off on once one only or other our ours out
over own per please provide question s same shall she should show so some state such t tell than
that the their theirs them themselves then there these they this those through thus to too under
until up upon us very was we were what whatever when whenever where whereas whether which
while who whoever whom whose why will with within without would yes yet you your yours
answer based basing detail details document following highlight include includes including page
pages part parts related using
"""
_CHINESE = """
的 了 是 在 和 与 及 或 吗 呢 吧 啊 有 我 你 他 她 它 这 那 哪 谁 几 请 问 请问 什么 甚么 怎么 怎样
如何 多少 哪些 哪个 哪里 为何 为什 是否 这个 那个 这些 那些 以及 或者 我们 你们 他们 一个 可以 没有
根据 文档 文件
"""
STOP_WORDS = frozenset((_ENGLISH + _CHINESE).split())


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 (the library's name)


@cache
def _stemmer() -> _Stemmer:
    import snowballstemmer  # type: ignore[import-untyped]

    made: _Stemmer = snowballstemmer.stemmer("porter")
    return made


def has_han(text: str) -> bool:
    """Whether any of it is written in Han, kana or hangul."""
    return bool(_HAS_CJK.search(text))


def raw_words(text: str) -> list[str]:
    """The words of `text` as they stand, in small letters; runs of Han, kana and hangul as
    overlapping pairs. Cheap: what a word means to ranking is decided once per word (`stem`)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.lower()
    if "-\n" in text or "- \n" in text or "\u2010" in text or "\u00ad" in text:
        text = _HYPHENATED.sub(_BOTH, _SOFT.sub("", text))
    if not text.isascii() and _HAS_CJK.search(text):
        return list(_mixed(text))
    return _TOKEN.findall(text)


def _mixed(text: str) -> Iterator[str]:
    for run in _RUN.findall(text):
        if not _HAS_CJK.match(run):
            yield from _TOKEN.findall(run)
        elif len(run) == 1:
            yield run
        else:
            yield from map("".join, pairwise(run))


def stem(word: str) -> str:
    """The form under which a raw word is compared; empty for a stop word.

    >>> stem("terminated"), stem("1,234.50"), stem("the"), stem("café"), stem("company's")
    ('termin', '1234.50', '', 'cafe', 'compani')
    """
    if word in STOP_WORDS:
        return ""
    if word[0].isdigit():
        return word.replace(",", "") if _THOUSANDS.fullmatch(word) else word
    if _HAS_CJK.match(word):
        return word
    return _stemmer().stemWord(_plain(word))


def _plain(word: str) -> str:
    """Without accents and without a trailing 's."""
    word = re.split("['’]", word, maxsplit=1)[0] if len(word) > 3 else word
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFKD", word)
    return "".join(each for each in parts if not unicodedata.combining(each)) or word


_FIGURES = re.compile(
    r"\b(?:how (?:much|many|long|old|large|big|high|far|often)|when|dates?|years?|fy ?\d*|quarters?"
    r"|percent(?:ages?)?|rates?|ratios?|margins?|totals?|amounts?|numbers?|sums?|averages?|mean"
    r"|scores?|highest|lowest|largest|smallest|greatest|fewest|most|least|best|worst|more|less"
    r"|higher|lower|increased?|decreased?|grow(?:th|n)?|grew|changes?|differences?|compare[ds]?"
    r"|costs?|prices?|values?)\b|\d|[%$€£¥]|多少|几|何时|日期|比例|总额|金额|增长|最高|最低|最大|最小",
    re.IGNORECASE,
)
_QUOTED = re.compile('["“„«「『]([^"“”„«»「」『』]+)["”“»」』]')


def asks_for_figures(question: str) -> bool:
    """Whether the answer is likely to be a number or a date, or to be found by comparing some.

    >>> asks_for_figures("How much was paid?"), asks_for_figures("Who may terminate?")
    (True, False)
    """
    return bool(_FIGURES.search(question))


def weighted_words(question: str, quoted: float = 3.0) -> dict[str, float]:
    """The words of a question and their weights: as often as it says them, and `quoted`
    times that for the words it puts in quotation marks.

    >>> weighted_words('What is the "renewal term" of the lease, if the lease is renewed?')
    {'renew': 6.0, 'term': 3.0, 'leas': 2.0}
    """
    stressed = {word for piece in _QUOTED.findall(question) for word in words(piece)}
    tally = Tally(words(question))
    return {word: n * (quoted if word in stressed else 1.0) for word, n in tally.items()}


_DUTIES = (
    "shall ",
    "shall\n",
    "hereby",
    "hereunder",
    "herein",
    "hereof",
    "thereof",
    "甲方",
    "乙方",
    "应当",
)


def duties(text: str) -> int:
    """How many words of obligation stand in `text`, by which contracts and statutes are known.

    >>> duties("The Lessee shall pay the rent as agreed herein."), duties("Rents rose.")
    (2, 0)
    """
    return sum(map(text.count, _DUTIES))


class Stems(dict[str, str]):
    """Raw word → stem, each worked out once. Forgotten when a million words are held."""

    def __missing__(self, word: str) -> str:
        if len(self) >= 1_000_000:
            self.clear()
        self[word] = found = stem(word)
        return found


STEMS = Stems()


def words(text: str) -> list[str]:
    """The words of `text` that ranking compares, in order.

    >>> words("The lessee may terminate; 1,234 units. 合同终止")
    ['lesse', 'termin', '1234', 'unit', '合同', '同终', '终止']
    """
    return [found for found in map(STEMS.__getitem__, raw_words(text)) if found]
