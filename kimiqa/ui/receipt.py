"""The receipt under an answer: what it saw, used and cost, beside what was quoted."""

from __future__ import annotations

from collections.abc import Container, Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from kimiqa.pages import spans
from kimiqa.ui.names import called
from kimiqa.ui.text import escape, money, money_range, shortened
from kimiqa.ui.words import _, counted, plural

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
            st.warning(escape(warning), icon=":material/warning:")
    fold = st.expander(escape(line(receipt)), key=f"receipt-{turn}", on_change="rerun")
    if not fold.open:
        return
    with fold, st.container(gap=None):
        for warning in receipt["warnings"]:
            if warning in said:
                st.caption(f":material/warning: {escape(warning)}")
        for row in details(receipt, state):
            st.caption(escape(row))
        _left_out(receipt["coverage"], documents)


def line(receipt: Mapping[str, Any]) -> str:
    """Coverage, cost and quote."""
    seen, paid = receipt["coverage"], receipt["cost"]
    pages = plural(
        seen["pages"],
        "{done:,} of {number:,} page",
        "{done:,} of {number:,} pages",
        done=seen["sent"],
    )
    if receipt["model"] == "local":
        return f"{pages} · {_('free, no language model was asked')}"
    cost = money(_decimal(paid["amount"]), paid["currency"])
    quoted = _("{cost}, quoted {range}").format(
        cost=cost, range=_quoted(receipt["estimate"]["cost"])
    )
    return " · ".join(filter(None, (pages, quoted, _from_cache(receipt["usage"]))))


def _from_cache(used: Mapping[str, Any] | None) -> str:
    """The cached share, where the endpoint told it."""
    if not used or used["cached_tokens"] is None or not used["prompt_tokens"]:
        return ""
    share = used["cached_tokens"] / used["prompt_tokens"]
    return _("{share:.0%} from the cache").format(share=share)


def _quoted(cost: Mapping[str, Any]) -> str:
    return money_range(_decimal(cost["low"]), _decimal(cost["high"]), cost["currency"])


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def details(receipt: Mapping[str, Any], state: str) -> list[str]:
    """Tokens, the cached share, the model and the ledger's word."""
    rows = [called(receipt["model"], receipt["strategy"])]
    used = receipt["usage"]
    if used:
        rows += [_prompt(used), _completion(used)]
    rows += filter(None, [_off(receipt), saved(receipt)])
    if state in STATES:
        rows.append(_("Ledger: {state}").format(state=_(STATES[state])))
    return rows


def saved(receipt: Mapping[str, Any]) -> str:
    """What it saved against sending everything; receipts of older versions do not know."""
    saving = receipt.get("saving")
    if not saving:
        return ""
    amount, whole = (Decimal(saving[name]) for name in ("amount", "whole"))
    currency = saving["currency"]
    sentence = (
        _(
            "Saved against sending everything: {amount} ({share:.0%}); everything would have cost "
            "{whole}"
        )
        if amount >= 0
        else _("More than everything: {amount} ({share:.0%}); everything would have cost {whole}")
    )
    return sentence.format(
        amount=money(abs(amount), currency),
        share=abs(amount / whole),
        whole=money(whole, currency),
    )


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
    if round(share, 2) == 0:
        told = (
            _("Expected {amount}, and so it came: inside the range")
            if within
            else _("Expected {amount}, and so it came: outside of the range")
        )
    elif share > 0:
        told = (
            _("Expected {amount}: {share:.0%} more, inside the range")
            if within
            else _("Expected {amount}: {share:.0%} more, outside of the range")
        )
    else:
        told = (
            _("Expected {amount}: {share:.0%} less, inside the range")
            if within
            else _("Expected {amount}: {share:.0%} less, outside of the range")
        )
    return told.format(amount=money(expected, quoted["currency"]), share=abs(share))


def _prompt(used: Mapping[str, Any]) -> str:
    cached, prompt = used["cached_tokens"], used["prompt_tokens"]
    if cached is None or not prompt:
        return _("{prompt:,} prompt tokens").format(prompt=prompt)
    return _("{prompt:,} prompt tokens, {cached:,} from the cache ({share:.0%})").format(
        prompt=prompt, cached=cached, share=cached / prompt
    )


def _completion(used: Mapping[str, Any]) -> str:
    thought, written = used["reasoning_tokens"], used["completion_tokens"]
    if not thought:
        return _("{completion:,} completion tokens").format(completion=written)
    return _("{completion:,} completion tokens, {thought:,} of them thinking").format(
        completion=written, thought=thought
    )


def _left_out(coverage: Mapping[str, Any], documents: Mapping[str, tuple[str, str]]) -> None:
    if not coverage["left_out"]:
        st.caption(_("No page was left out."))
        return
    for each in coverage["left_out"]:
        name = documents.get(each["document"], ("", ""))[1]
        reason = _(REASONS.get(each["reason"], each["reason"]))
        pages = shortened(spans(each["pages"]), SHOWN_PAGES)
        count = counted(len(each["pages"]), "page", "pages")
        words = _("Left out: {document} {name}, {count} {reason}: {pages}").format(
            document=each["document"], name=name, count=count, reason=reason, pages=pages
        )
        st.caption(escape(words))
