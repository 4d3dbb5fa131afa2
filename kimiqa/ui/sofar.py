"""What has come of an answer that is on its way: kept in the conversation when it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kimiqa.conversation import Talk
from kimiqa.money import Cost
from kimiqa.plan import Answer, Cited, Event, Finished, Plan, Started, Step, Text


@dataclass(slots=True)
class SoFar:
    """One answer, as far as it has come."""

    plan: Plan
    call: str = ""
    pieces: list[str] = field(default_factory=list)
    citations: list[Cited] = field(default_factory=list)
    finished: bool = False
    rung: str = ""
    """The best answer of a climb that goes on."""

    def note(self, event: Event) -> None:
        if isinstance(event, Started):
            self.call = event.id
        elif isinstance(event, Text):
            self.pieces.append(event.text)
        elif isinstance(event, Step) and event.text:
            self.rung = event.text
        elif isinstance(event, Cited):
            self.citations.append(event)
        elif isinstance(event, Finished):
            self.finished = True

    def keep(self, talk: Talk, first: Callable[[], None] = lambda: None) -> None:
        """Keep the part of an answer that did not come to its end; it was paid for."""
        text = "".join(self.pieces) or self.rung
        if not self.finished and text.strip():
            first()
            talk.keep_apart(self.plan, self._answer(talk, text), "stopped")

    def _answer(self, talk: Talk, text: str) -> Answer:
        booked = talk.ledger.call(self.call) if self.call else None
        return Answer(
            text=text,
            strategy=self.plan.strategy,
            model=self.plan.model,
            citations=tuple(event.citation for event in self.citations),
            coverage=self.plan.coverage,
            usage=booked.usage if booked else None,
            cost=(booked.cost if booked else None) or Cost(None),
            estimate=self.plan.estimate,
            finish_reason=None,
            warnings=self.plan.warnings,
            id=self.call,
            plan=self.plan,
        )
