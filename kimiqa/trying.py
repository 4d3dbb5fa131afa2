"""One small question, priced and booked like any other, to see what an endpoint tells and how."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kimiqa.asking import Asker
from kimiqa.document import Document
from kimiqa.ledger import TEST_LABEL
from kimiqa.plan import Answer, Finished, Plan

if TYPE_CHECKING:
    from kimiqa.endpoint import Seen
    from kimiqa.setup import Setup

QUESTION = "On which day does the lease begin?"
TEXT = "The lease begins on 1 May 2026. The rent is 1,200 dollars a month."
MOST_COMPLETION = 256


@dataclass(frozen=True, slots=True)
class Trial:
    """What the question showed."""

    streams: bool
    usage: tuple[str, ...]
    """Where in the reply usage stood; nothing where it told none."""
    cached: tuple[str, ...]
    """The fields that told what was read from the cache."""
    counted: int
    """The prompt tokens of the quote."""
    reported: int | None
    """Those of the endpoint; None where it told no usage that is believed."""
    answer: Answer

    @property
    def off(self) -> int | None:
        """By how many prompt tokens the endpoint's count differs from the quote."""
        return None if self.reported is None else self.reported - self.counted


def trial_plan(setup: Setup) -> Plan:
    """The question about a text of two sentences, priced. Nothing is sent.

    Raises
    ------
    OverCapError, PriceUnknownError, NoKeyError
        It may not be asked.
    """
    document = Document.from_pages([TEXT], name="endpoint test")
    efforts = setup.model.efforts
    options = {
        "label": TEST_LABEL,
        "max_completion_tokens": MOST_COMPLETION,
        "effort": efforts[0] if efforts else None,
    }
    return Asker(setup).plan(QUESTION, [document], "full", options)


async def try_endpoint(setup: Setup, plan: Plan) -> Trial:
    """Send the plan as it was priced: reserved first, and settled by what comes back."""
    from kimiqa.endpoint import Seen

    seen = Seen()
    asker = Asker(setup, watch=seen)
    try:
        async with aclosing(asker.run(plan)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return _shown(seen, plan, event.answer)
    finally:
        await asker.aclose()
    raise AssertionError("a question ends with its answer or an error")


def _shown(seen: Seen, plan: Plan, answer: Answer) -> Trial:
    told = answer.usage if seen.usage and answer.state != "estimated" else None
    return Trial(
        streams=seen.streamed and seen.pieces > 1,
        usage=tuple(sorted(seen.usage, reverse=True)),
        cached=tuple(sorted(seen.cached)),
        counted=plan.estimate.prompt_tokens,
        reported=told.prompt_tokens if told else None,
        # Of what was asked only the sizes matter here.
        answer=replace(answer, plan=None),
    )
