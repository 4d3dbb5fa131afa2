"""Foreign text in Streamlit's Markdown: names, errors, money. It shows as it is, or not at all.

Streamlit turns text between two dollar signs into mathematics, `:red[` into colour, `:name:`
into an emoji, and an address into a link; some of it only after escapes are resolved. Those
are broken by an invisible word joiner.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal

from kimiqa import figures
from kimiqa.money import CostRange
from kimiqa.saying import as_said
from kimiqa.ui.words import _, told

JOINER = "\u2060"
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#!|~$:&@^=])")
_AT_START = re.compile(r"^(\s*)([-+]|\d+[.)])(?=\s|$)")
_SHORTCODE = re.compile(r":(?=[\w+\-/]+:)")
_FOR_CODE = re.compile(
    r" \((?:[^()]|\(\))*(?:--[a-z]|[a-z]_[a-z]|[a-z]=|[a-z]\(\))(?:[^()]|\(\))*\)"
)
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\S)(?=@)", re.IGNORECASE)


def visible(text: str) -> str:
    """`text` without control characters and marks that turn the direction of writing; what the
    library said is told in the reader's language.

    >>> visible("a\\u202eb\\x1b[0m\\tc")
    'ab[0m\\tc'
    """
    return "".join(
        each
        for each in told(text)
        if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co")
    )


def unlinked(text: str) -> str:
    """`text` in which nothing becomes an emoji, an icon or a link.

    >>> unlinked("plain words")
    'plain words'
    """
    return _ADDRESS.sub(JOINER, _SHORTCODE.sub(f":{JOINER}", text))


def escape(text: str) -> str:
    """One line of Markdown that shows `text` as it is.

    >>> escape("$5 and $6 [a](b)")
    '\\\\$5 and \\\\$6 \\\\[a\\\\]\\\\(b\\\\)'
    """
    line = unlinked(" ".join(visible(text).split()))
    return _AT_START.sub(_numbered, _MARKUP.sub(r"\\\1", line))


def lines(text: str) -> str:
    """Markdown that shows each line of `text` as it is, one under the other.

    >>> lines("$5\\n[a](b)")
    '\\\\$5  \\n\\\\[a\\\\]\\\\(b\\\\)'
    """
    return "  \n".join(escape(each) for each in text.split("\n"))


def _numbered(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark[:-1]}\\{mark[-1]}"


def shortened(text: str, longest: int = 80) -> str:
    """`text` in at most `longest` characters.

    >>> shortened("one two three", 9)
    'one two …'
    """
    text = told(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def for_readers(text: str) -> str:
    """A sentence in the reader's language, without what it names for commands and code alone. What
    stands in it, as the name of a file, keeps its brackets.

    >>> for_readers("Read them by OCR (document.with_ocr(), --ocr), or choose pages (1 to 3).")
    'Read them by OCR, or choose pages (1 to 3).'
    >>> for_readers("Raise the cap (max_cost), or choose a cheaper way.")
    'Raise the cap, or choose a cheaper way.'
    """
    return told(as_said(text), lambda template: _FOR_CODE.sub("", template))


# Numbers ----------------------------------------------------------------------------------------


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount as a person reads it; not yet escaped.

    >>> money(Decimal("0.01234"), "USD"), money(None, None)
    ('$0.012', 'unknown')
    """
    return _("unknown") if amount is None else figures.money(amount, currency)


def money_range(low: Decimal | None, high: Decimal | None, currency: str | None) -> str:
    """Low to high; not yet escaped.

    >>> money_range(Decimal("0.0325"), Decimal("0.145"), "USD"), money_range(None, None, None)
    ('$0.03 – 0.15', 'unknown')
    """
    if low is None or high is None:
        return _("unknown")
    return figures.span(low, high, currency)


def price_range(cost: CostRange) -> str:
    """What a way costs, low to high; not yet escaped."""
    return money_range(cost.low, cost.high, cost.currency)


def duration(seconds: float) -> str:
    r"""Seconds as a person reads them, in one piece.

    >>> duration(0.2), duration(4.2), duration(75)
    ('under 1 s', '4\xa0s', '1\xa0min\xa015\xa0s')
    """
    whole = round(seconds)
    if whole < 1:
        return _("under 1 s")
    shown = f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
    return shown.replace(" ", "\N{NO-BREAK SPACE}")


def about(seconds: float) -> str:
    r"""How long something will take, roughly.

    >>> about(0.2), about(4.2)
    ('under 1 s', 'about 4\xa0s')
    """
    shown = duration(seconds)
    return shown if seconds < 0.5 else _("about {amount}").format(amount=shown)


def clock(moment: float) -> str:
    """A moment as a date and a time on this machine.

    >>> len(clock(0))
    16
    """
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
