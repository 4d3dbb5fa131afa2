"""A question asked once more, in a conversation that is kept beside the one it came from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Any

from kimiqa.client import AsyncClient
from kimiqa.conversation import Talk
from kimiqa.ledger import Ledger
from kimiqa.plan import Plan
from kimiqa.ui import asking
from kimiqa.ui.engine import engine
from kimiqa.ui.history import Turn
from kimiqa.ui.state import State, new_id
from kimiqa.ui.text import shortened


def start(state: State, turn: Turn, plan: Plan, model: str, options: dict[str, Any]) -> str:
    """Hand it to the engine; the conversation that its answer will stand in."""
    origin, branch = state.conversation, plan.conversation or new_id()

    async def events() -> AsyncIterator[Any]:
        async with AsyncClient(model, **options) as client:
            try:
                before = partial(_keep, client.ledger, origin, branch, turn.number)
                talk = Talk(plan.documents, client.ledger, branch)
                async with aclosing(asking.turn(client, talk, plan, before)) as running:
                    async for event in running:
                        yield event
            finally:
                client.ledger.close()

    engine().ask(branch, shortened(plan.question), events)
    return branch


def _keep(ledger: Ledger, origin: str, branch: str, number: int) -> None:
    """Give the branch the turns before, and note it in the turn that it was asked beside."""
    rows = ledger.turns(origin)
    for n, row in enumerate(rows[:number], 1):
        ledger.save_turn(branch, n, {**row, "name": "", "beside": []})
    if number < len(rows):
        beside = [*rows[number].get("beside", ()), branch]
        ledger.save_turn(origin, number + 1, {**rows[number], "beside": beside})
