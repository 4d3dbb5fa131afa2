"""The tables that help to weigh: break-even, efforts, and every other model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from kimiqa import figures
from kimiqa.cli.show import at_most, column, duration, one_line, span, table
from kimiqa.figures import money
from kimiqa.money import Cost, Range

if TYPE_CHECKING:
    from decimal import Decimal

    from kimiqa.breakeven import BreakEven, Row
    from kimiqa.comparing import Offer
    from kimiqa.efforts import Effort

SHOWN_ROWS = 20


def break_even_lines(found: Sequence[BreakEven]) -> list[str]:
    """Each model's table, its crossing in words, and what it comes to over a longer time."""
    from kimiqa.breakeven import in_words

    lines: list[str] = []
    for each in found:
        lines += ["", f"{each.model} at {each.host}:"]
        if each.rows:
            lines.append(break_even_table(each))
        lines += [each.sentence, *in_words(each.totals, each.currency)]
        lines += [each.digest_sentence] if each.digest_sentence else []
    return lines


def break_even_table(found: BreakEven) -> str:
    """The costs of so many questions; of many rows those that show the line."""
    digest = any(row.digest is not None for row in found.rows)
    made = ["with a digest"] if digest else []
    head = ["questions", "in full", "in full, each cold", "chunks", *made, ""]
    crossings = (found.crossing, found.digest_crossing)
    shown = [row for row in found.rows if _is_shown(row.questions, len(found.rows), crossings)]
    kinds = ("full", "full_cold", "chunks", *(["digest"] if digest else []))
    costs = zip(*(_costs(shown, kind, found.currency) for kind in kinds), strict=True)
    rows = [
        [f"{row.questions:,}", *its, _from_here_on(row.questions, found)]
        for row, its in zip(shown, costs, strict=True)
    ]
    return table([head, *rows], right=range(len(head) - 1))


def _costs(rows: Sequence[Row], kind: str, currency: str | None) -> list[str]:
    """One way's costs of so many questions, under each other."""
    missing = {"full": "does not fit", "full_cold": ""}.get(kind, figures.UNKNOWN)
    costs = [getattr(row, kind) for row in rows]
    return column([None if each is None else Cost(each, currency or "") for each in costs], missing)


def _from_here_on(number: int, found: BreakEven) -> str:
    """Which lines cross at this question."""
    crossed = [
        ("cheaper in full than by chunks", found.crossing),
        ("a digest cheaper than in full", found.digest_crossing),
    ]
    told = [words for words, crossing in crossed if crossing == number]
    return f"from here on {', '.join(told)}" if told else ""


def _is_shown(number: int, rows: int, crossings: Sequence[int | None]) -> bool:
    if rows <= SHOWN_ROWS or number in (1, 2, rows):
        return True
    if number in crossings or number + 1 in crossings:
        return True
    return number % -(-rows // 10) == 0


def efforts_table(found: Sequence[Effort]) -> str:
    """Each choice with its price and its time."""
    head = ["effort", "at most", "expected", "cost", "at most", "time", ""]
    return table([head, *map(_effort_row, found)], right=(1, 2, 3, 4))


def _effort_row(row: Effort) -> list[str]:
    guess, price = row.estimate, row.estimate.cost
    return [
        row.effort or "-",
        f"{row.max_completion_tokens:,}",
        f"{guess.completion_tokens.expected:,}",
        money(price.expected, price.currency),
        at_most(price.ceiling, price.currency),
        f"{duration(guess.seconds.low)} - {duration(guess.seconds.high)}",
        row.reason or "",
    ]


def offers_table(found: Sequence[Offer]) -> str:
    """Each model with its price for this question; what is not known is a question mark."""
    head = ["model", "at", "prompt tokens", "expected", "range", "batch", "as of", ""]
    return table([head, *map(_offer_row, found)], right=(2, 3, 4, 5))


def too_small_lines(found: Sequence[Offer], most: int) -> list[str]:
    """What cannot be asked, and why; of many the first."""
    small = [offer for offer in found if offer.fits is False]
    if not small:
        return []
    lines = [
        f"  {one_line(f'{each.model} at {each.host}: {each.reason}')}" for each in small[:most]
    ]
    more = [f"  and {len(small) - most:,} more."] if len(small) > most else []
    return ["", "These do not fit:", *lines, *more]


def _offer_row(offer: Offer) -> list[str]:
    about = "" if not offer.margin else f" ±{offer.margin:.0%}"
    price = offer.price
    basis = "" if price is None or price.basis == "listed" else f" ({price.basis})"
    old = " OLD" if price is not None and price.stale(date.today()) else ""
    mark = "asked" if offer.asked else ""
    return [
        offer.model,
        offer.host,
        f"{offer.prompt_tokens:,}{about}",
        money(offer.cost.expected, offer.currency) if offer.cost else "?",
        _span(offer.cost, offer.currency),
        money(offer.batch, offer.currency) if offer.batch is not None else "",
        f"{price.checked or 'undated'}{old}{basis}" if price else "",
        " ".join(filter(None, (mark, offer.reason))),
    ]


def _span(cost: Range[Decimal] | None, currency: str | None) -> str:
    if cost is None or cost.low == cost.high:
        return ""
    return span(cost.low, cost.high, currency)
