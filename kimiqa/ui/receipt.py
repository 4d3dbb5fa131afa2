"""The receipt under an answer: what it saw, used and cost, beside what was quoted."""

from __future__ import annotations

from collections.abc import Container, Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from kimiqa.pages import spans
from kimiqa.ui.text import escape, money, money_range, shortened
from kimiqa.ui.words import _, counted, recalled

REASONS = {
    "empty": "without any text",
    "failed": "could not be read",
    "image": "only a picture",
    "hidden": "hidden text",
    "not_chosen": "not chosen for this question",
    "over_budget": "left out to keep to the limit",
}
STATES = {
    "settled": "settled by the endpoint's own count",
    "estimated": "our own count: the endpoint did not say",
    "unknown": "not known: counted at its ceiling",
    "released": "nothing was charged",
    "reserved": "not settled yet",
}
SHOWN_PAGES = 400


def show(
    receipt: Mapping[str, Any],
    state: str,
    turn: int,
    documents: Mapping[str, tuple[str, str]],
    said: Container[str] = (),
) -> None:
    """One line; the rest is one click away. Warnings are in sight, but for those that are `said`
    elsewhere on the page."""
    for warning in receipt["warnings"]:
        if warning not in said:
            st.warning(escape(recalled(warning)), icon=":material/warning:")
    with st.expander(escape(line(receipt)), key=f"receipt-{turn}"):
        for warning in receipt["warnings"]:
            if warning in said:
                st.caption(f":material/warning: {escape(warning)}")
        for row in details(receipt, state):
            st.caption(escape(row))
        _left_out(receipt["coverage"], documents)


def line(receipt: Mapping[str, Any]) -> str:
    """Coverage, cost and quote."""
    seen, paid = receipt["coverage"], receipt["cost"]
    pages = f"{seen['sent']:,} {_('of')} {counted(seen['pages'], 'page', 'pages')}"
    if receipt["model"] == "local":
        return f"{pages} · {_('free, no language model was asked')}"
    cost = money(_decimal(paid["amount"]), paid["currency"])
    quoted = f"{_('quoted')} {_quoted(receipt['estimate']['cost'])}"
    return " · ".join(filter(None, (pages, f"{cost}, {quoted}", _from_cache(receipt["usage"]))))


def _from_cache(used: Mapping[str, Any] | None) -> str:
    """The cached share, where the endpoint told it."""
    if not used or used["cached_tokens"] is None or not used["prompt_tokens"]:
        return ""
    return f"{used['cached_tokens'] / used['prompt_tokens']:.0%} {_('from the cache')}"


def _quoted(cost: Mapping[str, Any]) -> str:
    return money_range(_decimal(cost["low"]), _decimal(cost["high"]), cost["currency"])


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def details(receipt: Mapping[str, Any], state: str) -> list[str]:
    """Tokens, the cached share, the model and the ledger's word."""
    rows = [f"{receipt['model']}, {receipt['strategy']}"]
    used = receipt["usage"]
    if used:
        rows.append(f"{used['prompt_tokens']:,} {_('prompt tokens')}{_cached(used)}")
        thought = used["reasoning_tokens"]
        of_which = f", {thought:,} {_('of them thinking')}" if thought else ""
        rows.append(f"{used['completion_tokens']:,} {_('completion tokens')}{of_which}")
    rows += filter(None, [_off(receipt), saved(receipt)])
    if state in STATES:
        rows.append(f"{_('Ledger')}: {_(STATES[state])}")
    return rows


def saved(receipt: Mapping[str, Any]) -> str:
    """What it saved against sending everything; receipts of older versions do not know."""
    saving = receipt.get("saving")
    if not saving:
        return ""
    amount, whole = (Decimal(saving[name]) for name in ("amount", "whole"))
    currency = saving["currency"]
    head = _("Saved against sending everything") if amount >= 0 else _("More than everything")
    would = _("everything would have cost")
    shown = f"{money(abs(amount), currency)} ({abs(amount / whole):.0%})"
    return f"{head}: {shown}; {would} {money(whole, currency)}"


def _off(receipt: Mapping[str, Any]) -> str:
    """How far the quote was off."""
    quoted, paid = receipt["estimate"]["cost"], _decimal(receipt["cost"]["amount"])
    expected, low, high = (_decimal(quoted[name]) for name in ("expected", "low", "high"))
    if not paid or not expected or low is None or high is None:
        return ""
    share = (paid - expected) / expected
    # As a person reads them: what looks the same is not called different.
    ends = {money(end, quoted["currency"]) for end in (low, high)}
    within = low <= paid <= high or money(paid, quoted["currency"]) in ends
    inside = _("inside the range") if within else _("outside of the range")
    told = f"{_('Expected')} {money(expected, quoted['currency'])}"
    if round(share, 2) == 0:
        return f"{told}, {_('and so it came')}: {inside}"
    more = _("more") if share > 0 else _("less")
    return f"{told}: {abs(share):.0%} {more}, {inside}"


def _cached(used: Mapping[str, Any]) -> str:
    cached, prompt = used["cached_tokens"], used["prompt_tokens"]
    if cached is None or not prompt:
        return ""
    return f", {cached:,} {_('from the cache')} ({cached / prompt:.0%})"


def _left_out(coverage: Mapping[str, Any], documents: Mapping[str, tuple[str, str]]) -> None:
    if not coverage["left_out"]:
        st.caption(_("No page was left out."))
        return
    for each in coverage["left_out"]:
        name = documents.get(each["document"], ("", ""))[1]
        reason = _(REASONS.get(each["reason"], each["reason"]))
        pages = shortened(spans(each["pages"]), SHOWN_PAGES)
        count = counted(len(each["pages"]), "page", "pages")
        head = f"{_('Left out')}: {each['document']} {name}"
        st.caption(escape(f"{head}, {count} {reason}: {pages}"))
