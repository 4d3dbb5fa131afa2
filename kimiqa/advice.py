"""What both clients advise before a question is asked: the same names, awaited or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kimiqa import advising
from kimiqa.advising import Models
from kimiqa.asking import Asker
from kimiqa.breakeven import BreakEven, Per
from kimiqa.comparing import Offer
from kimiqa.efforts import LENGTHS, Effort
from kimiqa.plan import Strategy
from kimiqa.scanned import ScanOffer


class Advice:
    """For `Client`. Nothing leaves the machine."""

    _asker: Asker

    def break_even(
        self,
        documents: Any,
        questions: int = 50,
        *,
        question: str | None = None,
        per: Per | None = None,
        models: Models = None,
        **options: Any,
    ) -> list[BreakEven]:
        """The costs of 1 to `questions` questions in full and by chunks, for this model or each
        of `models`; from which one on the whole document is cheaper."""
        return advising.break_even(
            self._asker, question, documents, questions, per=per, models=models, options=options
        )

    def efforts(
        self,
        documents: Any,
        *,
        question: str | None = None,
        strategy: Strategy = "auto",
        lengths: Sequence[int] = LENGTHS,
        **options: Any,
    ) -> list[Effort]:
        """Every effort and length of an answer, with its price and its time."""
        return advising.list_efforts(
            self._asker, question, documents, strategy, lengths, options=options
        )

    def scanned(self, documents: Any) -> list[ScanOffer]:
        """The ways to read pages without a text layer, OCR and the model's eyes, with price and
        time beside each; none where every page has text."""
        return advising.scanned(self._asker, documents)

    def compare(
        self,
        question: str | None = None,
        documents: Any = (),
        *,
        strategy: Strategy = "auto",
        answer: str | None = None,
        **options: Any,
    ) -> list[Offer]:
        """The question, or the finished answer with that number in the ledger, at the prices of
        every model of every endpoint known; the cheapest that fits first."""
        return advising.compare(
            self._asker, question, documents, strategy, answer=answer, options=options
        )


class AsyncAdvice:
    """For `AsyncClient`: the same, off the event loop."""

    _asker: Asker

    async def break_even(self, *arguments: Any, **named: Any) -> list[BreakEven]:
        """See `Advice.break_even`."""
        return await self._asker.off_the_loop(lambda: _of(self).break_even(*arguments, **named))

    async def efforts(self, *arguments: Any, **named: Any) -> list[Effort]:
        """See `Advice.efforts`."""
        return await self._asker.off_the_loop(lambda: _of(self).efforts(*arguments, **named))

    async def scanned(self, *arguments: Any, **named: Any) -> list[ScanOffer]:
        """See `Advice.scanned`."""
        return await self._asker.off_the_loop(lambda: _of(self).scanned(*arguments, **named))

    async def compare(self, *arguments: Any, **named: Any) -> list[Offer]:
        """See `Advice.compare`."""
        return await self._asker.off_the_loop(lambda: _of(self).compare(*arguments, **named))


def _of(client: AsyncAdvice) -> Advice:
    advice = Advice()
    advice._asker = client._asker
    return advice
