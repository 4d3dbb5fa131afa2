"""What a run of several calls does, step by step: live while it runs, folded away afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from kimiqa.plan import Finished, Step
from kimiqa.ui.engine import engine
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, money, shortened
from kimiqa.ui.words import _

MARKS = {
    "waiting": "○",
    "running": "…",
    "done": "✓",
    "nothing": "∅",
    "failed": "✗",
    "kept": "✓",
}
_SHOWN = 200
_MESSAGE = 160

Key = tuple[str, int]


def steps_of(events: Sequence[Step]) -> list[Step]:
    """Each step once, as it stands now, in the order in which they began."""
    now: dict[Key, Step] = {}
    for step in events:
        now[(step.kind, step.number)] = step
    return list(now.values())


def behind(state: State, call: str) -> list[Step]:
    """The steps behind an answer, as long as this process remembers them."""
    job = engine().latest(state.conversation)
    finished = job.last(Finished) if job else None
    if job is None or finished is None or finished.answer.id != call:
        return []
    return steps_of(job.of(Step))


def show(events: Sequence[Step], *, expanded: bool = False) -> None:
    """The steps, in a fold whose head says how many there are and what they cost."""
    steps = steps_of(events)
    if not steps:
        return
    with st.expander(_head(steps), expanded=expanded, icon=":material/account_tree:"):
        if len(steps) > _SHOWN:
            st.caption(f"{_('The last')} {_SHOWN:,} {_('of')} {len(steps):,}")
        st.markdown("  \n".join(escape(_line(step)) for step in steps[-_SHOWN:]))


def _head(steps: Sequence[Step]) -> str:
    done = sum(step.state not in ("waiting", "running") for step in steps)
    costs = [step.cost for step in steps if step.cost is not None]
    spent = sum((cost.amount or Decimal(0) for cost in costs), Decimal(0))
    paid = f" · {money(spent, costs[-1].currency)}" if costs else ""
    return escape(f"{_('Steps')} · {done:,} {_('of')} {len(steps):,}{paid}")


def _line(step: Step) -> str:
    about = f": {shortened(' '.join(step.message.split()), _MESSAGE)}" if step.message else ""
    paid = ""
    if step.cost is not None and step.cost.amount is not None:
        paid = f" · {money(step.cost.amount, step.cost.currency)}"
    return f"{MARKS[step.state]} {_(step.kind)} {step.number:,}{about}{paid}"
